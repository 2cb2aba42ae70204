"""Write the keys of a stored data set to bnviz/data/published/NAME.npy.

An import uses them to restore the published order of the images.

python -m scripts.make_keys cifar10 | mnist
"""

import sys

import numpy as np

from bnviz.data import keys, read


def main() -> None:
    """Write the keys of the training images, then of the test images."""
    (name,) = sys.argv[1:]
    full = read(name)
    keys.write(name, np.concatenate([full.train_images, full.test_images]))


if __name__ == "__main__":
    main()
