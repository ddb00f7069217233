"""How large groups of touching tiles grow by chance when single tiles are falsely called tumour
(the groups of the rule in core/slide_summary.py).

    python -m benchmarks.slide_rule

Every tile of a square piece of benign tissue is called tumour with the same chance, whatever its neighbours
are called. Real mistakes have neighbours: this is the least that the limit for a tumour must stand above.
Slides with a larger group than the limit for other classes, or a larger share, are called nothing.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from lungviewer.core.slide_summary import CLEAR_GROUP_MM2, CLEAR_SHARE, GROUP_MM2

FALSE_SHARES = (0.03, 0.053, 0.12, 0.17, 0.25)
TILES = 20_000
TILE_UM = 129.92
SLIDES = 100


def main() -> None:
    rng = np.random.default_rng(7)
    side = math.isqrt(TILES)
    tile_mm2 = (TILE_UM / 1000) ** 2
    print(
        f"{side * side} tiles of {TILE_UM} µm, {SLIDES} slides each; a group of {GROUP_MM2} mm² makes a "
        f"tumour, other classes have less than {CLEAR_GROUP_MM2} mm² and {CLEAR_SHARE:.0%}"
    )
    for share in FALSE_SHARES:
        slides = [rng.random((side, side)) < share for _ in range(SLIDES)]
        largest = [largest_group(called) for called in slides]
        clear = sum(
            called.mean() < CLEAR_SHARE and group * tile_mm2 < CLEAR_GROUP_MM2
            for called, group in zip(slides, largest, strict=True)
        )
        print(
            f"false {share:6.1%}: largest group {np.median(largest):.0f} tiles (median), "
            f"{max(largest)} at most = {max(largest) * tile_mm2:.2f} mm²; {clear} slides keep another class"
        )


def largest_group(called: np.ndarray) -> int:
    """Tiles of the largest group that touches side by side; `called` H×W bool."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(called.astype(np.uint8), connectivity=4)
    return int(stats[1:, cv2.CC_STAT_AREA].max(initial=0))


if __name__ == "__main__":
    main()
