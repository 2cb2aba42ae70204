"""Draw the class-balanced sample in bnviz/data/sample/cifar10 from the stored CIFAR-10.

The draw is fixed by SEED, so a second run writes the same images. The mosaics are lossless WebP.
Prints the SHA-256 digests that belong into `SOURCES` of `bnviz.data.cifar10`.
"""

import hashlib

from bnviz.data import mosaic, read

SEED = 10
TRAIN, TEST = 400, 100  # of each class


def main() -> None:
    """Write train.webp, test.webp and labels.json."""
    full = read("cifar10")
    mosaic.write("cifar10", full, mosaic.draw(full, TRAIN, TEST, SEED))
    for array in read("cifar10-sample"):
        print(hashlib.sha256(array.data).hexdigest())


if __name__ == "__main__":
    main()
