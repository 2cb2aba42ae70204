"""Rows of measurements -> the numbers that figures and claims use: one module a subject. Knows NumPy, SciPy and pandas only.

Every function takes tidy rows of any number of runs and returns a tidy frame of KEYS and the columns that its docstring names
after "->". Start with `rows`, which describes a row. Figures are those of Santurkar et al. (2018), arXiv 1805.11604v3.
"""
