"""An image written by SimpleITK, read, marked and saved must give SimpleITK the same points in the patient."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.imaging.decoding import decode
from core.imaging.job import LIMITS, Job
from core.imaging.reading import read_mask, read_volume
from core.imaging.volume import Mask, Source, Volume
from core.imaging.writing import write_mask

FORMATS = [".nii.gz", ".nii", ".nrrd", ".mha"]
TURNS = [
    np.eye(3)[list(order)] * np.array(signs)[:, None]
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    for signs in ((1, 1, 1), (1, 1, -1), (1, -1, 1), (1, -1, -1), (-1, 1, 1), (-1, 1, -1), (-1, -1, 1), (-1, -1, -1))
]


def rotation(angles: tuple[float, float, float]) -> np.ndarray:
    """About x, then y, then z, in degrees."""
    result = np.eye(3)
    for k, angle in enumerate(np.radians(angles)):
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.eye(3)
        i, j = [axis for axis in range(3) if axis != k]
        turn[i, i], turn[i, j], turn[j, i], turn[j, j] = cos, -sin, sin, cos
        result = turn @ result
    return result


@st.composite
def images(draw: st.DrawFn) -> SimpleITK.Image:
    """CTs of any unequal size and spacing, in any of 48 axis orders and tilted by up to 40 degrees."""
    size = draw(st.tuples(*[st.integers(1, 12)] * 3).filter(lambda s: len(set(s)) == 3))
    spacing = draw(st.tuples(*[st.floats(0.3, 6)] * 3).filter(lambda s: len({round(v, 2) for v in s}) == 3))
    origin = draw(st.tuples(*[st.floats(-400, 400)] * 3))
    angles = draw(st.one_of(st.just((0.0, 0.0, 0.0)), st.tuples(*[st.floats(-40, 40)] * 3)))
    turn = rotation(angles) @ draw(st.sampled_from(TURNS))
    seed = draw(st.integers(0, 2**16))
    hu = np.random.default_rng(seed).integers(-1000, 1500, size[::-1]).astype(np.int16)
    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(turn.ravel().tolist())
    return image


def opened(path: Path, folder: Path) -> Volume:
    """What `read_volume` does, without the half second for a process of its own."""
    found = decode([path], Job(LIMITS), folder)
    source = Source(found.name, found.format, found.grid, found.modality, found.description, found.notes)
    return Volume.from_file(found.voxels.astype(np.int16), source, found.intensity)


def points(image: SimpleITK.Image) -> np.ndarray:
    """World positions in mm of all voxels that are not 0, in a fixed order."""
    places = [
        image.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]])
        for index in np.argwhere(SimpleITK.GetArrayViewFromImage(image))
    ]
    return np.array(sorted(tuple(np.round(place, 2)) for place in places))


def same_place(one: SimpleITK.Image, other: SimpleITK.Image, tolerance: float) -> None:
    assert one.GetSize() == other.GetSize()
    assert one.GetSpacing() == pytest.approx(other.GetSpacing(), rel=tolerance)
    assert one.GetOrigin() == pytest.approx(other.GetOrigin(), abs=500 * tolerance)
    assert one.GetDirection() == pytest.approx(other.GetDirection(), abs=5 * tolerance)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(image=images(), read_as=st.sampled_from(FORMATS), written_as=st.sampled_from([*FORMATS, ".seg.nrrd"]))
def test_a_mask_comes_back_on_the_grid_it_was_drawn_on(image: SimpleITK.Image, read_as: str, written_as: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ct = folder / f"ct{read_as}"
        SimpleITK.WriteImage(image, str(ct))
        on_disk = SimpleITK.ReadImage(str(ct))
        volume = opened(ct, folder)
        assume(volume.hu.any())
        threshold = int(np.median(volume.hu))
        mask = Mask(volume.hu > threshold, volume.grid)
        written = SimpleITK.ReadImage(str(write_mask(mask, volume, folder / f"mask{written_as}")))
        is_nifti = ".nii" in written_as or ".nii" in read_as
        same_place(written, on_disk, 2e-6 if is_nifti else 1e-12)
        assert (SimpleITK.GetArrayFromImage(written) == (SimpleITK.GetArrayFromImage(on_disk) > threshold)).all()


@settings(max_examples=60, deadline=None)
@given(image=images())
def test_a_voxel_of_the_volume_lies_where_the_file_puts_it(image: SimpleITK.Image) -> None:
    with tempfile.TemporaryDirectory() as name:
        ct = Path(name) / "ct.nrrd"
        SimpleITK.WriteImage(image, str(ct))
        volume = opened(ct, Path(name))
        brightest = int(volume.hu.max())
        ours = volume.grid.to_world(np.argwhere(volume.hu == brightest))
        theirs = points(SimpleITK.Cast(image == brightest, SimpleITK.sitkUInt8))
        assert np.array(sorted(map(tuple, np.round(ours, 2)))) == pytest.approx(theirs, abs=0.02)


def oblique() -> SimpleITK.Image:
    hu = np.random.default_rng(9).integers(-1000, 1500, (4, 6, 9)).astype(np.int16)
    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.9, 3.5))
    image.SetOrigin((-120.5, 33.25, 800))
    image.SetDirection((rotation((12, -20, 31)) @ TURNS[21]).ravel().tolist())
    return image


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_the_whole_way_through_the_guarded_reader(tmp_path: Path, suffix: str) -> None:
    image = oblique()
    ct = tmp_path / f"ct{suffix}"
    SimpleITK.WriteImage(image, str(ct))
    volume = read_volume(ct)
    voxels = np.zeros(volume.grid.shape, dtype=np.uint8)
    voxels[volume.hu > 900] = 2
    path = write_mask(Mask(voxels, volume.grid), volume, tmp_path / f"mask{suffix}")
    written = SimpleITK.ReadImage(str(path))
    assert points(written) == pytest.approx(points(SimpleITK.Cast(image > 900, SimpleITK.sitkUInt8)), abs=0.02)
    assert (read_mask(path, volume).voxels == voxels).all()
