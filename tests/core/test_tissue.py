import numpy as np

from lungviewer.core.tissue import tissue_mask


def test_stain_is_tissue_and_glass_dust_and_black_are_not():
    colours = [(150, 90, 160), (215, 140, 185), (245, 243, 244), (120, 120, 120), (0, 0, 0)]
    pixels = np.array([colours], np.uint8)
    assert tissue_mask(pixels)[0].tolist() == [True, True, False, False, False]
