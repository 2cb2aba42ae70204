"""Why does batch normalisation help?

Since 2015 almost every deep network has normalised its layers, and trains faster for it. The reason first given, a reduced
*internal covariate shift*, does not survive measurement; Santurkar, Tsipras, Ilyas and Mądry (2018) found another: **a smoother
landscape**. Here you measure it yourself: three copies of one network: a standard one, one with BatchNorm, and one with noise added after
BatchNorm, trained on the same batches from the same weights.
"""

from bnviz.ui.start import start_page

start_page(__doc__)
