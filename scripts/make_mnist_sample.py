"""Draw the class-balanced sample in bnviz/data/sample/mnist from the stored MNIST.

The draw is fixed by SEED, so a second run writes the same images. The mosaics are lossless WebP.
Prints the SHA-256 digests that belong into `SOURCES` of `bnviz.data.mnist`.
"""

import hashlib

from bnviz.data import mosaic, read

SEED = 10
TRAIN, TEST = 400, 100  # of each class


def main() -> None:
    """Write train.webp, test.webp and labels.json."""
    full = read("mnist")
    mosaic.write("mnist", full, mosaic.draw(full, TRAIN, TEST, SEED))
    for array in read("mnist-sample"):
        print(hashlib.sha256(array.data).hexdigest())


if __name__ == "__main__":
    main()
