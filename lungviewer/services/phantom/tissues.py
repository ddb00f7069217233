"""What each kind of lung tissue is made of. Each function paints a whole canvas."""

from __future__ import annotations

import numpy as np

from lungviewer.services.phantom import cells
from lungviewer.services.phantom.canvas import (
    Canvas,
    Points,
    cell_borders,
    direction,
    distance_inside,
    signed_distance,
    smoothstep,
)
from lungviewer.services.phantom.noise import Plane, streaks


def paint_adenocarcinoma(canvas: Canvas) -> None:
    """Glands of tall cells round open lumina, in a fibrous stroma."""
    inside = _gland_depth(canvas)
    _paint_stroma(canvas, inside)
    height = 16.0 + 3.0 * canvas.noise(24)
    gland = smoothstep(-0.5, 0.7, inside + 0.3 * canvas.noise(3))
    granular = _granular(canvas)
    canvas.lay(gland, 0.13 * granular, 0.14 * granular)
    band = inside - height  # µm into the lumen, negative in the epithelium
    places = canvas.scatter(
        7.3, lambda p: (canvas.at(inside, p) > 3.2) & (canvas.at(band, p) < -5.0), tries=14
    )
    edge = cell_borders(canvas, places)
    canvas.eosin += 0.05 * gland * np.exp(-((edge / 0.6) ** 2))
    lumen = smoothstep(-0.4, 0.6, band + 0.9 * canvas.noise(3) + 1.2 * canvas.noise(9))
    mucin = np.clip(0.05 * canvas.fractal(14) - 0.02, 0, None)
    canvas.lay(lumen, mucin * 0.5, mucin)
    upright_x, upright_y = direction(inside)
    angles = cells.angles_along(canvas, places, upright_x, upright_y, 0.35)
    cells.paint_nuclei(canvas, places, angles, cells.TUMOUR)
    _paint_stroma_cells(canvas, inside, spindle_spacing=19, lymphocyte_spacing=26)


def paint_squamous(canvas: Canvas) -> None:
    """Sheets of polygonal cells with bridges between them, and pearls of keratin."""
    nest = signed_distance(np.abs(canvas.fractal(95, 2)) > 0.16, canvas.px)
    pearls = canvas.scatter(95, lambda p: canvas.at(nest, p) > 18, tries=3)[:40]
    pearl = _distance_to(canvas, pearls)
    pearl = canvas.warped(pearl, 18, 2.2)
    radius = 17.0
    _paint_stroma(canvas, nest)
    sheet = smoothstep(-0.4, 0.6, nest)
    places = canvas.scatter(
        11.5, lambda p: (canvas.at(nest, p) > 2.5) & (canvas.at(pearl, p) > radius + 1), tries=30
    )
    granular = _granular(canvas)
    keratin = smoothstep(radius + 26, radius, pearl)
    canvas.lay(sheet, (0.13 - 0.05 * keratin) * granular, (0.19 + 0.12 * keratin) * granular)
    edge = cell_borders(canvas, places)
    _paint_bridges(canvas, edge, sheet)
    _paint_pearls(canvas, pearl, radius, len(pearls))
    out_x, out_y = direction(pearl)
    near = smoothstep(radius + 14, radius, pearl)
    flat = canvas.at(near, places) > 0.3
    angles = np.where(
        flat,
        cells.angles_along(canvas, places, -out_y, out_x, 0.2),
        cells.random_angles(canvas.rng, len(places)),
    )
    cells.paint_nuclei(canvas, places, angles, cells.SQUAMOUS)
    _paint_stroma_cells(canvas, nest, spindle_spacing=16, lymphocyte_spacing=14)


def paint_benign(canvas: Canvas) -> None:
    """Thin alveolar walls with capillaries between air spaces, and few cells."""
    centres = canvas.scatter(58, tries=12)
    wall = 3.6 + 1.3 * canvas.noise(24) + 2.0 * np.clip(canvas.noise(60), 0, 2) - _alveolar(canvas, centres)
    fibre_x, fibre_y = direction(wall)
    fibres = _fibres(canvas, -fibre_y, fibre_x, 8.0)
    cover = smoothstep(-0.5, 0.7, wall + 0.25 * canvas.noise(2.5))
    body = np.clip(1 + 0.32 * fibres + 0.22 * canvas.noise(9) + 0.15 * canvas.noise(1.2), 0.2, None)
    canvas.lay(cover, 0.05 * body, 0.13 * body)
    canvas.eosin += 0.07 * cover * np.exp(-(((wall - 0.5) / 0.6) ** 2))
    loose = np.clip(0.05 * canvas.fractal(20) - 0.09, 0, 0.1)
    canvas.eosin += (1 - cover) * loose
    capillaries = canvas.scatter(5.2, lambda p: canvas.at(wall, p) > 2.2, tries=20)
    cells.paint_red_cells(canvas, _some(canvas, capillaries, 0.40))
    pools = canvas.noise(40)
    spilt = canvas.scatter(4.6, lambda p: (canvas.at(wall, p) < -2) & (canvas.at(pools, p) > 1.15), tries=20)
    cells.paint_red_cells(canvas, _some(canvas, spilt, 0.45))
    lining = canvas.scatter(13, lambda p: np.abs(canvas.at(wall, p) - 1.8) < 1.6, tries=30)
    angles = cells.angles_along(canvas, lining, -fibre_y, fibre_x, 0.25)
    cells.paint_nuclei(canvas, lining, angles, cells.PNEUMOCYTE)
    _paint_macrophages(canvas, canvas.scatter(62, lambda p: canvas.at(wall, p) < -7, tries=6))


def _some(canvas: Canvas, places: Points, share: float) -> Points:
    """A random share of the places, so that they lie in clumps and gaps instead of a lattice."""
    return places[canvas.rng.random(len(places)) < share]


def _gland_depth(canvas: Canvas) -> Plane:
    """µm inside the nearest gland, negative outside."""
    mask = np.zeros((canvas.size, canvas.size), bool)
    for x, y in canvas.scatter(52, tries=14).tolist():
        index, dx, dy = canvas.window(x, y, 42)
        long = float(canvas.rng.uniform(21, 36))
        short = long * float(canvas.rng.uniform(0.6, 0.95))
        angle = float(canvas.rng.random() * np.pi)
        along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
        mask[index] |= np.hypot(along / long, across / short) < 1
    depth = canvas.warped(signed_distance(mask, canvas.px), 22, 3.5)
    return signed_distance(depth > 0, canvas.px)


def _paint_stroma(canvas: Canvas, inside: Plane) -> None:
    """Collagen fibres that run round whatever `inside` (µm, positive inside) bounds."""
    away_x, away_y = direction(inside + 9 * canvas.noise(48))
    fibres = _fibres(canvas, -away_y, away_x, 12.0)
    density = 0.10 + 0.045 * fibres + 0.03 * canvas.fractal(20) + 0.015 * canvas.noise(1.0)
    gaps = smoothstep(0.35, 1.3, -0.7 * fibres + 0.9 * canvas.fractal(26, 4))
    amount = np.clip(density, 0.02, None) * (1 - 0.9 * gaps)
    canvas.lay(np.ones_like(amount), amount * 0.32, amount)


def _fibres(canvas: Canvas, along_x: Plane, along_y: Plane, length_um: float) -> Plane:
    """Fibres of two calibres along a direction field, a little frayed; deviation about 1."""
    sway = np.float32(0.35) * canvas.noise(11)
    frayed_x, frayed_y = along_x - sway * along_y, along_y + sway * along_x
    thick = streaks(canvas.noise(1.6), frayed_x, frayed_y, length_um * canvas.px, 0.8 * canvas.px)
    thin = streaks(canvas.noise(0.7), frayed_x, frayed_y, 0.5 * length_um * canvas.px, 0.35 * canvas.px)
    return (0.75 * thick + 0.65 * thin).astype(np.float32)


def _granular(canvas: Canvas) -> Plane:
    """Cytoplasm: grains, clouds and small vacuoles about a mean of 1."""
    grain = 1 + 0.15 * canvas.noise(0.8) + 0.14 * canvas.noise(2.2) + 0.20 * canvas.fractal(14)
    vacuoles = smoothstep(1.9, 2.6, canvas.noise(2.6)) * smoothstep(0.2, 1.0, canvas.noise(20))
    return np.asarray(np.clip(grain, 0.3, None) * (1 - 0.8 * vacuoles), dtype=np.float32)


def _paint_stroma_cells(
    canvas: Canvas, inside: Plane, spindle_spacing: float, lymphocyte_spacing: float
) -> None:
    away_x, away_y = direction(inside)
    spindles = canvas.scatter(spindle_spacing, lambda p: canvas.at(inside, p) < -3)
    angles = cells.angles_along(canvas, spindles, -away_y, away_x, 0.3)
    cells.paint_nuclei(canvas, spindles, angles, cells.SPINDLE)
    crowd = canvas.noise(30)
    round_cells = canvas.scatter(
        lymphocyte_spacing * 0.5,
        lambda p: (canvas.at(inside, p) < -4) & (canvas.at(crowd, p) > 1.1),
    )
    cells.paint_nuclei(
        canvas, round_cells, cells.random_angles(canvas.rng, len(round_cells)), cells.LYMPHOCYTE
    )
    vessels = canvas.noise(28)
    blood = canvas.scatter(6.5, lambda p: (canvas.at(inside, p) < -5) & (canvas.at(vessels, p) > 1.9))
    cells.paint_red_cells(canvas, blood)


def _paint_bridges(canvas: Canvas, edge: Plane, sheet: Plane) -> None:
    """Pale clefts between cells, crossed by fine bridges at right angles to them."""
    across_x, across_y = direction(edge)
    hatch = streaks(canvas.noise(0.8), across_x, across_y, 1.2 * canvas.px, 0.3 * canvas.px)
    cleft = sheet * np.exp(-((edge / 0.75) ** 2)) * np.clip(0.62 - 0.35 * hatch, 0, 1)
    canvas.haematoxylin *= 1 - 0.6 * cleft
    canvas.eosin *= 1 - 0.6 * cleft


def _paint_pearls(canvas: Canvas, pearl: Plane, radius: float, count: int) -> None:
    """Whorls of keratin, layer on layer, with a few shrunken nuclei left in them."""
    if count == 0:
        return
    out_x, out_y = direction(pearl)
    layers = _fibres(canvas, -out_y, out_x, 9.0)
    rings = np.cos(2 * np.pi * (pearl + 1.3 * canvas.noise(7)) / 2.7) * np.clip(canvas.noise(8), 0, 1.5)
    cover = smoothstep(radius + 1.0, radius - 2.0, pearl)
    amount = np.clip(0.36 + 0.07 * layers + 0.06 * rings, 0.1, None).astype(np.float32)
    canvas.lay(cover, 0.05 * amount, amount * 0.8)
    canvas.red += cover * amount * 0.3
    shrunken = canvas.scatter(11, lambda p: canvas.at(pearl, p) < radius - 3)
    angles = cells.angles_along(canvas, shrunken, -out_y, out_x, 0.15)
    cells.paint_nuclei(canvas, shrunken, angles, cells.PYKNOTIC)


def _alveolar(canvas: Canvas, centres: Points) -> Plane:
    """µm from the middle of the nearest alveolar wall."""
    return canvas.warped(cell_borders(canvas, centres, 2.0), 30, 4.5)


def _distance_to(canvas: Canvas, places: Points) -> Plane:
    """µm to the nearest place (up to about 60)."""
    mask = np.ones((canvas.size, canvas.size), bool)
    pixels = np.floor(places * canvas.px).astype(int) % canvas.size
    mask[pixels[:, 1], pixels[:, 0]] = False
    return distance_inside(mask, canvas.px)


def _paint_macrophages(canvas: Canvas, places: Points) -> None:
    """Round cells loose in the air spaces."""
    for x, y in places.tolist():
        index, dx, dy = canvas.window(x, y, 9)
        radius = float(canvas.rng.uniform(5.5, 7.5))
        depth = radius - np.hypot(dx, dy) + 0.5 * canvas.chromatin[index]
        cover = smoothstep(-0.4, 0.6, depth.astype(np.float32))
        foam = 1 + 0.25 * canvas.chromatin[index]
        canvas.haematoxylin[index] += cover * 0.10 * foam
        canvas.eosin[index] += cover * 0.16 * foam
    offset = canvas.rng.normal(0, 1.4, places.shape)
    angles = cells.random_angles(canvas.rng, len(places))
    cells.paint_nuclei(canvas, places + offset, angles, cells.MACROPHAGE)
