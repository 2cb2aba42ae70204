"""Gaussian inputs with a linear target, generated from the run's seed.

There is nothing to read or to download.
"""

from bnviz.data.source import Source

SOURCES = (
    Source(
        name="gaussian",
        label="Gaussian samples (1,000 of dimension 10, linear target)",
        shape=(10,),
        classes=(),
        train_count=1_000,
        test_count=1_000,
    ),
)
