"""A drawn abdomen: organs, bones and three liver tumours made from formulas, so that anyone has a CT to try.

Nothing here comes from a patient. Every organ is an ellipsoid or a tube in LPS millimetres, its edge bent a
little and blended over one voxel as partial volume does, with noise of a fixed seed on top.
"""

import numpy as np
import numpy.typing as npt

from core.imaging.grid import Grid
from core.imaging.volume import LIVER, TUMOUR

Floats = npt.NDArray[np.float32]
Crop = tuple[slice, slice, slice]
Triple = tuple[float, float, float]

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
)
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
    ((-98, 22, 96), (25, 22, 24), 66),
    ((-97, 24, 96), (13, 11, 13), 34),
    ((-62, -52, 116), (12.5, 11, 13), 82),
    ((-4, -54, 126), (6.5, 6, 8), 70),
)


class _Drawing:
    """The abdomen while it is drawn: HU and labels on `GRID`, and the millimetres of every voxel."""

    def __init__(self) -> None:
        self.hu: Floats = np.full(GRID.shape, -1000, dtype=np.float32)
        self.labels = np.zeros(GRID.shape, dtype=np.uint8)
        axes = (GRID.affine[2 - k, 3] + GRID.spacing[k] * np.arange(GRID.shape[k]) for k in range(3))
        z, y, x = (axis.astype(np.float32) for axis in axes)
        self.z, self.y, self.x = z[:, None, None], y[None, :, None], x[None, None, :]

    def crop(self, low: Triple, high: Triple, margin_mm: float = 12) -> Crop:
        """Return the part of the grid round a box in mm, so that a small organ costs little."""
        found = []
        for axis, a, b in zip((self.z, self.y, self.x), low[::-1], high[::-1], strict=True):
            first, last = np.searchsorted(axis.ravel(), (a - margin_mm, b + margin_mm))
            found.append(slice(int(first), max(int(first) + 1, int(last))))
        return found[0], found[1], found[2]

    def bent(self, crop: Crop, bend_mm: float) -> tuple[Floats, Floats, Floats]:
        """Return x, y, z of a crop, pushed to and fro by ``bend_mm`` so that nothing looks turned on a lathe."""
        z, y, x = self.z[crop[0]], self.y[:, crop[1]], self.x[:, :, crop[2]]
        return (
            x + bend_mm * (np.sin(y / 13 + 1) + np.sin(z / 11)),
            y + bend_mm * (np.sin(x / 15 + 2) + np.sin(z / 17)),
            z + bend_mm * (np.sin(x / 12) + np.sin(y / 19)),
        )

    def ellipsoid(self, centre: Triple, radii: Triple, bend_mm: float = 1.5, turn: float = 0) -> tuple[Crop, Floats]:
        """Return a crop and the depth in mm inside an ellipsoid (negative outside), turned in the axial plane."""
        reach = max(radii[:2]) if turn else None
        wide = (reach or radii[0], reach or radii[1], radii[2])
        low = tuple(c - r for c, r in zip(centre, wide, strict=True))
        high = tuple(c + r for c, r in zip(centre, wide, strict=True))
        crop = self.crop((low[0], low[1], low[2]), (high[0], high[1], high[2]))
        x, y, z = (p - np.float32(c) for p, c in zip(self.bent(crop, bend_mm), centre, strict=True))
        if turn:
            cos, sin = np.float32(np.cos(np.radians(turn))), np.float32(np.sin(np.radians(turn)))
            x, y = cos * x + sin * y, cos * y - sin * x
        r = np.sqrt((x / np.float32(radii[0])) ** 2 + (y / np.float32(radii[1])) ** 2 + (z / np.float32(radii[2])) ** 2)
        return crop, (1 - r) * np.float32(min(radii))

    def tube(self, start: Triple, end: Triple, r0: float, r1: float) -> tuple[Crop, Floats]:
        """Return a crop and the depth in mm inside a tube that narrows from ``r0`` to ``r1``."""
        a, b = np.float32(start), np.float32(end)
        low, high = np.minimum(a, b) - r0, np.maximum(a, b) + r0
        crop = self.crop((low[0], low[1], low[2]), (high[0], high[1], high[2]), 6)
        x, y, z = (p - c for p, c in zip(self.bent(crop, 1.0), a, strict=True))
        d = b - a
        t = np.clip((x * d[0] + y * d[1] + z * d[2]) / (d @ d), 0, 1)
        apart = np.sqrt((x - t * d[0]) ** 2 + (y - t * d[1]) ** 2 + (z - t * d[2]) ** 2)
        return crop, np.float32(r0) + t * np.float32(r1 - r0) - apart

    def paint(self, shape: tuple[Crop, Floats], hu: float | Floats, label: int | None = None) -> None:
        """Blend ``hu`` in where the depth is positive; ``label``, if any, wherever more than half is covered."""
        crop, depth = shape
        cover = np.clip(depth / np.float32(1.6) + np.float32(0.5), 0, 1)
        self.hu[crop] += cover * (hu - self.hu[crop])
        if label is not None:
            self.labels[crop][depth > 0] = label


def draw() -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    """Return HU and labels (1 liver, 2 tumour) of the drawn abdomen, both ``(48, 224, 288)`` on `GRID`; 0.3 s."""
    drawing = _Drawing()
    inside = _draw_wall(drawing)
    dome = _draw_lungs(drawing, inside)
    for centre, radii, hu in _BOWEL:
        drawing.paint(drawing.ellipsoid(centre, radii, bend_mm=2.5), hu)
    _draw_left_side(drawing, inside, dome)
    _draw_kidneys(drawing)
    _draw_liver(drawing, inside, dome)
    _draw_great_vessels(drawing)
    _draw_spine(drawing)
    return np.rint(drawing.hu + _noise()).astype(np.int16), drawing.labels


def _draw_wall(drawing: _Drawing) -> Floats:
    """Draw skin, fat, muscle and ribs; return the depth in mm under the inner wall, on the whole grid."""
    everything = (slice(None), slice(None), slice(None))
    x, y = drawing.x, drawing.y
    flat = (np.abs(x / 160) ** 2.5 + np.abs((y - 4) / 116) ** 2.5) ** np.float32(0.4)
    depth = (1 - flat - 0.012 * np.sin(drawing.z / 60)) * np.float32(116)
    drawing.paint((everything, depth), 30)
    drawing.paint((everything, depth - 2), -105)
    fat = 11 + 7 * np.clip(-y / 60, 0, 1) + 4 * np.clip(y / 60, 0, 1)
    muscle = depth - fat
    drawing.paint((everything, muscle), 58)
    inside = muscle - 9 - 8 * np.clip(y / 50, 0, 1)
    drawing.paint((everything, inside), -98)
    _draw_ribs(drawing, muscle)
    return inside


def _draw_ribs(drawing: _Drawing, muscle: Floats) -> None:
    """Draw ribs that slope down to the front and end at the costal margin, in the depth of the muscle."""
    along = (drawing.z + 0.55 * (70 - drawing.y)) % np.float32(27) - np.float32(13.5)
    radius = np.sqrt((along / np.float32(1.5)) ** 2 + (muscle - 6) ** 2)
    margin = (drawing.z - 40) * 0.9 + (drawing.y - 30)
    side = np.abs(drawing.x) - 42 - np.clip(drawing.y - 60, 0, None)
    depth = np.minimum(np.minimum(4.2 - radius, margin), side)
    everything = (slice(None), slice(None), slice(None))
    drawing.paint((everything, depth), 480)
    drawing.paint((everything, depth - 1.8), 170)


def _draw_lungs(drawing: _Drawing, inside: Floats) -> Floats:
    """Draw both lung bases; return the height in mm of each voxel under the diaphragm."""
    x, y = drawing.x, drawing.y
    right = 176 - ((x + 74) / 10.5) ** 2 - ((y - 2) / 10) ** 2
    left = 166 - ((x - 72) / 10) ** 2 - ((y - 0) / 10.5) ** 2
    dome: Floats = np.clip(np.maximum(right, left), 70, None) + 2 * np.sin(x / 17) - drawing.z
    low = int(70 // GRID.spacing[0])
    crop = (slice(low, None), slice(None), slice(None))
    behind = np.minimum(inside[crop] - 1, np.abs(x) - 22 + np.clip(-y - 10, 0, 30))
    drawing.paint((crop, np.minimum(behind, -dome[crop])), -860)
    drawing.paint(drawing.ellipsoid((22, -48, 192), (52, 40, 24)), 120)
    return dome


def _draw_liver(drawing: _Drawing, inside: Floats, dome: Floats) -> None:
    """Draw the liver with its vessels, gall bladder and tumours, the only organs with labels."""
    crop = drawing.crop((-145, -100, 20), (75, 100, 180), 0)
    x, y, z = drawing.bent(crop, 2.0)
    right = 1 - np.sqrt(((x + 78) / 66) ** 2 + ((y - 6) / 86) ** 2 + ((z - 106) / 80) ** 2)
    left = 1 - np.sqrt(((x - 2) / 66) ** 2 + ((y + 52 - 0.12 * x) / 33) ** 2 + ((z - 128) / 38) ** 2)
    depth = np.maximum(right * 66, left * 33)
    visceral = (-14 - x) * 0.8 - np.clip(y - 4, 0, None) * 0.9 + 34 - (130 - z) * 0.22
    depth = np.minimum.reduce([depth, inside[crop] - 3, dome[crop] - 3, np.maximum(visceral, left * 33)])
    drawing.paint((crop, depth), 112, LIVER)
    for start, end, r0, r1 in _VESSELS:
        shape = drawing.tube(start, end, r0, r1)
        inner = _within(drawing, shape)
        drawing.paint((shape[0], inner), 165)
    for centre, radii, hu in _TUMOURS:
        shape = drawing.ellipsoid(centre, radii, bend_mm=2.2)
        drawing.paint((shape[0], _within(drawing, shape)), hu, TUMOUR)
    gall = drawing.ellipsoid((-40, -34, 74), (13, 17, 26))
    drawing.paint(gall, 72, 0)
    drawing.paint((gall[0], gall[1] - 1.5), 8)


def _within(drawing: _Drawing, shape: tuple[Crop, Floats]) -> Floats:
    """Keep of a shape only what lies in the liver."""
    crop, depth = shape
    return np.where(drawing.labels[crop] > 0, depth, np.float32(-9))


def _draw_left_side(drawing: _Drawing, inside: Floats, dome: Floats) -> None:
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


def _draw_kidneys(drawing: _Drawing) -> None:
    """Draw kidneys with cortex, pyramids and sinus, and the adrenal limbs above them."""
    for x, y, z, turn in ((-64, 48, 58, 30), (63, 46, 74, -30)):
        inwards = -np.sign(x)
        drawing.paint(drawing.ellipsoid((x, y, z), (34, 38, 60)), -100)
        crop, depth = drawing.ellipsoid((x, y, z), (24, 30, 50), turn=turn)
        drawing.paint((crop, depth), 190)
        drawing.paint((crop, depth - 7 + 2.5 * np.sin(drawing.y[:, crop[1]] / 2.5)), 140)
        drawing.paint(drawing.ellipsoid((x + inwards * 12, y - 4, z), (15, 11, 24)), -85)
        drawing.paint(drawing.tube((x + inwards * 10, y - 4, z), (inwards * -20, 24, z + 6), 4.5, 4.5), 165)
        drawing.paint(drawing.tube((x - inwards * -22, y - 14, z + 50), (x - inwards * -30, y - 2, z + 62), 3, 2.5), 70)


def _draw_great_vessels(drawing: _Drawing) -> None:
    """Draw aorta with a little chalk, inferior vena cava, crura and the mesenteric vessels."""
    for side in (-1, 1):
        drawing.paint(drawing.tube((side * 16, 36, 60), (side * 10, 20, 170), 4, 8), 62)
    drawing.paint(drawing.tube((9, 24, -10), (9, 26, 200), 10.5, 12.5), 178)
    drawing.paint(drawing.tube((18, 27, 24), (18, 29, 32), 2, 2), 620)
    drawing.paint(drawing.tube((4, 15, 66), (3, 15, 70), 1.8, 1.8), 540)
    drawing.paint(drawing.tube((-20, 24, -10), (-22, 16, 178), 11, 12.5), 148, 0)
    drawing.paint(drawing.tube((8, 12, 92), (10, -18, 20), 4.5, 3.5), 172)
    drawing.paint(drawing.tube((-8, -2, 88), (-8, -24, 10), 6, 5), 160)
    drawing.paint(drawing.tube((-10, -2, 86), (92, 26, 114), 5.5, 4), 160)


def _draw_spine(drawing: _Drawing) -> None:
    """Draw vertebrae with discs, canal, arches and spinous processes, and the muscles beside them."""
    for side in (-1, 1):
        drawing.paint(drawing.ellipsoid((side * 36, 86, 90), (27, 18, 400), bend_mm=0.8), 60)
        drawing.paint(drawing.ellipsoid((side * 32, 50, 0), (15, 18, 74), bend_mm=0.8), 62)
    crop, body = drawing.ellipsoid((0, 54, 96), (24, 18, 4000), bend_mm=0)
    z = drawing.z[crop[0]]
    level = np.abs((z - 6) % 34 - 17)
    drawing.paint((crop, body), np.where(level > 13.5, 85, 330).astype(np.float32))
    drawing.paint((crop, np.minimum(body - 2.2, 12 - level)), 165)
    for middle in np.arange(6 + 17, 192, 34):
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
