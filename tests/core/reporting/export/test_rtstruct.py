from pathlib import Path

import numpy as np
import pytest
from matplotlib.path import Path as Line
from pydicom import Dataset, dcmread

from core.errors import WriteError
from core.imaging.dicom.source import source_series
from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.reporting.export.rtstruct import rtstruct
from core.reporting.segmented import Segmented
from tests.core.imaging.dicom_files import PATIENT_ID, PATIENT_NAME
from tests.core.reporting.export.dicom import DIRECTIONS, Written, written


def structures_of(made: Written, folder: Path) -> Dataset:
    (folder / "rt.dcm").write_bytes(rtstruct(made.segmented, source_series(made.folder, made.volume)))
    return dcmread(folder / "rt.dcm")


def filled(contours: list[Dataset], grid: Grid, ct: dict[str, Dataset]) -> np.ndarray:
    """Return the voxels inside of contours: the plane is that of the image named, the filling matplotlib's."""
    voxels = np.zeros(grid.shape, bool)
    for contour in contours:
        image = ct[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
        points = np.array(contour.ContourData, float).reshape(-1, 3) - np.array(image.ImagePositionPatient, float)
        row, column = np.array(image.ImageOrientationPatient, float).reshape(2, 3)
        assert np.abs(points @ np.cross(row, column)).max() < 1e-3  # on the plane of its image
        down, across = (float(mm) for mm in image.PixelSpacing)
        line = Line(np.stack([points @ row / across, points @ column / down], axis=-1))
        y, x = np.indices((image.Rows, image.Columns))
        inside = line.contains_points(np.stack([x.ravel(), y.ravel()], axis=-1)).reshape(y.shape)
        first = np.array(image.ImagePositionPatient, float)
        places = first + y[inside][:, None] * down * column + x[inside][:, None] * across * row
        at = np.rint(np.linalg.solve(grid.affine[:3, :3], (places - grid.affine[:3, 3]).T).T).astype(int)
        voxels[tuple(at.T)] = True
    return voxels


@pytest.mark.parametrize("reverse", [False, True], ids=["rising", "falling"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_filling_the_contours_gives_the_mask_back(tmp_path: Path, direction: str, reverse: bool) -> None:
    made = written(tmp_path / "ct", direction, reverse)
    data = structures_of(made, tmp_path)
    ct = {image.SOPInstanceUID: image for image in map(dcmread, made.files)}

    for drawn, value in zip(data.ROIContourSequence, (1, 2, 7), strict=True):
        back = filled(list(drawn.ContourSequence), made.volume.grid, ct)
        ours = made.segmented.mask.voxels == value
        assert 2 * (back & ours).sum() / (back.sum() + ours.sum()) == 1


def test_structures_have_the_names_and_colours_of_the_labels(tmp_path: Path) -> None:
    data = structures_of(written(tmp_path / "ct"), tmp_path)

    assert [roi.ROIName for roi in data.StructureSetROISequence] == ["liver", "tumour", "囊肿 cyst"]
    assert list(data.ROIContourSequence[1].ROIDisplayColor) == [255, 96, 64]
    assert [seen.RTROIInterpretedType for seen in data.RTROIObservationsSequence] == ["ORGAN", "GTV", "ORGAN"]


def test_the_structures_belong_to_the_patient_and_name_every_image(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")
    data = structures_of(made, tmp_path)

    assert (data.PatientName, data.PatientID) == (PATIENT_NAME, PATIENT_ID)
    frame = data.ReferencedFrameOfReferenceSequence[0]
    images = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0].ContourImageSequence
    assert {item.ReferencedSOPInstanceUID for item in images} == {dcmread(file).SOPInstanceUID for file in made.files}
    assert frame.FrameOfReferenceUID == dcmread(made.files[0]).FrameOfReferenceUID


def test_numbers_keep_to_what_a_decimal_string_may_hold(tmp_path: Path) -> None:
    data = structures_of(written(tmp_path / "ct", "oblique"), tmp_path)

    element = data.ROIContourSequence[0].ContourSequence[0].get_item("ContourData")
    texts = element.value.split(b"\\") if isinstance(element.value, bytes) else [str(v).encode() for v in element.value]
    assert max(len(text.strip()) for text in texts) <= 16


def test_an_empty_mask_is_refused(tmp_path: Path) -> None:
    made = written(tmp_path / "ct")
    empty = Segmented.of_mask(made.volume, Mask(np.zeros_like(made.segmented.mask.voxels), made.volume.grid))

    with pytest.raises(WriteError, match="The mask is empty"):
        rtstruct(empty, source_series(made.folder, made.volume))
