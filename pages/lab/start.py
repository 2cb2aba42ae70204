"""Why does batch normalisation help?

Since 2015 almost every deep network has normalised its layers, and trains faster for it. The first
explanation, a reduced *internal covariate shift*, does not survive measurement. Santurkar, Tsipras,
Ilyas and Mądry (2018) proposed another: **a smoother landscape**. Here you can measure it yourself.
Three copies of one network train on the same batches from the same weights: a standard network, one
with BatchNorm, and one with noise added after BatchNorm.
"""

from bnviz.ui.start import start_page

start_page(__doc__)
