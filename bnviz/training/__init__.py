"""Train a network and measure it: normalisations, networks, tasks, objective, loop and probes.

Only this package uses torch. It depends on the settings of a run (`bnviz.spec`) and on the data,
but not on files or pages. Start reading in `loop.py`.
"""
