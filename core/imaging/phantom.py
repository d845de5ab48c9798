"""A drawn abdomen: organs, bones and three liver tumours made from formulas, so that anyone has a CT to try.

Nothing here comes from a patient. Every organ is an ellipsoid or a tube in LPS millimetres, its edge bent a
little and blended over one voxel as partial volume does, with noise of a fixed seed on top.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid
from core.imaging.solids import Crop, Drawing, Floats, Triple
from core.imaging.volume import LIVER, TUMOUR

GRID = Grid.from_geometry((48, 224, 288), (4.0, 1.25, 1.2), origin=(-172.2, -139.375, 0.0))

# (centre, radii, HU) in mm as (x, y, z); painted in this order, the later over the earlier.
_BOWEL: tuple[tuple[Triple, Triple, float], ...] = (
    ((-104, -22, 18), (23, 30, 30), 58),
    ((-104, -22, 18), (19, 26, 27), 12),
    ((-102, -38, 18), (14, 8, 24), -850),
    ((104, 8, 25), (19, 22, 52), 58),
    ((104, 8, 25), (15, 18, 49), 20),
    ((104, -3, 25), (10, 6, 45), -850),
    ((-45, -58, 18), (26, 18, 19), 62),
    ((-45, -58, 18), (22, 14, 16), 30),
    ((-8, -70, 8), (23, 15, 17), 68),
    ((-8, -70, 8), (19, 11, 14), 35),
    ((35, -60, 22), (29, 19, 21), 62),
    ((35, -62, 22), (25, 14, 18), -30),
    ((35, -70, 22), (15, 5, 13), -800),
    ((62, -22, 12), (20, 17, 24), 66),
    ((62, -22, 12), (16, 13, 21), 28),
    ((28, -28, 14), (17, 14, 19), 64),
    ((-25, -25, 6), (20, 15, 15), 60),
    ((-62, -22, 4), (18, 16, 18), 64),
    ((66, -24, 58), (23, 19, 20), 60),
    ((66, -24, 58), (19, 15, 17), 34),
    ((34, -40, 56), (18, 15, 16), 66),
    ((70, -58, 48), (22, 16, 18), 62),
    ((70, -60, 48), (17, 11, 15), -20),
    ((14, -46, 40), (19, 14, 15), 64),
    ((-20, -42, 44), (17, 14, 15), 60),
    ((-34, 2, 76), (14, 13, 26), 68),
    ((-34, 2, 76), (10, 9, 24), 26),
)
_COLON: tuple[Triple, ...] = ((-96, -44, 44), (-52, -72, 56), (0, -80, 62), (52, -74, 70), (98, -34, 96))
_VESSELS: tuple[tuple[Triple, Triple, float, float], ...] = (
    ((-14, 0, 84), (-42, -4, 108), 8.0, 7.0),
    ((-42, -4, 108), (-80, 8, 116), 6.5, 4.0),
    ((-80, 8, 116), (-112, 34, 120), 4.0, 2.0),
    ((-80, 8, 116), (-110, -28, 128), 3.5, 1.5),
    ((-42, -4, 108), (-22, -46, 128), 5.5, 3.0),
    ((-22, -46, 128), (20, -56, 130), 3.0, 1.5),
    ((-24, 18, 158), (-92, 22, 134), 5.5, 2.0),
    ((-24, 14, 158), (-68, -34, 132), 5.0, 2.0),
    ((-22, 12, 158), (0, -46, 140), 4.5, 1.5),
)
_TUMOURS: tuple[tuple[Triple, Triple, float], ...] = (
    ((-98, 16, 100), (25, 22, 24), 66),
    ((-97, 18, 100), (13, 11, 13), 34),
    ((-62, -52, 116), (12.5, 11, 13), 82),
    ((-4, -54, 126), (6.5, 6, 8), 70),
)


def draw() -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    """Return HU and labels (1 liver, 2 tumour) of the drawn abdomen, both ``(48, 224, 288)`` on `GRID`; 0.3 s."""
    drawing = Drawing(GRID)
    inside = _draw_wall(drawing)
    dome = _draw_lungs(drawing, inside)
    for centre, radii, hu in _BOWEL:
        drawing.paint(drawing.ellipsoid(centre, radii, bend_mm=2.5), hu)
    for start, end in pairwise(_COLON):
        for radius, hu in ((16.0, 58.0), (13.0, 8.0)):
            drawing.paint(drawing.tube(start, end, radius, radius), hu)
    _draw_left_side(drawing, inside, dome)
    _draw_kidneys(drawing)
    _draw_liver(drawing, inside, dome)
    _draw_great_vessels(drawing)
    _draw_spine(drawing)
    return np.rint(drawing.hu + _noise()).astype(np.int16), drawing.labels


def _draw_wall(drawing: Drawing) -> Floats:
    """Draw skin, fat, muscle and ribs; return the depth in mm under the inner wall, on the whole grid."""
    everything = (slice(None), slice(None), slice(None))
    x, y = drawing.x, drawing.y
    flat = (np.abs(x / 160) ** 2.25 + np.abs((y - 4) / 116) ** 2.25) ** np.float32(1 / 2.25)
    depth = (1 - flat - 0.012 * np.sin(drawing.z / 60)) * np.float32(116)
    drawing.paint((everything, depth), 30)
    drawing.paint((everything, depth - 2), -105)
    fat = 11 + 7 * np.clip(-y / 60, 0, 1) + 4 * np.clip(y / 60, 0, 1)
    muscle = depth - fat
    drawing.paint((everything, muscle), 58)
    inside: Floats = muscle - 9 - 8 * np.clip(y / 50, 0, 1)
    drawing.paint((everything, inside), -98)
    _draw_ribs(drawing, muscle)
    return inside


def _draw_ribs(drawing: Drawing, muscle: Floats) -> None:
    """Draw ribs that slope down to the front and end at the costal margin, in the depth of the muscle."""
    along = (drawing.z + 0.55 * (70 - drawing.y)) % np.float32(27) - np.float32(13.5)
    radius = np.sqrt((along / np.float32(1.5)) ** 2 + (muscle - 6) ** 2)
    margin = (drawing.z - 40) * 0.9 + (drawing.y - 30)
    side = np.abs(drawing.x) - 42 - np.clip(drawing.y - 60, 0, None)
    depth = np.minimum(np.minimum(4.2 - radius, margin), side)
    everything = (slice(None), slice(None), slice(None))
    drawing.paint((everything, depth), 480)
    drawing.paint((everything, depth - 1.8), 170)


def _draw_lungs(drawing: Drawing, inside: Floats) -> Floats:
    """Draw both lung bases; return the height in mm of each voxel under the diaphragm."""
    x, y = drawing.x, drawing.y
    right = 176 - ((x + 74) / 10.5) ** 2 - ((y - 2) / 10) ** 2
    left = 166 - ((x - 72) / 10) ** 2 - ((y - 0) / 10.5) ** 2
    saddle = 156 - ((x + 4) / 26) ** 2 - ((y + 24) / 8.5) ** 2
    dome: Floats = (np.clip(np.maximum.reduce([right, left, saddle]), 70, None) - drawing.z).astype(np.float32)
    low = int(70 // GRID.spacing[0])
    crop = (slice(low, None), slice(None), slice(None))
    beside = np.minimum(inside[crop] - 1, np.abs(x) - 21 + np.clip(-y - 10, 0, 12))
    drawing.paint((crop, np.minimum(beside, -dome[crop])), -860)
    for grown, hu in ((8, -95), (0, 125)):
        shape = drawing.ellipsoid((20, -42, 202), (62 + grown, 46 + grown, 44 + grown), turn=18)
        drawing.paint((shape[0], np.minimum(shape[1], inside[shape[0]] - 1)), hu)
    return dome


def _draw_liver(drawing: Drawing, inside: Floats, dome: Floats) -> None:
    """Draw the liver with its vessels, gall bladder and tumours, the only organs with labels."""
    crop = drawing.crop((-145, -100, 20), (75, 100, 180), 0)
    x, y, z = drawing.bent(crop, 2.0)
    right = 1 - np.sqrt(((x + 78) / 66) ** 2 + ((y - 6) / 86) ** 2 + ((z - 106) / 80) ** 2)
    left = 1 - np.sqrt(((x + 6) / 64) ** 2 + ((y + 50 + 0.1 * x) / 36) ** 2 + ((z - 126) / 38) ** 2)
    visceral = 16 - 0.8 * x - 0.9 * np.clip(y - 4, 0, None) - 0.22 * (130 - z)
    beside_kidney = np.hypot(np.hypot((x + 62) / 33, (y - 58) / 44), (z - 52) / 66) * 33 - 33
    right = np.minimum.reduce([right * 66, visceral, beside_kidney])
    depth = np.minimum.reduce([np.maximum(right, left * 36), inside[crop] - 3, dome[crop] - 3])
    drawing.paint((crop, depth), 112, LIVER)
    for start, end, r0, r1 in _VESSELS:
        shape = drawing.tube(start, end, r0, r1)
        inner = _within(drawing, shape)
        drawing.paint((shape[0], inner), 165, LIVER)
    for centre, radii, hu in _TUMOURS:
        shape = drawing.ellipsoid(centre, radii, bend_mm=2.2)
        drawing.paint((shape[0], _within(drawing, shape)), hu, TUMOUR)
    gall = drawing.ellipsoid((-40, -34, 74), (13, 17, 26))
    drawing.paint(gall, 72)
    drawing.paint((gall[0], gall[1] - 1.5), 8)


def _within(drawing: Drawing, shape: tuple[Crop, Floats]) -> Floats:
    """Keep of a shape only what lies in the liver."""
    crop, depth = shape
    return np.where(drawing.labels[crop] > 0, depth, np.float32(-9))


def _draw_left_side(drawing: Drawing, inside: Floats, dome: Floats) -> None:
    """Draw stomach with its air bubble, pancreas and spleen."""
    crop, depth = drawing.ellipsoid((58, -42, 134), (46, 31, 36), bend_mm=2.5, turn=-25)
    depth = np.minimum.reduce([depth, inside[crop] - 2, dome[crop] - 3])
    drawing.paint((crop, depth), 82)
    drawing.paint((crop, depth - 4), 22)
    drawing.paint((crop, np.minimum(depth - 4, -50 - drawing.y[:, crop[1]])), -930)
    drawing.paint(drawing.ellipsoid((22, -14, 92), (46, 10, 13), bend_mm=3, turn=14), 92)
    crop, depth = drawing.ellipsoid((112, 42, 118), (24, 50, 44), bend_mm=2, turn=-22)
    hilum = drawing.ellipsoid((84, 30, 118), (18, 30, 60))
    drawing.paint((crop, np.minimum.reduce([depth, inside[crop] - 2, dome[crop] - 3])), 124)
    drawing.paint((hilum[0], np.minimum(hilum[1], inside[hilum[0]])), -95)


def _draw_kidneys(drawing: Drawing) -> None:
    """Draw kidneys with cortex, pyramids and sinus, and the adrenal limbs above them."""
    for x, y, z, turn in ((-62.0, 52.0, 52.0, 30.0), (63.0, 46.0, 74.0, -30.0)):
        inwards = -1 if x > 0 else 1
        drawing.paint(drawing.ellipsoid((x, y + 3, z), (34, 36, 58)), -100)
        crop, depth = drawing.ellipsoid((x, y, z), (24, 30, 50), turn=turn)
        drawing.paint((crop, depth), 190)
        drawing.paint((crop, depth - 7 + 2.5 * np.sin(drawing.y[:, crop[1]] / 2.5)), 140)
        drawing.paint(drawing.ellipsoid((x + inwards * 12, y - 4, z), (15, 11, 24)), -85)
        drawing.paint(drawing.tube((x + inwards * 10, y - 4, z), (inwards * -20, 24, z + 6), 4.5, 4.5), 165)
        drawing.paint(drawing.tube((x + inwards * 22, y - 14, z + 50), (x + inwards * 30, y - 2, z + 62), 3, 2.5), 70)


def _draw_great_vessels(drawing: Drawing) -> None:
    """Draw aorta with a little chalk, inferior vena cava, crura and the mesenteric vessels."""
    for side in (-1, 1):
        drawing.paint(drawing.tube((side * 16, 36, 60), (side * 10, 20, 170), 4, 8), 62)
    drawing.paint(drawing.tube((9, 24, -10), (9, 26, 200), 10.5, 12.5), 178)
    drawing.paint(drawing.tube((18, 27, 24), (18, 29, 32), 2, 2), 620)
    drawing.paint(drawing.tube((4, 15, 66), (3, 15, 70), 1.8, 1.8), 540)
    drawing.paint(drawing.tube((-20, 24, -10), (-22, 16, 178), 11, 12.5), 148)
    drawing.paint(drawing.tube((8, 12, 92), (10, -18, 20), 4.5, 3.5), 172)
    drawing.paint(drawing.tube((-8, -2, 88), (-8, -24, 10), 6, 5), 160)
    drawing.paint(drawing.tube((-10, -2, 86), (92, 26, 114), 5.5, 4), 160)


def _draw_spine(drawing: Drawing) -> None:
    """Draw vertebrae with discs, canal, arches and spinous processes, and the muscles beside them."""
    for side in (-1, 1):
        drawing.paint(drawing.ellipsoid((side * 36, 86, 90), (27, 18, 400), bend_mm=0.8), 60)
        drawing.paint(drawing.ellipsoid((side * 32, 50, 0), (15, 18, 74), bend_mm=0.8), 62)
    crop, body = drawing.ellipsoid((0, 54, 96), (24, 18, 4000), bend_mm=0)
    z = drawing.z[crop[0]]
    level = np.abs((z - 6) % 34 - 17)
    drawing.paint((crop, body), np.where(level > 13.5, 85, 330).astype(np.float32))
    drawing.paint((crop, np.minimum(body - 2.2, 12 - level)), 165)
    for middle in (23.0, 57.0, 91.0, 125.0, 159.0, 193.0):
        for side in (-1, 1):
            drawing.paint(drawing.tube((side * 11, 68, middle), (side * 12, 82, middle - 6), 5, 4.5), 330)
            drawing.paint(drawing.tube((side * 12, 80, middle - 4), (side * 38, 80, middle - 4), 4.5, 3), 300)
        drawing.paint(drawing.tube((0, 88, middle - 6), (0, 104, middle - 12), 5, 3.5), 320)
    drawing.paint(drawing.ellipsoid((0, 78, 96), (9.5, 7.5, 4000), bend_mm=0), 25)


def _noise() -> Floats:
    """Return noise of 13 HU that is a little smeared out in the slice, as after reconstruction; seed 117."""
    noise = np.random.default_rng(117).standard_normal(GRID.shape, dtype=np.float32)
    noise[:, 1:] += np.float32(0.6) * noise[:, :-1]
    noise[:, :, 1:] += np.float32(0.6) * noise[:, :, :-1]
    return noise * np.float32(9.6)
