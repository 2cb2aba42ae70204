"""Draw the class-balanced sample of a stored data set that ships in bnviz/data/sample.

python -m scripts.make_sample cifar10 | mnist

The draw is fixed by SEED, so a second run writes the same images, as lossless WebP. The script
prints the SHA-256 digests for `SOURCES` in the data set's module.
"""

import hashlib
import sys

from bnviz.data import mosaic, read

SEED = 10
TRAIN, TEST = 400, 100  # of each class


def main() -> None:
    """Write train.webp, test.webp and labels.json."""
    (name,) = sys.argv[1:]
    full = read(name)
    mosaic.write(name, full, mosaic.draw(full, TRAIN, TEST, SEED))
    for array in read(f"{name}-sample"):
        print(hashlib.sha256(array.data).hexdigest())


if __name__ == "__main__":
    main()
