"""Gaussian inputs and a linear target, which the task makes from the run's seed: there is nothing to read or to get."""

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
