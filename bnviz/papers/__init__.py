"""What the two papers give us: their curves (`reference`, files in `curves`) and Algorithm 1 in NumPy.

Knows nothing else of bnviz. Santurkar et al. (2018) is arXiv 1805.11604v3, Ioffe & Szegedy (2015)
is arXiv 1502.03167. Start with `reference`.
"""
