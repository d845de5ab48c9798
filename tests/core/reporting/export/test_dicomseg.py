from dataclasses import replace
from io import BytesIO
from pathlib import Path

import highdicom
import numpy as np
import pytest
from pydicom import dcmread

from core.editing.annotation import Annotation
from core.errors import GeometryError, ReadError, WriteError
from core.imaging.dicom.source import source_series
from core.imaging.reading import read_mask, read_volume
from core.imaging.volume import Mask
from core.reporting.export import dicomseg
from core.reporting.export.dicomseg import dicom_seg
from core.reporting.export.rtstruct import rtstruct
from core.reporting.segmented import Segmented
from tests.core.imaging.dicom_files import PATIENT_ID, PATIENT_NAME, multi_frame
from tests.core.reporting.export.dicom import DIRECTIONS, Written, drawn, written


def seg_of(made: Written) -> bytes:
    return dicom_seg(made.segmented, source_series(made.folder, made.volume))


@pytest.mark.parametrize("reverse", [False, True], ids=["rising", "falling"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_segmentation_reads_back_voxel_by_voxel(tmp_path: Path, direction: str, reverse: bool) -> None:
    made = written(tmp_path / "ct", direction, reverse)
    (tmp_path / "seg.dcm").write_bytes(seg_of(made))

    back = read_mask(tmp_path / "seg.dcm", made.volume)

    ours = made.segmented.mask.voxels
    assert np.array_equal(back.voxels, np.where(ours == 7, 3, ours))
    assert back.names == {1: "liver", 2: "tumour", 3: "囊肿 cyst"}


@pytest.mark.parametrize("direction", ["oblique", "flipped", "feet-up"])
def test_highdicom_finds_each_frame_where_its_image_lies(tmp_path: Path, direction: str) -> None:
    made = written(tmp_path / "ct", direction, reverse=True)
    path = tmp_path / "seg.dcm"
    path.write_bytes(seg_of(made))

    found = highdicom.seg.segread(path).get_volume(combine_segments=True, relabel=False)

    index = np.argwhere(found.array == 2)
    theirs = np.sort(found.map_indices_to_reference(index), axis=0)
    ours = np.sort(made.volume.grid.to_world(np.argwhere(made.segmented.mask.voxels == 2)), axis=0)
    assert theirs == pytest.approx(ours, abs=1e-3)


def test_the_segmentation_belongs_to_the_patient_and_study_of_the_series(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")
    (tmp_path / "seg.dcm").write_bytes(seg_of(made))

    seg, source = dcmread(tmp_path / "seg.dcm"), dcmread(made.files[0])

    assert (seg.PatientName, seg.PatientID) == (PATIENT_NAME, PATIENT_ID)
    assert seg.StudyInstanceUID == source.StudyInstanceUID
    assert seg.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert seg.SeriesInstanceUID != source.SeriesInstanceUID
    assert seg.SegmentationType == "BINARY"
    assert len({segment.TrackingUID for segment in seg.SegmentSequence}) == 3


def test_segments_are_coded_and_coloured(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")
    (tmp_path / "seg.dcm").write_bytes(seg_of(made))

    liver, tumour, _ = dcmread(tmp_path / "seg.dcm").SegmentSequence

    assert liver.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"
    assert tumour.SegmentedPropertyTypeCodeSequence[0].CodeValue == "108369006"
    lightness, a, b = (value / 65535 for value in tumour.RecommendedDisplayCIELabValue)
    assert 0.55 < lightness < 0.75  # 255, 96, 64 is L 63, a 59, b 50
    assert a * 255 - 128 == pytest.approx(59, abs=3)
    assert b * 255 - 128 == pytest.approx(50, abs=3)


def test_it_says_whether_a_person_or_a_model_drew(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")
    annotation = Annotation(made.volume.grid)
    annotation.add(3, made.segmented.mask.voxels[3] == 2, 2)
    by_hand = Segmented.of_annotation(made.volume, annotation)
    (tmp_path / "hand.dcm").write_bytes(dicom_seg(by_hand, source_series(made.folder, made.volume)))
    (tmp_path / "file.dcm").write_bytes(seg_of(made))

    assert dcmread(tmp_path / "hand.dcm").SegmentSequence[0].SegmentAlgorithmType == "MANUAL"
    unknown = dcmread(tmp_path / "file.dcm").SegmentSequence[0]
    assert (unknown.SegmentAlgorithmType, unknown.SegmentAlgorithmName) == ("SEMIAUTOMATIC", "not recorded")


def test_a_mask_in_the_wrong_order_of_slices_is_never_given_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = written(tmp_path / "ct")
    series = source_series(made.folder, made.volume)
    monkeypatch.setattr(dicomseg, "on_file_grid", lambda mask, volume: mask.voxels[::-1].copy())

    with pytest.raises(WriteError, match="does not read back as it was drawn"):
        dicom_seg(made.segmented, series)


def test_a_series_that_lost_what_may_be_empty_can_be_segmented(tmp_path: Path) -> None:
    lost = dict.fromkeys(("StudyID", "StudyDate", "PatientBirthDate", "PatientSex", "AccessionNumber", "SeriesNumber"))
    made = written(tmp_path / "ct", **lost)

    assert seg_of(made)[128:132] == b"DICM"


def test_a_series_without_a_frame_of_reference_is_refused(tmp_path: Path) -> None:
    made = written(tmp_path / "ct", FrameOfReferenceUID=None)

    with pytest.raises(ReadError, match="FrameOfReferenceUID"):
        seg_of(made)


def test_an_empty_mask_is_refused(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")
    empty = Segmented.of_mask(made.volume, Mask(np.zeros_like(made.segmented.mask.voxels), made.volume.grid))

    with pytest.raises(WriteError, match="The mask is empty"):
        dicom_seg(empty, source_series(made.folder, made.volume))


def test_only_a_volume_from_dicom_has_a_series(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")
    volume = replace(made.volume, source=replace(made.volume.source, format="NIfTI"))

    with pytest.raises(ReadError, match="opened from NIfTI"):
        source_series(made.folder, volume)


def test_another_series_is_refused(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")
    other = written(tmp_path / "other", FrameOfReferenceUID="1.2.3.4")

    with pytest.raises(GeometryError, match="not the series that the mask was drawn on"):
        source_series(other.folder, made.volume)


def test_the_series_that_was_opened_is_found_again_among_several(tmp_path: Path) -> None:
    written(tmp_path / "ct" / "one")
    other = written(tmp_path / "ct" / "two", SeriesInstanceUID="1.2.3.5")
    volume = read_volume(tmp_path / "ct", series=other.volume.source.series)

    series = source_series(tmp_path / "ct", volume)

    assert {image.SeriesInstanceUID for image in series.images} == {"1.2.3.5"}
    assert [image.ImagePositionPatient[2] for image in series.images] == sorted(
        image.ImagePositionPatient[2] for image in series.images
    )


def test_drawings_of_this_test_hold_what_is_hard_to_write(tmp_path: Path) -> None:
    voxels = drawn(written(tmp_path / "ct").volume).voxels

    assert set(np.unique(voxels)) == {0, 1, 2, 7}
    assert (voxels[-1] == 7).sum() == 2
    assert not np.array_equal(voxels, voxels[::-1])


def test_a_series_with_headers_that_cannot_be_is_refused_without_a_word_of_them(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")
    series = source_series(made.folder, made.volume)
    for image in series.images:
        image.ImageOrientationPatient = None

    with pytest.raises(WriteError, match="incomplete or odd") as told:
        dicom_seg(made.segmented, series)
    assert PATIENT_NAME not in str(told.value)


def test_a_name_with_a_backslash_stays_one_name(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")
    named = Segmented.of_mask(made.volume, Mask(made.segmented.mask.voxels, made.volume.grid, names={7: "cyst\\old"}))
    series = source_series(made.folder, made.volume)

    seg, structures = (dcmread(BytesIO(write(named, series))) for write in (dicom_seg, rtstruct))

    assert seg.SegmentSequence[2].SegmentLabel == "cyst/old"
    assert structures.StructureSetROISequence[2].ROIName == "cyst/old"


def test_an_enhanced_ct_is_segmented_frame_by_frame_in_its_own_order(tmp_path: Path) -> None:
    file = written(tmp_path / "ct").files[0]
    multi_frame(file, [3, 0, 1, 6, 5, 4, 2])
    volume = read_volume(file)
    mask = drawn(volume)
    series = source_series(file, volume)

    (tmp_path / "seg.dcm").write_bytes(dicom_seg(Segmented.of_mask(volume, mask), series))
    structures = dcmread(BytesIO(rtstruct(Segmented.of_mask(volume, mask), series)))

    back = read_mask(tmp_path / "seg.dcm", volume)
    assert np.array_equal(back.voxels, np.where(mask.voxels == 7, 3, mask.voxels))
    (cyst,) = structures.ROIContourSequence[2].ContourSequence[:1]
    assert cyst.ContourImageSequence[0].ReferencedFrameNumber == 4  # slice 7 is the fourth frame of the file
    assert float(cyst.ContourData[2]) == pytest.approx(-300 + 6 * 2.5)
