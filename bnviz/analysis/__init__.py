"""Rows of measurements -> the numbers that figures and claims use: one module a subject.

Knows NumPy, SciPy and pandas only. Functions take tidy rows of any number of runs and return a tidy
frame: KEYS, then the columns that the docstring names after "->". Start with `rows`. Figures are
those of Santurkar et al. (2018), arXiv 1805.11604v3.
"""
