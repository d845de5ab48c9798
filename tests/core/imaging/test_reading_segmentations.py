"""DICOM segmentations (SEG) as labels, on their CT and without it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import Dataset, uid
from pydicom.encaps import encapsulate

from core.errors import GeometryError, ReadError
from core.imaging.grid import Grid
from core.imaging.matching import extended, laid_on
from core.imaging.reading import read_mask
from core.imaging.volume import Mask, Volume
from tests.core.imaging.dicom_files import PATIENT_ID, PATIENT_NAME
from tests.core.imaging.opening import opened, opened_labels, opened_mask
from tests.core.imaging.seg_files import OBLIQUE, ORIGIN, SHAPE, SPACING, reorder_frames, without_distance, write_ct
from tests.core.imaging.seg_files import write_seg as write

FILE_GRID = Grid.from_geometry(SHAPE, SPACING, ORIGIN, OBLIQUE)
Labels = npt.NDArray[np.uint8]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return write_ct(tmp_path / "ct")


@pytest.fixture
def ct(files: list[Path]) -> Volume:
    return opened(files[0].parent)


@pytest.fixture
def labels() -> Labels:
    """Liver and tumour, of a shape that no flip or transposition leaves alone; slices 0 and 5 are empty."""
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[1:5, 1:6, 2:9] = 1
    drawn[4, 7, 12] = 1
    drawn[2, 3:5, 4:7] = 2
    drawn[3, 2, 3] = 2
    return drawn


def as_file(mask: Mask) -> Labels:
    """Return a mask in the order of the CT's files, worked out from positions alone, one voxel after the other."""
    found = np.zeros(SHAPE, np.uint8)
    for index in np.argwhere(mask.voxels):
        world = np.append(mask.grid.to_world(index), 1)
        z, y, x = np.linalg.solve(FILE_GRID.affine, world)[:3]
        np.testing.assert_allclose((z, y, x), np.rint((z, y, x)), atol=1e-3)
        found[round(z), round(y), round(x)] = mask.voxels[tuple(index)]
    return found


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("BINARY", {}),
        ("BINARY", {"omit_empty_frames": False}),
        ("LABELMAP", {}),
        ("LABELMAP", {"transfer_syntax_uid": uid.RLELossless}),
        ("LABELMAP", {"transfer_syntax_uid": uid.JPEGLSLossless}),
    ],
)
def test_a_segmentation_comes_back_on_its_ct(
    tmp_path: Path, files: list[Path], ct: Volume, labels: Labels, kind: str, options: dict[str, Any]
) -> None:
    mask = opened_mask(write(tmp_path / "seg.dcm", files, labels, kind, **options), ct)
    assert mask.grid is ct.grid
    np.testing.assert_array_equal(as_file(mask), labels)
    assert mask.names == {1: "Liver", 2: "Tumour"}


@pytest.mark.parametrize(
    "order", [lambda n: range(n)[::-1], lambda n: np.random.default_rng(3).permutation(n).tolist()]
)
def test_frames_are_laid_by_position_whatever_their_order(
    tmp_path: Path, files: list[Path], ct: Volume, labels: Labels, order: Callable[[int], Any]
) -> None:
    path = write(tmp_path / "seg.dcm", files, labels, change=reorder_frames(order))
    np.testing.assert_array_equal(as_file(opened_mask(path, ct)), labels)
    np.testing.assert_array_equal(as_file(opened_labels(path)), labels)


def test_a_segmentation_opens_in_the_guarded_process(
    tmp_path: Path, files: list[Path], ct: Volume, labels: Labels
) -> None:
    mask = read_mask(write(tmp_path / "seg.dcm", files, sparse(labels), change=without_distance), ct)
    np.testing.assert_array_equal(as_file(mask), sparse(labels))
    assert mask.names == {1: "Liver", 2: "Tumour"}
    assert mask.sparse
    with pytest.raises(GeometryError, match="frame of reference"):
        read_mask(write(tmp_path / "other.dcm", files, labels, change=other_frame), ct)


def test_without_a_ct_the_grid_spans_the_frames_there_are(tmp_path: Path, files: list[Path], labels: Labels) -> None:
    labels[2] = 0  # leaves slices 1, 3 and 4
    mask = opened_labels(write(tmp_path / "seg.dcm", files, labels))
    assert mask.grid.shape == (4, 9, 14)
    assert mask.grid.spacing == pytest.approx(SPACING, abs=1e-5)
    assert mask.sparse
    np.testing.assert_array_equal(as_file(mask), labels)


def sparse(labels: Labels) -> Labels:
    """Keep slices 1 and 4 only, 7.5 mm apart."""
    kept = labels.copy()
    kept[[0, 2, 3, 5]] = 0
    return kept


def test_slices_far_apart_are_laid_on_the_ct_even_if_no_distance_is_stated(
    tmp_path: Path, files: list[Path], ct: Volume, labels: Labels
) -> None:
    path = write(tmp_path / "seg.dcm", files, sparse(labels), change=without_distance)
    mask = opened_mask(path, ct)
    np.testing.assert_array_equal(as_file(mask), sparse(labels))
    assert mask.notes == ("DICOM segmentation spans 4 of 6 slices; those it does not store are empty.",)


@pytest.mark.parametrize("z", [0, 3, 5])
def test_a_single_slice_is_laid_on_the_ct(tmp_path: Path, files: list[Path], ct: Volume, z: int) -> None:
    one = np.zeros(SHAPE, np.uint8)
    one[z, 2, 3:7] = 2
    path = write(tmp_path / "seg.dcm", files, one, change=without_distance)
    np.testing.assert_array_equal(as_file(opened_mask(path, ct)), one)


def whole(ct: Volume, labels: Labels) -> Mask:
    """The labels as an ordinary file on the grid of the CT gives them."""
    order = [int(np.argmax(np.abs(np.linalg.solve(ct.grid.affine, FILE_GRID.affine)[k, :3]))) for k in range(3)]
    steps = np.linalg.solve(ct.grid.affine, FILE_GRID.affine)
    turned = labels.transpose(order)
    for k in range(3):
        if steps[k, order[k]] < 0:
            turned = np.flip(turned, k)
    mask = Mask(turned, ct.grid)
    np.testing.assert_array_equal(as_file(mask), labels)
    return mask


def test_segmentation_and_ordinary_labels_are_brought_together(
    tmp_path: Path, files: list[Path], ct: Volume, labels: Labels
) -> None:
    seg = opened_labels(write(tmp_path / "seg.dcm", files, sparse(labels)))
    np.testing.assert_array_equal(as_file(laid_on(seg, ct.grid, "the prediction", "the reference")), sparse(labels))
    ordinary, reference = extended(whole(ct, labels), seg)
    laid = laid_on(ordinary, reference.grid, "the prediction", "the reference")
    np.testing.assert_array_equal(as_file(laid), labels)
    np.testing.assert_array_equal(as_file(reference), sparse(labels))


def test_a_distance_of_slices_that_nothing_tells_is_not_guessed(
    tmp_path: Path, files: list[Path], ct: Volume, labels: Labels
) -> None:
    path = write(tmp_path / "seg.dcm", files, sparse(labels), change=without_distance)
    with pytest.raises(GeometryError, match=r"voxels measure 7\.5 × 0\.75 × 0\.8 mm, those of the reference 2\.5"):
        laid_on(opened_labels(path), ct.grid, "the prediction", "the reference")


def test_the_later_of_two_segments_that_overlap_is_kept_with_a_note(
    tmp_path: Path, files: list[Path], ct: Volume, labels: Labels
) -> None:
    both = np.stack([labels > 0, labels == 2], axis=-1)
    path = write(tmp_path / "seg.dcm", files, both, change=reorder_frames(lambda n: range(n)[::-1]))
    mask = opened_mask(path, ct)
    np.testing.assert_array_equal(as_file(mask), labels)
    assert mask.notes[0] == "7 voxels lie in more than one segment: the one listed later was kept."


def test_fractions_count_from_one_half(tmp_path: Path, files: list[Path], ct: Volume) -> None:
    parts = np.zeros((*SHAPE, 1))
    parts[2, 3, 4:8, 0] = (0.2, 0.49, 0.5, 1.0)
    path = write(
        tmp_path / "seg.dcm",
        files,
        parts,
        "FRACTIONAL",
        ["Liver"],
        fractional_type="PROBABILITY",
        max_fractional_value=200,
    )
    mask = opened_mask(path, ct)
    assert [tuple(at) for at in np.argwhere(as_file(mask))] == [(2, 3, 6), (2, 3, 7)]
    assert "The segmentation holds fractions: voxels from one half upwards were taken." in mask.notes


def other_frame(data: Dataset) -> None:
    data.FrameOfReferenceUID = uid.generate_uid()


def three_mm(data: Dataset) -> None:
    data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0.75, 0.9]


def lower(data: Dataset) -> None:
    for frame in data.PerFrameFunctionalGroupsSequence:
        x, y, z = frame.PlanePositionSequence[0].ImagePositionPatient
        frame.PlanePositionSequence[0].ImagePositionPatient = [x, y, z - 1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (other_frame, "DICOM segmentation belongs to another scan: its frame of reference"),
        (three_mm, r"another grid than the CT\. Its voxels measure 2\.5 × 0\.75 × 0\.9 mm"),
        (lower, r"another grid than the CT\. Its voxels begin at .*, those of the CT at"),
    ],
)
def test_the_segmentation_of_another_series_is_refused(
    tmp_path: Path, files: list[Path], ct: Volume, labels: Labels, change: Callable[[Dataset], object], words: str
) -> None:
    with pytest.raises(GeometryError, match=words):
        opened_mask(write(tmp_path / "seg.dcm", files, labels, change=change), ct)


def uneven(data: Dataset) -> None:
    without_distance(data)
    *_, last = data.PerFrameFunctionalGroupsSequence
    position = np.array(last.PlanePositionSequence[0].ImagePositionPatient) + OBLIQUE[:, 0] * 0.4
    last.PlanePositionSequence[0].ImagePositionPatient = [round(float(v), 6) for v in position]


def sideways(data: Dataset) -> None:
    """Shift the frames, which highdicom stores from the highest down, by 0.3 mm more each."""
    for n, frame in enumerate(data.PerFrameFunctionalGroupsSequence):
        position = np.array(frame.PlanePositionSequence[0].ImagePositionPatient) + OBLIQUE[:, 1] * 0.3 * n
        frame.PlanePositionSequence[0].ImagePositionPatient = [round(float(v), 6) for v in position]


def cut(data: Dataset) -> None:
    data.PixelData = data.PixelData[:20]


def packed(data: Dataset) -> None:
    data.PixelData = encapsulate([b"\0\0"] * data.NumberOfFrames)
    data["PixelData"].VR, data["PixelData"].is_undefined_length = "OB", True
    data.file_meta.TransferSyntaxUID = uid.RLELossless


def nowhere(data: Dataset) -> None:
    for frame in data.PerFrameFunctionalGroupsSequence:
        del frame.PlanePositionSequence


def unknown_kind(data: Dataset) -> None:
    data.SegmentationType = "SURFACE"


def no_segment(data: Dataset) -> None:
    for frame in data.PerFrameFunctionalGroupsSequence:
        frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 300


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (uneven, r"frames of seg\.dcm lie 0\.4 to 2\.5 mm apart"),
        (sideways, r"frames of seg\.dcm are shifted sideways against each other by up to 0\.9 mm"),
        (cut, r"seg\.dcm is incomplete: its pixels end early"),
        (packed, r"seg\.dcm is packed as RLE Lossless, which is not read\. Export it without compression"),
        (nowhere, r"seg\.dcm does not say where its frames lie"),
        (unknown_kind, r"seg\.dcm is a segmentation of the kind “SURFACE”"),
        (no_segment, r"seg\.dcm numbers its segments from 300 to 300; Lobule reads 1 to 255"),
    ],
)
def test_a_segmentation_that_cannot_be_trusted_is_refused(
    tmp_path: Path, files: list[Path], labels: Labels, change: Callable[[Dataset], object], words: str
) -> None:
    with pytest.raises(ReadError, match=words):
        opened_labels(write(tmp_path / "seg.dcm", files, labels, change=change))


def test_names_that_tell_the_patient_are_not_shown(
    tmp_path: Path, files: list[Path], ct: Volume, labels: Labels
) -> None:
    name = PATIENT_NAME.split("^")[0]
    path = write(
        tmp_path / "seg.dcm",
        files,
        labels,
        labels=(f"Liver of {name}", "Tumour"),
        series_description=f"SEG {PATIENT_ID}",
    )
    mask = opened_mask(path, ct)
    assert mask.names == {2: "Tumour"}
    shown = repr((mask.names, mask.notes, ct.source))
    assert not [word for word in (name, "Wilhelmine", PATIENT_ID, "4711") if word in shown]


def test_a_segmentation_is_no_ct(tmp_path: Path, files: list[Path], labels: Labels) -> None:
    for kind in ("BINARY", "LABELMAP"):
        path = write(tmp_path / f"{kind}.dcm", files, labels, kind)
        with pytest.raises(ReadError, match=r"a DICOM segmentation \(SEG\), not a CT.*as labels, load a SEG"):
            opened(path)


def test_a_ct_with_its_segmentation_beside_it_opens_as_either(
    tmp_path: Path, files: list[Path], ct: Volume, labels: Labels
) -> None:
    write(files[0].parent / "seg.dcm", files, labels, "LABELMAP")
    both = opened(files[0].parent)
    np.testing.assert_array_equal(both.hu, ct.hu)
    mask = opened_mask(files[0].parent, both)
    np.testing.assert_array_equal(as_file(mask), labels)
    assert "The labels are those of “seg.dcm”; 6 other DICOM files beside it were left out." in mask.notes


def test_one_segmentation_is_opened_at_a_time(tmp_path: Path, files: list[Path], labels: Labels) -> None:
    paths = [write(tmp_path / f"{name}.dcm", files, labels) for name in ("first", "second")]
    with pytest.raises(ReadError, match=r"hold 2 DICOM segmentations: first\.dcm, second\.dcm"):
        opened_labels(paths)
