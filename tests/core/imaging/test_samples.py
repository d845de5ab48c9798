import time

import numpy as np
import pytest
import SimpleITK

from core.errors import ReadError
from core.imaging import samples
from core.imaging.samples import SAMPLES, lits_117, open_sample, phantom


@pytest.mark.parametrize("name", [sample.name for sample in SAMPLES])
def test_every_sample_opens_in_lps_with_its_reference_on_its_grid(name: str) -> None:
    volume, mask = open_sample(name)
    assert volume.grid.orientation == "LPS"
    assert mask.grid.matches(volume.grid)
    assert set(np.unique(mask.voxels)) == {0, 1, 2}


def test_an_unknown_sample_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ReadError, match="Choose one of: lits-117, phantom"):
        open_sample("lits-118")


def test_lits_has_the_published_number_of_liver_and_tumour_voxels() -> None:
    _, mask = lits_117()
    assert np.bincount(mask.voxels.ravel()).tolist() == [128**3 - 485268 - 130083, 485268, 130083]


def test_lits_has_its_spine_at_the_back_its_lungs_on_top_and_its_liver_on_the_right() -> None:
    volume, mask = lits_117()
    hu = volume.hu
    assert (hu[:, 64:] > 400).sum() > 2 * (hu[:, :64] > 400).sum(), "rows grow to the back: vertebrae"
    lung = (hu < -700) & (hu > -950)
    assert lung[96:, 32:96, 32:96].sum() > 10 * lung[:32, 32:96, 32:96].sum(), "slices grow to the head: lungs"
    assert (mask.voxels[:, :, :64] > 0).sum() > 2 * (mask.voxels[:, :, 64:] > 0).sum(), "columns grow to the left"


def test_lits_owns_up_to_its_unknown_voxel_size() -> None:
    volume, _ = lits_117()
    assert not volume.grid.has_spacing
    assert any("voxel size" in note for note in volume.source.notes)


def test_lits_without_its_package_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "_PACKAGE", "no_such_package")
    with pytest.raises(ReadError, match="`make run` installs it"):
        lits_117()


def test_the_phantom_says_that_it_shows_no_patient() -> None:
    volume, _ = phantom()
    assert "synthetic" in volume.source.name.lower()
    assert any("shows no patient" in note for note in volume.source.notes)


def test_the_phantom_is_the_same_every_time_and_takes_no_time() -> None:
    start = time.perf_counter()
    first, _ = phantom()
    assert time.perf_counter() - start < 2
    assert first.key == phantom()[0].key


def test_the_phantom_has_three_separate_tumours_inside_its_liver() -> None:
    volume, mask = phantom()
    tumour = mask.voxels == 2
    islands = SimpleITK.ConnectedComponent(SimpleITK.GetImageFromArray(tumour.astype(np.uint8)))
    sizes = np.bincount(SimpleITK.GetArrayFromImage(islands).ravel())[1:]
    assert len(sizes) == 3
    assert sizes.max() > 10 * sizes.min()
    assert volume.hu[mask.voxels == 1].mean() > volume.hu[tumour].mean() + 20
