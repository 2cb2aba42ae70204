"""Data and formulas from the two papers.

`reference` has the papers' curves, read off their figures (files in `curves`), and `algorithm1` has
Algorithm 1 in NumPy. Neither imports anything else from bnviz. Santurkar et al. (2018) is arXiv
1805.11604v3, and Ioffe & Szegedy (2015) is arXiv 1502.03167. Start with `reference`.
"""
