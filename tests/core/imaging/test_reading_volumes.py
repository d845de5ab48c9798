import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import ReadError
from core.imaging.job import Limits
from core.imaging.volume import Intensity
from tests.core.imaging.nifti_files import SFORM, write_nifti
from tests.core.imaging.opening import opened

SHAPE = (5, 12, 14)
FORMATS = ("ct.nii", "ct.nii.gz", "ct.nrrd", "ct.mha")


@pytest.fixture
def hu() -> npt.NDArray[np.int16]:
    return np.random.default_rng(5).integers(-1000, 1200, SHAPE).astype(np.int16)


def image_of(hu: npt.NDArray[Any], direction: npt.ArrayLike = (1, 0, 0, 0, 1, 0, 0, 0, 1)) -> SimpleITK.Image:
    """An ITK image of 2.5 × 0.75 × 0.8 mm voxels; ``direction`` has the columns x, y, z."""
    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing((0.8, 0.75, 2.5))
    image.SetOrigin((-120.5, -90.25, -300))
    image.SetDirection(np.ravel(direction).tolist())
    return image


def oblique() -> npt.NDArray[np.float64]:
    a, b = np.radians((17, -28))
    turn_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    return turn_z @ np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("compress", [False, True])
def test_every_format_gives_the_same_voxels_in_the_same_place(
    tmp_path: Path, hu: npt.NDArray[np.int16], name: str, compress: bool
) -> None:
    direction = oblique()[:, [2, 0, 1]] * (1, -1, 1)
    image = image_of(hu, direction)
    SimpleITK.WriteImage(image, str(tmp_path / name), useCompression=compress)
    volume = opened(tmp_path / name)
    assert volume.source.name == name
    assert volume.intensity is Intensity.HU
    assert volume.source.notes == ()
    world = image.TransformContinuousIndexToPhysicalPoint((3.0, 2.0, 4.0))
    np.testing.assert_allclose(volume.source.grid.to_world((4, 2, 3)), world, atol=1e-4)
    index = np.linalg.solve(volume.grid.affine, (*world, 1))[:3]
    assert volume.hu[tuple(np.rint(index).astype(int))] == hu[4, 2, 3]
    assert sorted(volume.hu.reshape(-1)) == sorted(hu.reshape(-1))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    turn=st.tuples(*[st.floats(-180, 180)] * 3),
    flip=st.booleans(),
    name=st.sampled_from(FORMATS),
)
def test_any_rotation_agrees_with_itk(
    tmp_path_factory: pytest.TempPathFactory, turn: tuple[float, float, float], flip: bool, name: str
) -> None:
    rotation = SimpleITK.Euler3DTransform((0, 0, 0), *np.radians(turn)).GetMatrix()
    direction = np.reshape(rotation, (3, 3)) * (1, 1, -1 if flip else 1)
    hu = np.arange(-500, 340, dtype=np.int16).reshape(SHAPE)
    image = image_of(hu, direction)
    path = tmp_path_factory.mktemp("turned") / name
    SimpleITK.WriteImage(image, str(path))
    volume = opened(path)
    for x, y, z in ((0, 0, 0), (13, 0, 4), (3, 11, 2)):
        world = image.TransformIndexToPhysicalPoint((x, y, z))
        np.testing.assert_allclose(volume.source.grid.to_world((z, y, x)), world, atol=1e-3)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["i2", "i4", "i8", "f4", "f8"])
def test_nifti_number_types(tmp_path: Path, hu: npt.NDArray[np.int16], kind: str, order: str) -> None:
    volume = opened(write_nifti(tmp_path / "ct.nii", hu.astype(kind), order=order))
    np.testing.assert_array_equal(volume.hu, hu[:, :, :])
    # 120.5 mm to the right in RAS is −120.5 in LPS.
    np.testing.assert_allclose(volume.grid.to_world((0, 0, 0)), (-120.5, -90.25, -300))
    assert volume.grid.spacing == pytest.approx((2.5, 0.75, 0.8))


def test_nifti_by_hand_runs_to_lps(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    ras = ((0.8, 0, 0, -50), (0, 0.75, 0, -60), (0, 0, 2.5, -300))
    volume = opened(write_nifti(tmp_path / "ct.nii.gz", hu, sform=ras))
    np.testing.assert_array_equal(volume.hu, hu[:, ::-1, ::-1])
    # The last x of 14 lies at −50 + 13 · 0.8 = −39.6 in RAS, and is the first in LPS.
    np.testing.assert_allclose(volume.grid.to_world((0, 0, 0)), (39.6, 60 - 11 * 0.75, -300), atol=1e-5)


def test_nifti_2_is_read(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    head = bytearray(544)
    struct.pack_into("<i8s2h", head, 0, 540, b"n+2\0\r\n\x1a\n", 4, 16)
    struct.pack_into("<8q", head, 16, 3, 14, 12, 5, 1, 1, 1, 1)
    struct.pack_into("<8d", head, 104, 1, 0.8, 0.75, 2.5, 0, 0, 0, 0)
    struct.pack_into("<q2d", head, 168, 544, 1, 0)
    struct.pack_into("<2i", head, 344, 0, 1)
    struct.pack_into("<12d", head, 400, *np.ravel(SFORM))
    struct.pack_into("<i", head, 500, 2)
    (tmp_path / "ct.nii").write_bytes(bytes(head) + hu.tobytes())
    volume = opened(tmp_path / "ct.nii")
    np.testing.assert_array_equal(volume.hu, hu)
    np.testing.assert_allclose(volume.grid.to_world((0, 0, 0)), (-120.5, -90.25, -300))


def test_a_qform_alone_is_used(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    # A quarter turn about z in RAS: x grows to the front, y to the right... and z flipped by qfac −1.
    half = np.sqrt(0.5)
    path = write_nifti(
        tmp_path / "ct.nii",
        hu,
        sform_code=0,
        qform_code=1,
        quaternion=(0, 0, half, 10, 20, 30),
        pixdim=(-1, 0.8, 0.75, 2.5, 0, 0, 0, 0),
    )
    image = SimpleITK.ReadImage(str(path))
    grid = opened(path).source.grid
    np.testing.assert_allclose(grid.to_world((1, 2, 3)), image.TransformIndexToPhysicalPoint((3, 2, 1)), atol=1e-4)
    # x: +A = −P; 3 · 0.8 mm. y: −R = +L... in RAS −x; 2 · 0.75 mm. z: −S; 2.5 mm.
    np.testing.assert_allclose(grid.to_world((1, 2, 3)), (-(10 - 1.5), -(20 + 2.4), 30 - 2.5), atol=1e-4)


def test_rescale_slope_and_intercept_are_applied(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    volume = opened(write_nifti(tmp_path / "ct.nii", (hu + 1024).astype("u2"), slope=0.5, intercept=-1024))
    np.testing.assert_array_equal(volume.hu, np.rint((hu + 1024.0) * 0.5 - 1024))


def test_a_slope_of_zero_means_none(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    np.testing.assert_array_equal(opened(write_nifti(tmp_path / "ct.nii", hu, slope=0, intercept=7)).hu, hu)


def test_a_fourth_dimension_of_one_is_accepted(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    path = write_nifti(tmp_path / "ct.nii", hu, dim=(4, 14, 12, 5, 1, 1, 1, 1))
    np.testing.assert_array_equal(opened(path).hu, hu)


def test_what_a_file_does_not_say_is_noted(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    volume = opened(write_nifti(tmp_path / "ct.nii", hu, sform_code=0))
    assert any("left and right are not known" in note for note in volume.source.notes)
    np.testing.assert_array_equal(volume.hu, hu)


@pytest.mark.parametrize(("unit", "factor", "word"), [(1, 1e-3, "metres"), (3, 1e3, "micrometres")])
def test_other_units_are_converted(
    tmp_path: Path, hu: npt.NDArray[np.int16], unit: int, factor: float, word: str
) -> None:
    pixdim = (1, 0.8 * factor, 0.75 * factor, 2.5 * factor, 0, 0, 0, 0)
    volume = opened(write_nifti(tmp_path / "ct.nii", hu, units=unit, pixdim=pixdim, sform=np.array(SFORM) * factor))
    assert volume.grid.spacing == pytest.approx((2.5, 0.75, 0.8))
    assert any(word in note for note in volume.source.notes)


def test_a_small_difference_of_qform_and_sform_is_noted(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    # The quaternion (0, 0, 1) is half a turn about z, as in SFORM, and lies 10 mm further to the right.
    path = write_nifti(tmp_path / "ct.nii", hu, qform_code=1, quaternion=(0, 0, 1, 130.5, 90.25, -300))
    volume = opened(path)
    assert any("10.0 mm apart (qform and sform)" in note for note in volume.source.notes)
    np.testing.assert_allclose(volume.grid.to_world((0, 0, 0)), (-120.5, -90.25, -300))


def test_a_picture_beside_a_volume_is_left_out_by_name(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    SimpleITK.WriteImage(image_of(hu), str(tmp_path / "ct.nii.gz"))
    Image.fromarray(np.zeros((9, 14), np.uint8)).save(tmp_path / "slice.png")
    picture = "“slice.png” was left out: pictures and volumes are not opened together."
    assert opened([tmp_path / "slice.png", tmp_path / "ct.nii.gz"]).source.notes == (picture,)
    for name in ("1.txt", "2.txt"):
        (tmp_path / name).write_text("a note")
    texts = "“1.txt”, “2.txt” were left out: they hold no image that Lobule can open."
    assert opened(tmp_path).source.notes == (picture, texts)


def test_missing_values_become_air_with_a_note(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    values = hu.astype("f4")
    values[1, 2, 3], values[4, 5, 6] = np.nan, np.inf
    volume = opened(write_nifti(tmp_path / "ct.nii", values))
    assert (volume.hu[1, 2, 3], volume.hu[4, 5, 6]) == (-1024, -1024)
    assert any(note.startswith("2 voxels without a value") for note in volume.source.notes)
    assert (volume.hu == hu).sum() == hu.size - 2


def test_a_few_values_beyond_int16_are_cut_with_a_note(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    values = hu.astype("i4")
    values[1, 2, 3] = 60000
    volume = opened(write_nifti(tmp_path / "ct.nii", values))
    assert volume.hu[1, 2, 3] == 32767
    assert any(note.startswith("1 voxel outside") for note in volume.source.notes)


def test_numbers_that_are_not_hounsfield_units_are_noted(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    volume = opened(write_nifti(tmp_path / "mr.nii", np.abs(hu)))
    assert volume.intensity is Intensity.ARBITRARY
    assert any("not Hounsfield units" in note for note in volume.source.notes)


def test_a_wrong_ending_is_noted(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    volume = opened(write_nifti(tmp_path / "ct.nrrd", hu))
    assert volume.source.notes == ("“ct.nrrd” holds NIfTI, whatever its name says, and was read so.",)


NIFTI_SHEAR = ((-0.8, 0, 0.5, 120), (0, -0.75, 0, 90), (0, 0, 2.45, -300))
NIFTI_NAN = ((np.nan, 0, 0, 0), (0, -0.75, 0, 90), (0, 0, 2.5, -300))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"dim": (4, 14, 12, 5, 3, 1, 1, 1)}, "dimensions 14 × 12 × 5 × 3; Lobule needs one 3-D volume"),
        ({"dim": (2, 14, 60, 1, 1, 1, 1, 1)}, "dimensions 14 × 60; Lobule needs one 3-D volume"),
        ({"dim": (3, -14, 12, 5, 1, 1, 1, 1)}, "dimensions -14 × 12 × 5"),
        ({"dim": (9, 14, 12, 5, 1, 1, 1, 1)}, "one 3-D volume"),
        ({"dim": (3, 30000, 30000, 30000, 1, 1, 1, 1)}, "27,000,000,000,000 voxels; at most 600,000,000"),
        ({"dim": (3, 14, 12, 50, 1, 1, 1, 1)}, r"is incomplete: 1\.7 kB of 16\.8 kB"),
        ({"dim": (3, 14, 12, 4, 1, 1, 1, 1)}, "holds more data than its header declares"),
        ({"keep": 1000}, r"is incomplete: 648 bytes of 1\.7 kB"),
        ({"keep": 352}, r"is incomplete: 0 bytes of 1\.7 kB"),
        ({"keep": 100}, r"does not hold a NIfTI image, whatever its name says \(\d+ bytes\)"),
        ({"tail": b"x"}, "holds more data than its header declares"),
        ({"datatype": 128, "bitpix": 24}, "holds colours"),
        ({"datatype": 32, "bitpix": 64}, "holds complex numbers"),
        ({"datatype": 999}, "number type 999 does not exist"),
        ({"bitpix": 64}, "64 bits per voxel where its number type has 16"),
        ({"pixdim": (1, 0, 0, 0, 0, 0, 0, 0)}, "voxel size of 0 × 0 × 0 mm"),
        ({"pixdim": (1, np.nan, 0.75, 2.5, 0, 0, 0, 0)}, "voxel size of 2.5 × 0.75 × nan mm"),
        ({"pixdim": (1, 0.8, 0.75, 5, 0, 0, 0, 0)}, "gives two voxel sizes"),
        ({"sform": NIFTI_NAN}, "its sform holds NaN"),
        ({"sform": np.zeros((3, 4))}, "which cannot be"),
        ({"sform": NIFTI_SHEAR}, r"is sheared: its axes are 11\.5° away from right angles"),
        ({"qform_code": 1, "quaternion": (0, 0, 0, 0, 0, 0)}, "left and right cannot be trusted"),
        ({"qform_code": 1, "quaternion": (2, 2, 2, 0, 0, 0)}, "its qform is not a rotation"),
        ({"vox_offset": 1e9}, "its voxels start at byte 1e.09"),
        ({"vox_offset": -1000}, "its voxels start at byte -1000"),
        ({"slope": np.nan, "intercept": 3}, "rescale slope nan"),
        ({"units": 5}, "unit of length 5"),
        ({"magic": b"ni1\0"}, r"half of a \.hdr/\.img pair"),
    ],
)
@pytest.mark.parametrize("name", ["ct.nii", "ct.nii.gz"])
def test_a_nifti_that_cannot_be_trusted_is_refused(
    tmp_path: Path, hu: npt.NDArray[np.int16], name: str, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ReadError, match=rf"{name}.*{sentence}"):
        opened(write_nifti(tmp_path / name, hu, **wrong))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.full(SHAPE, np.nan, "f4"), "no values, only NaN"),
        (np.linspace(0, 1, 840, dtype="f4").reshape(SHAPE), "from 0 to 1: it has been normalised"),
        (np.arange(840, dtype="u1").reshape(SHAPE) % 3, "looks like labels, not a CT: 3 different whole numbers"),
        (np.arange(840).reshape(SHAPE).astype("f4") % 2, "looks like labels"),
        (np.arange(840, dtype="i4").reshape(SHAPE) * 9999, "far outside a CT"),
        (np.arange(840, dtype="u2").reshape(SHAPE) * 78, "far outside a CT"),
        (np.arange(-840 * 30, 0, 30, dtype="i2").reshape(SHAPE), "bytes are probably in the wrong order"),
    ],
)
def test_numbers_that_cannot_be_a_ct_are_refused(tmp_path: Path, values: npt.NDArray[Any], sentence: str) -> None:
    with pytest.raises(ReadError, match=rf"x\.nii.*{sentence}"):
        opened(write_nifti(tmp_path / "x.nii", values))


def test_a_packed_file_that_goes_on_forever_is_refused(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    path = write_nifti(tmp_path / "bomb.nii.gz", hu, tail=bytes(50_000_000))
    assert path.stat().st_size < 300_000
    with pytest.raises(ReadError, match="more data than its header declares"):
        opened(path)


@pytest.mark.parametrize("damage", [lambda b: b[:-300], lambda b: b[:-8] + b"\0\0\0\0" + b[-4:], lambda b: b + b"junk"])
def test_a_damaged_gzip_is_refused(tmp_path: Path, hu: npt.NDArray[np.int16], damage: Callable[[bytes], bytes]) -> None:
    path = write_nifti(tmp_path / "ct.nii.gz", hu)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ReadError, match=r"ct\.nii\.gz is damaged or incomplete"):
        opened(path)


def test_gzip_in_several_members_is_read(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    whole = write_nifti(tmp_path / "ct.nii", hu).read_bytes()
    path = tmp_path / "ct.nii.gz"
    path.write_bytes(gzip.compress(whole[:700]) + gzip.compress(whole[700:]) + bytes(16))
    np.testing.assert_array_equal(opened(path).hu, hu)


@pytest.mark.parametrize("name", ["ct.nrrd", "ct.mha"])
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("left", [0.1, 0.6, 0.99])
def test_a_truncated_volume_is_refused(
    tmp_path: Path, hu: npt.NDArray[np.int16], name: str, compress: bool, left: float
) -> None:
    path = tmp_path / name
    SimpleITK.WriteImage(image_of(hu), str(path), useCompression=compress)
    path.write_bytes(path.read_bytes()[: int(left * path.stat().st_size)])
    with pytest.raises(ReadError, match=rf"{name} .*(incomplete|damaged)"):
        opened(path)


NRRD = """NRRD0004
type: short
dimension: 3
sizes: 14 12 5
endian: little
encoding: raw
space: left-posterior-superior
space directions: (0.8,0,0) (0,0.75,0) (0,0,2.5)
space origin: (-120.5,-90.25,-300)
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("encoding: raw", "encoding: raw\ndata file: /etc/passwd", "points to another file .* self-contained"),
        ("encoding: raw", "encoding: raw\nDatafile:ct.raw", "points to another file"),
        ("encoding: raw", "encoding: raw\nbyte skip: -1", "skips bytes"),
        ("encoding: raw", "encoding: hex", "stored as “hex”"),
        ("type: short", "type: block", "field “type”"),
        ("endian: little\n", "", "field “endian”"),
        ("endian: little\n", 'endian: little\nspace units: "mm" "mm" "um"\n', "counts in um, not millimetres"),
        ("dimension: 3", "dimension: three", "field “dimension”"),
        ("sizes: 14 12 5", "sizes: 14 12", "field “sizes”"),
        ("sizes: 14 12 5", "sizes: 14000 12000 5000", "840,000,000,000 voxels"),
        ("dimension: 3\nsizes: 14 12 5", "dimension: 4\nsizes: 14 12 5 2", "one 3-D volume"),
        ("encoding: raw", "encoding: raw\nkinds: RGB-color domain domain", "colours or vectors"),
        ("(0,0,2.5)", "(0,0.6,2.5)", "is sheared"),
        ("(0,0,2.5)", "(0,0,nan)", "position holds NaN"),
        ("(0,0,2.5)", "(0,0,0)", "which cannot be"),
        ("(0,0,2.5)", "(0,0)", "field “space directions”"),
        ("left-posterior-superior", "scanner-xyz", "space “scanner-xyz”"),
        ("NRRD0004\n", "NRRD0004\n# " + "x" * (1 << 20), "header does not end"),
    ],
)
def test_a_nrrd_that_cannot_be_trusted_is_refused(
    tmp_path: Path, hu: npt.NDArray[np.int16], old: str, new: str, sentence: str
) -> None:
    path = tmp_path / "ct.nrrd"
    assert old in NRRD
    path.write_bytes(NRRD.replace(old, new).encode() + b"\n" + hu.tobytes())
    with pytest.raises(ReadError, match=rf"ct\.nrrd .*{sentence}"):
        opened(path)


def test_nrrd_by_hand(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    path = tmp_path / "ct.nrrd"
    path.write_bytes(NRRD.encode() + b"\n" + hu.tobytes())
    volume = opened(path)
    np.testing.assert_array_equal(volume.hu, hu)
    assert volume.grid.spacing == pytest.approx((2.5, 0.75, 0.8))
    path.write_bytes(NRRD.replace("left-posterior", "right-anterior").encode() + b"\n" + hu.tobytes())
    np.testing.assert_array_equal(opened(path).hu, hu[:, ::-1, ::-1])


def test_nrrd_without_a_voxel_size_has_no_millimetres(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    path = tmp_path / "ct.nrrd"
    path.write_bytes("\n".join(NRRD.splitlines()[:6]).encode() + b"\n\n" + hu.tobytes())
    volume = opened(path)
    assert not volume.grid.has_spacing
    assert any("no voxel size" in note for note in volume.source.notes)


META = """ObjectType = Image
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
CompressedData = False
TransformMatrix = 1 0 0 0 1 0 0 0 1
Offset = -120.5 -90.25 -300
ElementSpacing = 0.8 0.75 2.5
DimSize = 14 12 5
ElementType = MET_SHORT
ElementDataFile = LOCAL
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("= LOCAL", "= /etc/passwd", "points to another file .* self-contained"),
        ("= LOCAL", "= ../secret.raw", "points to another file"),
        ("= LOCAL", "= LIST", "points to another file"),
        ("= LOCAL", "= ct.mha", "points to another file"),
        ("DimSize = 14 12 5", "DimSize = 14 12", "field “DimSize”"),
        ("DimSize = 14 12 5", "DimSize = 14 12 500000000", "84,000,000,000 voxels"),
        ("DimSize = 14 12 5", "DimSize = 14 12 6", "is incomplete"),
        ("DimSize = 14 12 5", "DimSize = 14 12 4", "more data than its header declares"),
        ("NDims = 3", "NDims = 3\nElementNumberOfChannels = 3", "colours or vectors"),
        ("NDims = 3", "NDims = 3\nDistanceUnits = um", "counts in um, not millimetres"),
        ("MET_SHORT", "MET_STRANGE", "MET_STRANGE numbers"),
        ("BinaryData = True", "BinaryData = False", "as text"),
        ("NDims = 3", "NDims = 3\nHeaderSize = -1", "skips bytes"),
        ("0.8 0.75 2.5", "0.8 0.75 0", "which cannot be"),
        ("0.8 0.75 2.5", "0.8 0.75", "field “ElementSpacing”"),
        ("1 0 0 0 1 0 0 0 1", "1 0 0 0 1 0 0 0.3 1", "is sheared"),
        ("ElementDataFile = LOCAL\n", "", "header does not end"),
    ],
)
def test_a_metaimage_that_cannot_be_trusted_is_refused(
    tmp_path: Path, hu: npt.NDArray[np.int16], old: str, new: str, sentence: str
) -> None:
    path = tmp_path / "ct.mha"
    assert old in META
    path.write_bytes(META.replace(old, new).encode() + hu.tobytes())
    with pytest.raises(ReadError, match=rf"ct\.mha .*{sentence}"):
        opened(path)


def test_a_header_reads_its_raw_file_only_if_both_were_given(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    header, raw = tmp_path / "ct.mhd", tmp_path / "ct.raw"
    header.write_text(META.replace("LOCAL", "ct.raw"))
    raw.write_bytes(hu.tobytes())
    for source in ([header, raw], tmp_path):
        np.testing.assert_array_equal(opened(source).hu, hu)
    with pytest.raises(ReadError, match=r"ct\.mhd points to another file"):
        opened(header)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "notes.txt",
            b"The patient was scanned on Monday.",
            r"notes\.txt is not an image that Lobule can open. Open a",
        ),
        (
            "scan.dcm",
            b"\x01\x02\x03" * 200,
            r"scan\.dcm does not hold a DICOM image, whatever its name says \(600 bytes\)",
        ),
        ("scan.nii.gz", b"", r"scan\.nii\.gz is empty \(0 bytes\)"),
        ("scan.nii.gz", gzip.compress(b"hello", mtime=0), "does not hold a NIfTI image"),
        ("scan.nii.gz", b"plain text", "does not hold a NIfTI image"),
        ("scan.exe", b"MZ\x90\0" * 64, "is not an image that Lobule can open"),
        ("scan.hdr", b"\x5c\x01\0\0" * 87, r"half of a \.hdr/\.img pair"),
        ("scan.tar.gz", gzip.compress(b"x" * 600, mtime=0), "is not an image that Lobule can open"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match=sentence) as caught:
        opened(tmp_path / name)
    assert str(tmp_path) not in str(caught.value)


def test_nothing_and_too_much_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"gone\.nii does not exist"):
        opened(tmp_path / "gone.nii")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError, match="empty holds no images"):
        opened(tmp_path / "empty")
    with pytest.raises(ReadError, match="holds no images"):
        opened([])
    for n in range(4):
        (tmp_path / "empty" / f"{n}").write_text("x")
    with pytest.raises(ReadError, match="more than 3 files"):
        opened(tmp_path / "empty", limits=Limits(max_files=3))


def test_several_volumes_at_once_are_refused(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_nifti(tmp_path / "a.nii", hu)
    write_nifti(tmp_path / "b.nii", hu)
    with pytest.raises(ReadError, match=r"2 volumes: a\.nii, b\.nii\. Open one at a time"):
        opened(tmp_path)
