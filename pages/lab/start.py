"""Why does batch normalisation help?

Since 2015 many deep networks normalise their layers. The first explanation was a reduced *internal
covariate shift* (Ioffe & Szegedy 2015). Santurkar, Tsipras, Ilyas and Mądry (2018) measured that
shift, doubted the explanation, and proposed another: **a smoother landscape**. Here you can measure
both yourself. Three copies of one network train on the same batches from the same weights: a
standard network, one with BatchNorm, and one with noise added after BatchNorm.
"""

from bnviz.ui.start import start_page

start_page(__doc__)
