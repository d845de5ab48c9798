import errno
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
import SimpleITK
from PIL import Image
from pydicom import uid

from core.errors import ReadError
from core.imaging.job import Limits
from core.imaging.reading import SeveralSeries
from core.imaging.volume import Intensity
from tests.core.imaging.dicom_files import PATIENT_ID, PATIENT_NAME, compress, item, multi_frame, write_series
from tests.core.imaging.nifti_files import write_nifti
from tests.core.imaging.opening import opened

SHAPE = (7, 20, 24)
SPACING = (2.5, 0.75, 0.8)
OTHER_SERIES = "1.2.826.0.1.3680043.8.498.777"


@pytest.fixture
def hu() -> npt.NDArray[np.int16]:
    """Noise like a CT, with the number of the slice burned into its first pixel."""
    voxels = np.random.default_rng(3).integers(-1000, 1200, SHAPE).astype(np.int16)
    voxels[:, 0, 0] = np.arange(SHAPE[0]) * 10
    return voxels


def test_folder_files_and_zip_give_the_same_volume_exactly(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    files = write_series(tmp_path / "ct" / "deep", hu)
    with zipfile.ZipFile(tmp_path / "ct.zip", "w") as pack:
        for file in files:
            pack.write(file, f"study/{file.name}")
    volumes = [opened(tmp_path / "ct"), opened(files[::-1]), opened(tmp_path / "ct.zip")]
    for volume in volumes:
        np.testing.assert_array_equal(volume.hu, hu)
        assert volume.grid.spacing == pytest.approx(SPACING)
        assert volume.grid.affine[:3, 3] == pytest.approx((-120.5, -90.25, -300))
        assert volume.source.format == "DICOM"
        assert volume.source.modality == "CT"
        assert volume.source.notes == ()
        assert volume.intensity is Intensity.HU
    assert len({volume.key for volume in volumes}) == 1


@pytest.mark.parametrize("order", [(6, 5, 4, 3, 2, 1, 0), (3, 0, 6, 1, 5, 2, 4)])
def test_slices_are_ordered_by_position_not_by_number_or_name(
    tmp_path: Path, hu: npt.NDArray[np.int16], order: tuple[int, ...]
) -> None:
    write_series(tmp_path, hu, order=order)
    assert list(opened(tmp_path).hu[:, 0, 0]) == [0, 10, 20, 30, 40, 50, 60]


def test_a_sagittal_series_ends_in_lps(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    # Slices go to the right, rows run down to the feet, columns to the back: (z, y, x) = (-x, -z, +y).
    direction = np.array([[-1, 0, 0], [0, 0, 1], [0, -1, 0]])
    write_series(tmp_path, hu, direction=direction)
    volume = opened(tmp_path)
    assert volume.source.grid.orientation == "PIR"
    assert volume.grid.orientation == "LPS"
    assert volume.grid.shape == (20, 24, 7)
    assert volume.grid.spacing == pytest.approx((0.75, 0.8, 2.5))
    # The first voxel stored is at the head, in front, to the left.
    assert volume.hu[19, 0, 6] == hu[0, 0, 0]
    assert volume.hu[18, 2, 5] == hu[1, 1, 2]
    np.testing.assert_allclose(volume.grid.to_world((19, 0, 6)), (-120.5, -90.25, -300))


def test_a_prone_patient_with_flipped_rows_ends_in_lps(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    direction = np.array([[0, 0, -1], [0, -1, 0], [1, 0, 0]])
    write_series(tmp_path, hu, direction=direction)
    volume = opened(tmp_path)
    assert volume.grid.orientation == "LPS"
    np.testing.assert_array_equal(volume.hu, hu[:, ::-1, ::-1])


def test_an_oblique_series_lies_where_its_files_say(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    a, b = np.radians((20, 35))
    turn_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    rotation = turn_z @ turn_x
    write_series(tmp_path, hu, direction=rotation[:, ::-1])
    volume = opened(tmp_path)
    expected = np.array((-120.5, -90.25, -300)) + rotation @ np.array((0.8 * 3, 0.75 * 2, 2.5 * 5))
    np.testing.assert_allclose(volume.source.grid.to_world((5, 2, 3)), expected, atol=1e-4)


def test_geometry_agrees_with_itk(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    files = write_series(tmp_path, hu)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in files])
    image = reader.Execute()
    volume = opened(tmp_path)
    np.testing.assert_array_equal(volume.hu, SimpleITK.GetArrayFromImage(image))
    world = image.TransformContinuousIndexToPhysicalPoint((3.0, 2.0, 5.0))
    np.testing.assert_allclose(volume.grid.to_world((5, 2, 3)), world, atol=1e-6)


def test_the_patient_never_gets_in(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu, SeriesDescription=f"Liver {PATIENT_NAME.split('^')[0]} {PATIENT_ID}")
    volume = opened(tmp_path)
    shown = repr(volume.source).lower()
    for secret in ("hofmann", "wilhelmine", "4711", "1931"):
        assert secret not in shown
    assert volume.source.name == "DICOM series"


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("Wu^Li", "Wu abdomen"),
        ("Wu^Li", "CT_LI_abd"),
        ("Wu^Li", "WuLi abdomen"),
        ("Müller^Anna", "Muller abdomen"),
        ("Müller^Anna", "MUELLER abdomen"),
        ("Muller^Anna", "Müller abdomen"),
        ("Mueller^Anna", "Abdomen Müller"),
        ("Łukasz^Ødegård", "Lukasz abdomen"),
        ("Łukasz^Ødegård", "abdomen odegard"),
        ("Hofmann^Anna", "Hofmann-Meier abd"),
        ("王^立", "王立腹部"),
    ],
)
def test_a_description_that_names_the_patient_is_not_shown(
    tmp_path: Path, hu: npt.NDArray[np.int16], name: str, description: str
) -> None:
    write_series(tmp_path, hu, SpecificCharacterSet="ISO_IR 192", PatientName=name, SeriesDescription=description)
    source = opened(tmp_path).source
    assert (source.name, source.description) == ("DICOM series", "")


@pytest.mark.parametrize(
    "spelling",
    ["1961-03-04", "04.03.1961", "3/4/1961", "4.3.61", "61_03_04", "04MAR61", "Mar 4, 61", "04031961", "born 1961"],
)
def test_a_description_with_the_birth_date_is_not_shown(
    tmp_path: Path, hu: npt.NDArray[np.int16], spelling: str
) -> None:
    write_series(tmp_path, hu, PatientBirthDate="19610304", SeriesDescription=f"Abdomen {spelling}")
    assert opened(tmp_path).source.name in ("DICOM series", "Abdomen")


@pytest.mark.parametrize(
    "tags",
    [
        {"AccessionNumber": "ACC-99-31"},
        {"PatientID": "ACC9931"},
        {"OtherPatientIDs": ["KRK 1", "ACC-99"]},
        {"OtherPatientIDsSequence": [item(PatientID="ACC99")]},
        {"OtherPatientNames": ["Acc^Anna", "Berger^Anna"]},
        {"PatientBirthName": "Acc^Anna"},
    ],
)
def test_a_description_with_a_number_or_name_of_the_patient_is_not_shown(
    tmp_path: Path, hu: npt.NDArray[np.int16], tags: dict[str, Any]
) -> None:
    write_series(tmp_path, hu, SeriesDescription="Abdomen ACC-99-31", **tags)
    assert opened(tmp_path).source.description == ""


def test_long_numbers_in_a_description_are_dropped(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu, SeriesDescription="Abdomen 1234567 venous A998877 5.0 B30f 70%")
    assert opened(tmp_path).source.name == "Abdomen venous A 5.0 B30f 70%"


@pytest.mark.parametrize("name", ["Li^Wu^A", "", "5^30"])
def test_a_description_without_the_patient_is_shown(tmp_path: Path, hu: npt.NDArray[np.int16], name: str) -> None:
    write_series(tmp_path, hu, PatientName=name, PatientID="5", SeriesDescription="Abdomen liver 5.0 B30f 120 kV")
    assert opened(tmp_path).source.name == "Abdomen liver 5.0 B30f 120 kV"


@pytest.mark.parametrize(
    ("syntax", "what"),
    [
        (uid.ImplicitVRLittleEndian, {}),
        (uid.ExplicitVRBigEndian, {}),
        (uid.DeflatedExplicitVRLittleEndian, {}),
        (uid.RLELossless, {}),
    ],
)
def test_transfer_syntaxes(tmp_path: Path, hu: npt.NDArray[np.int16], syntax: uid.UID, what: dict[str, Any]) -> None:
    for file in write_series(tmp_path, hu):
        data = pydicom.dcmread(file)
        if syntax == uid.RLELossless:
            data.compress(syntax)
        elif syntax == uid.ExplicitVRBigEndian:
            data.PixelData = np.frombuffer(data.PixelData, "<u2").astype(">u2").tobytes()
        data.file_meta.TransferSyntaxUID = syntax
        little = syntax != uid.ExplicitVRBigEndian
        implicit = syntax == uid.ImplicitVRLittleEndian
        with file.open("wb") as target:
            pydicom.dcmwrite(target, data, implicit_vr=implicit, little_endian=little, force_encoding=True)
    np.testing.assert_array_equal(opened(tmp_path).hu, hu)


@pytest.mark.parametrize("compressor", ["JPEG2000", "JPEG"])
def test_lossless_compression(tmp_path: Path, hu: npt.NDArray[np.int16], compressor: str) -> None:
    for file in write_series(tmp_path / "plain", hu):
        compress(file, tmp_path / file.name, compressor)
    for file in (tmp_path / "plain").iterdir():
        file.unlink()
    np.testing.assert_array_equal(opened(tmp_path).hu, hu)


def test_files_without_preamble_are_read(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    for file in write_series(tmp_path, hu):
        data = pydicom.dcmread(file)
        bare = pydicom.Dataset(data)
        with file.open("wb") as target:
            pydicom.dcmwrite(target, bare, implicit_vr=False, little_endian=True)
        assert file.read_bytes()[128:132] != b"DICM"
    np.testing.assert_array_equal(opened(tmp_path).hu, hu)


def test_signed_twelve_bit_pixels_keep_their_sign(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    stored = np.clip(hu, -1000, 1200)
    for z, file in enumerate(write_series(tmp_path, hu)):
        data = pydicom.dcmread(file)
        data.PixelRepresentation, data.BitsStored, data.HighBit = 1, 12, 11
        data.RescaleIntercept = 0
        # High bits are not part of the value: an old scanner may have left an overlay there.
        data.PixelData = ((stored[z].view(np.uint16) & 0x0FFF) | 0x4000).tobytes()
        data.save_as(file)
    np.testing.assert_array_equal(opened(tmp_path).hu, hu)


def test_the_rescale_of_each_slice_is_applied_to_it(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    even = (hu // 6 * 6).astype(np.int16)
    for z, file in enumerate(write_series(tmp_path, even)):
        data = pydicom.dcmread(file)
        slope = (1, 2, 3)[z % 3]
        data.RescaleSlope, data.RescaleIntercept = slope, -1026
        data.PixelData = ((even[z] + 1026) // slope).astype("<u2").tobytes()
        data.save_as(file)
    volume = opened(tmp_path)
    np.testing.assert_array_equal(volume.hu, even)
    assert any("rescale differs" in note for note in volume.source.notes)


def test_a_fractional_rescale_is_rounded(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu, RescaleSlope="0.1", RescaleIntercept="-100.04")
    expected = np.rint((hu.astype(float) + 1024) * 0.1 - 100.04)
    np.testing.assert_array_equal(opened(tmp_path).hu, expected)


def test_thickness_that_differs_from_the_distance_is_noted(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu, SliceThickness=5)
    volume = opened(tmp_path)
    assert volume.grid.spacing[0] == pytest.approx(2.5)
    assert any("5 mm thick and 2.5 mm apart" in note for note in volume.source.notes)


def test_junk_is_passed_over(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu)
    for name in (".DS_Store", "Thumbs.db", "DICOMDIR"):
        (tmp_path / name).write_bytes(b"\0junk")
    (tmp_path / "readme.txt").write_text("Ordered by date.")
    volume = opened(tmp_path)
    assert volume.slices == 7
    assert volume.source.notes == ("“readme.txt” was left out: it holds no image that Lobule can open.",)


def test_a_localiser_in_the_series_is_left_out_with_a_note(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu)
    coronal = np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]])
    write_series(tmp_path, hu[:1], direction=coronal, prefix="scout", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    volume = opened(tmp_path)
    np.testing.assert_array_equal(volume.hu, hu)
    assert any(note == "1 localiser image in the series was left out." for note in volume.source.notes)


def test_an_mr_is_opened_with_a_note(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, np.abs(hu), Modality="MR", SOPClassUID=uid.MRImageStorage)
    volume = opened(tmp_path)
    assert volume.intensity is Intensity.ARBITRARY
    assert any("modality is MR" in note for note in volume.source.notes)


def test_several_series_are_offered_largest_axial_ct_first(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path / "a", hu[:3], SeriesInstanceUID=OTHER_SERIES, SeriesDescription="Arterial")
    write_series(tmp_path / "b", hu)
    write_series(tmp_path / "c", np.abs(hu), SeriesInstanceUID="1.2.3", Modality="MR", SeriesDescription="T2")
    with pytest.raises(SeveralSeries, match=r"3 series: Abdomen portal venous \(CT, 7 slices") as caught:
        opened(tmp_path)
    first, second, third = caught.value.choices
    assert (first.description, second.description, third.modality) == ("Abdomen portal venous", "Arterial", "MR")
    assert (first.slices, first.size) == (7, (20, 24))
    assert first.spacing == pytest.approx(SPACING)
    assert first.thumbnail.dtype == np.uint8
    assert first.thumbnail.shape == (20, 24)
    # W400 L40: −160 HU is black, 240 HU white, and 40 HU of slice 4 of 7 lies in the middle.
    assert first.thumbnail[0, 0] == round((30 + 160) / 400 * 255)
    np.testing.assert_array_equal(opened(tmp_path, series=second.key).hu, hu[:3])


def test_a_key_tells_nothing_and_a_wrong_one_is_refused(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path / "a", hu[:3], SeriesInstanceUID=OTHER_SERIES)
    write_series(tmp_path / "b", hu)
    with pytest.raises(SeveralSeries) as caught:
        opened(tmp_path)
    assert all(len(choice.key) == 10 and "." not in choice.key for choice in caught.value.choices)
    with pytest.raises(ReadError, match="not among these files"):
        opened(tmp_path, series="nonsense")


@pytest.mark.parametrize("tag", ["TemporalPositionIdentifier", "AcquisitionNumber"])
def test_two_phases_in_one_series_are_offered_apart(tmp_path: Path, hu: npt.NDArray[np.int16], tag: str) -> None:
    write_series(tmp_path, hu, prefix="a", **{tag: 1})
    write_series(tmp_path, hu[:, ::-1], prefix="b", **{tag: 2})
    with pytest.raises(SeveralSeries, match=r"(phase|acquisition) 1 of 2") as caught:
        opened(tmp_path)
    first, second = caught.value.choices
    np.testing.assert_array_equal(opened(tmp_path, series=first.key).hu, hu)
    np.testing.assert_array_equal(opened(tmp_path, series=second.key).hu, hu[:, ::-1])


def test_an_identical_duplicate_is_dropped_with_a_note(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu)
    write_series(tmp_path, hu, order=[4], prefix="again")
    volume = opened(tmp_path)
    np.testing.assert_array_equal(volume.hu, hu)
    assert any(note == "1 duplicate slice with identical pixels was left out." for note in volume.source.notes)


def test_an_enhanced_multi_frame_ct_is_one_volume(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    file = write_series(tmp_path, hu[:1])[0]
    multi_frame(file, [2, 0, 1, 6, 5, 4, 3], hu)
    volume = opened(file)
    np.testing.assert_array_equal(volume.hu, hu)
    assert volume.grid.spacing == pytest.approx(SPACING)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"PatientID": lambda z: f"P{z // 4}"}, "2 different patients"),
        ({"ImagePositionPatient": None}, "position or orientation is missing"),
        ({"ImageOrientationPatient": None}, "position or orientation is missing"),
        ({"PixelSpacing": [0, 0.8]}, "pixel spacing is missing, zero or not a number"),
        ({"PixelSpacing": None}, "pixel spacing is missing"),
        ({"PixelSpacing": lambda z: [0.75, 0.8 + 0.1 * (z > 3)]}, r"pixel spacing changes .*0\.9 mm"),
        ({"FrameOfReferenceUID": lambda z: f"1.2.{z // 4}"}, "different studies or positions"),
        ({"RescaleSlope": 0}, r"rescale of 0 × value"),
        ({"BitsAllocated": 12}, "12 bits per pixel"),
        ({"ImagePositionPatient": lambda z: [0, 0, (0, 2.5, 5, 8.5, 11, 15, 18)[z]]}, r"varies from 2\.5 to 4 mm"),
        ({"ImagePositionPatient": lambda z: [0, 0.6 * z, 2.5 * z]}, r"tilted by 13\.5°"),
        ({"ImagePositionPatient": lambda z: [4.0 * (z == 3), 0, 2.5 * z]}, r"sideways .* 4\.0 mm"),
        (
            {"ImageOrientationPatient": lambda z: [1, 0, 0, 0, 1, 0] if z else [1, 0, 0, 0, 0, -1]},
            r"different orientations \(1 of 7 differ: IM0001\.dcm\)",
        ),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "not a right angle"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "IM0001.dcm is a colour picture"),
        ({"Modality": "OT", "ImagePositionPatient": None}, "is a screenshot stored as DICOM"),
        ({"SOPClassUID": uid.SegmentationStorage}, r"a DICOM segmentation \(SEG\), not a CT"),
        ({"SOPClassUID": uid.EnhancedSRStorage, "Rows": None}, "a DICOM object without an image"),
        ({"RescaleIntercept": 20000}, "says CT, but its values .* not Hounsfield"),
    ],
)
def test_a_series_that_cannot_be_trusted_is_refused(
    tmp_path: Path, hu: npt.NDArray[np.int16], overrides: dict[str, Any], sentence: str
) -> None:
    write_series(tmp_path, hu, **overrides)
    with pytest.raises(ReadError, match=sentence):
        opened(tmp_path)


def test_a_position_that_is_not_a_number_is_refused(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    victim = write_series(tmp_path, hu)[3]
    assert b"-292.500000" in victim.read_bytes()
    victim.write_bytes(victim.read_bytes().replace(b"-292.500000", b"nan        "))
    with pytest.raises(ReadError, match=r"IM0004\.dcm: the slice position or orientation is missing"):
        opened(tmp_path)


def test_dicom_beside_a_volume_file_is_refused(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu)
    write_nifti(tmp_path / "labels.nii", hu)
    with pytest.raises(ReadError, match=r"both DICOM images and labels\.nii\. Open one of them at a time"):
        opened(tmp_path)


@pytest.mark.parametrize(("name", "content"), [("IM0009", b"\1\0\2" * 90), ("IM0009", b"")])
def test_a_broken_file_named_like_the_slices_is_not_passed_over(
    tmp_path: Path, hu: npt.NDArray[np.int16], name: str, content: bytes
) -> None:
    for file in write_series(tmp_path, hu):
        file.rename(file.with_suffix(""))
    (tmp_path / "VERSION").write_text("made by a viewer")
    assert opened(tmp_path).slices == 7
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match=r"IM0009 (lies among DICOM slices but is damaged|is empty)"):
        opened(tmp_path)


@pytest.mark.parametrize("name", ["IM0007.dcm", "IM0004.dcm", "preview.png"])
def test_a_web_page_in_place_of_an_image_is_not_passed_over(
    tmp_path: Path, hu: npt.NDArray[np.int16], name: str
) -> None:
    write_series(tmp_path, hu)
    (tmp_path / name).write_text("<html>504 gateway timeout</html>")
    with pytest.raises(ReadError, match=rf"{name} does not hold a (DICOM image|picture),.*copy or export it again"):
        opened(tmp_path)


@pytest.mark.parametrize("pattern", ["IM{:04d}", "1.2.840.{}", "CT{}.ima"])
@pytest.mark.parametrize("content", [b"<html>504</html>", b"\1\0\2" * 90])
def test_a_broken_file_numbered_like_the_slices_is_not_passed_over(
    tmp_path: Path, hu: npt.NDArray[np.int16], pattern: str, content: bytes
) -> None:
    for number, file in enumerate(write_series(tmp_path, hu), start=1):
        file.rename(tmp_path / pattern.format(number))
    last = pattern.format(7)
    (tmp_path / last).write_bytes(content)
    with pytest.raises(ReadError, match=rf"{last} lies among DICOM slices but is damaged or no DICOM"):
        opened(tmp_path)


def test_a_photograph_in_place_of_a_slice_is_not_passed_over(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu)
    Image.fromarray(np.zeros((20, 24), np.uint8)).save(tmp_path / "IM0007.dcm", "PNG")
    with pytest.raises(ReadError, match=r"IM0007\.dcm does not hold a DICOM image"):
        opened(tmp_path)


@pytest.mark.parametrize("name", ["IM1.txt", "dose.csv", "series.json", "IM0001.xml", "VERSION"])
def test_notes_beside_the_slices_are_left_out(tmp_path: Path, hu: npt.NDArray[np.int16], name: str) -> None:
    write_series(tmp_path, hu)
    (tmp_path / name).write_text("<made>by a viewer</made>")
    assert opened(tmp_path).source.notes == (f"“{name}” was left out: it holds no image that Lobule can open.",)


def test_a_picture_beside_the_slices_is_left_out_by_name(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu)
    Image.fromarray(np.zeros((20, 24), np.uint8)).save(tmp_path / "screen.png")
    note = "“screen.png” was left out: pictures and volumes are not opened together."
    assert opened(tmp_path).source.notes == (note,)


def test_one_missing_slice_is_singular(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu, order=[0, 1, 3, 4, 5, 6])
    with pytest.raises(ReadError, match=r"^1 slice is missing after IM0002\.dcm"):
        opened(tmp_path)


def test_missing_slices_are_counted_and_placed(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu, order=[0, 1, 2, 5, 6])
    with pytest.raises(ReadError, match=r"2 slices are missing after IM0003\.dcm \(-295\.0 mm\).* 7\.5 mm further"):
        opened(tmp_path)


def test_slices_of_different_size_are_refused(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu, order=[0, 1, 2, 3])
    write_series(tmp_path, hu[:, :16], order=[4, 5, 6], prefix="small")
    with pytest.raises(ReadError, match="16 × 24 and 20 × 24"):
        opened(tmp_path)


def test_different_images_at_one_position_are_refused(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu)
    write_series(tmp_path, hu[::-1].copy(), order=[4], prefix="other")
    with pytest.raises(ReadError, match=r"IM0005\.dcm, other0001\.dcm: 2 different images lie at one position"):
        opened(tmp_path)


@pytest.mark.parametrize("intercept", [0, -1024])
def test_pixels_in_the_wrong_byte_order_are_refused(tmp_path: Path, hu: npt.NDArray[np.int16], intercept: int) -> None:
    for file in write_series(tmp_path, hu):
        data = pydicom.dcmread(file)
        data.PixelRepresentation, data.RescaleIntercept = 1, intercept
        data.PixelData = np.frombuffer(data.PixelData, "<u2").astype(">u2").tobytes()
        data.save_as(file)
    with pytest.raises(ReadError, match="wrong order"):
        opened(tmp_path)


@pytest.mark.parametrize("left", [0, 90, 200, 500, 900, 1200])
def test_a_truncated_slice_is_never_dropped(tmp_path: Path, hu: npt.NDArray[np.int16], left: int) -> None:
    victim = write_series(tmp_path, hu)[6]
    victim.write_bytes(victim.read_bytes()[:left])
    with pytest.raises(ReadError, match=r"IM0007\.dcm"):
        opened(tmp_path)


def test_truncated_pixels_are_named_with_what_is_there(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    victim = write_series(tmp_path, hu)[2]
    victim.write_bytes(victim.read_bytes()[:-480])
    with pytest.raises(ReadError, match=r"IM0003\.dcm is incomplete \(480 bytes of 960 bytes of pixels\)"):
        opened(tmp_path)


def test_truncated_compressed_pixels_are_refused(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    file = write_series(tmp_path / "plain", hu[:1])[0]
    compress(file, tmp_path / "J.dcm", "JPEG2000")
    (tmp_path / "J.dcm").write_bytes((tmp_path / "J.dcm").read_bytes()[:-300])
    with pytest.raises(ReadError, match=r"J\.dcm is (incomplete|damaged)"):
        opened(tmp_path / "J.dcm")


def test_a_full_disk_is_not_blamed_on_a_slice(
    tmp_path: Path, hu: npt.NDArray[np.int16], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    compress(write_series(tmp_path / "plain", hu[:1])[0], tmp_path / "J.dcm", "JPEG2000")
    monkeypatch.setattr(pydicom.Dataset, "save_as", full)
    with pytest.raises(OSError, match="No space left"):
        opened(tmp_path / "J.dcm")


def test_a_huge_size_in_a_small_file_is_refused_before_allocation(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu[:2], Rows=30000, Columns=8000)
    with pytest.raises(ReadError, match="claims 8,000 × 30,000 pixels in"):
        opened(tmp_path)


def test_more_voxels_than_the_limit_are_refused(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu)
    with pytest.raises(ReadError, match=r"7 slices of 20 × 24 pixels are 3,360 voxels; at most 3,000"):
        opened(tmp_path, limits=Limits(max_voxels=3000))


def test_a_single_slice_takes_its_thickness(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    volume = opened(write_series(tmp_path, hu[:1], SliceThickness=4)[0])
    assert volume.grid.spacing == pytest.approx((4, 0.75, 0.8))
    assert any("single slice" in note for note in volume.source.notes)


def test_a_single_slice_without_thickness_has_no_millimetres(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    assert not opened(write_series(tmp_path, hu[:1], SliceThickness=None)).grid.has_spacing


def test_positions_rounded_by_the_scanner_are_accepted(tmp_path: Path, hu: npt.NDArray[np.int16]) -> None:
    write_series(tmp_path, hu, ImagePositionPatient=lambda z: [0, 0, 2.5 * z + (0.01, -0.01)[z % 2]])
    assert opened(tmp_path).grid.spacing[0] == pytest.approx(2.5, abs=0.004)
