"""Made-up patients: a grey body with a brighter liver and, in it, a still brighter tumour; nothing is square."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.imaging.grid import Grid
from core.imaging.window import Window
from core.learning.cases import Case
from core.learning.dataset import Dataset

SHAPE = (10, 48, 64)
WINDOW = Window(60, 200)


def labels(seed: int, shape: tuple[int, int, int] = SHAPE, tumour: bool = True) -> npt.NDArray[np.uint8]:
    _, height, width = shape
    y, x = np.mgrid[:height, :width]
    found = np.zeros(shape, np.uint8)
    found[1:, ((y - height * 0.5) / (height * 0.34)) ** 2 + ((x - width * 0.45) / (width * 0.3)) ** 2 <= 1] = 1
    if tumour:
        cy, cx = height * 0.45 + seed % 5, width * 0.4 + seed % 7
        found[3 : shape[0] - 2, ((y - cy) / (height * 0.14)) ** 2 + ((x - cx) / (width * 0.12)) ** 2 <= 1] = 2
    return found


def patient(seed: int, tumour: bool = True, shape: tuple[int, int, int] = SHAPE, name: str = "") -> Case:
    wanted = labels(seed, shape, tumour)
    noise = np.random.default_rng(seed).normal(0, 5, shape)
    grey = np.clip(60 + 60 * (wanted > 0) + 60 * (wanted == 2) + noise, 0, 255).astype(np.uint8)
    who = name or f"patient{seed:03d}"
    grid = Grid.from_geometry(shape, has_spacing=False)
    return Case(who, who, grey, wanted, tuple(range(shape[0])), grid)


def dataset(*seeds: int, healthy: tuple[int, ...] = ()) -> Dataset:
    return Dataset(tuple(patient(seed, seed not in healthy) for seed in seeds), WINDOW)


def save_pictures(folder: Path, case: Case, side_by_side: bool = False) -> None:
    """Write a case as ``images/NAME_slice012.png`` and ``masks/...``."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for z, (grey, wanted) in enumerate(zip(case.grey, case.labels, strict=True)):
        name = f"{case.patient}_slice{2 * z:03d}.png"
        Image.fromarray(grey).save(folder / "images" / name)
        Image.fromarray(wanted).save(folder / "masks" / name)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
