"""A DICOM segmentation scored against ordinary labels of the same CT, though it stores fewer slices."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from core.imaging.volume import TUMOUR
from core.scoring.batch import Pair, score_pair
from tests.core.imaging.seg_files import SHAPE, write_ct, write_seg


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A CT, 6 voxels of tumour in slice 3 as a segmentation, and 4 of them with 2 in slice 4 as NRRD."""
    ct = write_ct(tmp_path / "ct")
    ours, theirs = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    ours[2, 3, 4:10] = TUMOUR
    theirs[2, 3, 4:8] = TUMOUR
    theirs[3, 3, 4:6] = TUMOUR
    write_seg(tmp_path / "seg.dcm", ct, ours, labels=("Liver", "Metastasis"))
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in ct])
    image = SimpleITK.GetImageFromArray(theirs)
    image.CopyInformation(reader.Execute())
    SimpleITK.WriteImage(image, str(tmp_path / "labels.nrrd"))
    return tmp_path


@pytest.mark.parametrize("with_ct", [False, True])
@pytest.mark.parametrize("names", [("seg.dcm", "labels.nrrd"), ("labels.nrrd", "seg.dcm")])
def test_either_may_be_the_reference(folder: Path, names: tuple[str, str], with_ct: bool) -> None:
    predicted, reference = (folder / name for name in names)
    row = score_pair(Pair("case", predicted, reference), ct=folder / "ct" if with_ct else None)
    (found,) = row.card.labels if row.card else ()
    assert (found.value, found.name) == (TUMOUR, "Metastasis")
    assert found.figures["dice"] == pytest.approx(2 * 4 / (6 + 6))
    assert found.counts.tp + found.counts.fp + found.counts.fn + found.counts.tn == 6 * 9 * 14
