"""Labelled CTs that are nobody's: the phantom turned, moved and stretched, so that something can be learnt from them.

Run as ``python -m docs.phantoms FOLDER [COUNT]``. What a model scores on them says nothing about patients.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK
from scipy import ndimage

from core.imaging import phantom
from core.imaging.volume import LIVER, TUMOUR

COUNT, FIRST, LAST, STEP = 6, 16, 42, 2


def save_phantoms(folder: Path, count: int = COUNT) -> None:
    """Write ``images/phantom1.nii.gz`` and ``labels/phantom1.nii.gz`` and so on; the last one has no tumour."""
    hu, labels = phantom.draw()
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        rng = np.random.default_rng(number)
        image, wanted = _moved(hu, labels, rng)
        if number == count:
            image, wanted = _healed(image, wanted, rng)
        _save(folder / "images" / f"phantom{number}.nii.gz", image)
        _save(folder / "labels" / f"phantom{number}.nii.gz", wanted)


def _moved(
    hu: npt.NDArray[np.int16], labels: npt.NDArray[np.uint8], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    angle, (rows, columns) = rng.uniform(-0.12, 0.12), rng.uniform(0.92, 1.12, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * [rows, columns]
    middle = np.array(hu.shape[1:]) / 2
    offset = middle - turn @ middle + rng.uniform(-8, 8, 2)
    shift = int(rng.integers(-2, 3))
    chosen = range(FIRST + shift, LAST + shift, STEP)
    image = np.stack([ndimage.affine_transform(hu[z], turn, offset, order=1, cval=-1000) for z in chosen])
    wanted = np.stack([ndimage.affine_transform(labels[z], turn, offset, order=0) for z in chosen])
    noise = rng.normal(0, 10, image.shape) + (wanted == TUMOUR) * rng.normal(-6, 8)
    return (image + noise).astype(np.int16), wanted


def _healed(
    image: npt.NDArray[np.int16], wanted: npt.NDArray[np.uint8], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    liver, ill = image[wanted == LIVER], wanted == TUMOUR
    image = image.copy()
    image[ill] = rng.choice(liver, int(ill.sum()))
    return image, np.where(ill, np.uint8(LIVER), wanted)


def _save(path: Path, voxels: npt.NDArray[np.int16] | npt.NDArray[np.uint8]) -> None:
    image = SimpleITK.GetImageFromArray(voxels)
    z, y, x = phantom.GRID.spacing
    image.SetSpacing((x, y, z * STEP))
    SimpleITK.WriteImage(image, str(path), useCompression=True)


if __name__ == "__main__":
    save_phantoms(Path(sys.argv[1]), *map(int, sys.argv[2:]))
