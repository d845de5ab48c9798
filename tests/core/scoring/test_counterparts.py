import numpy as np
import pytest

from core.imaging.grid import Grid
from core.imaging.volume import Mask
from core.scoring.counterparts import LEFT_OUT, NOTHING, contents, counterparts, renumbering


def test_a_mask_tells_what_it_holds() -> None:
    voxels = np.zeros((3, 4, 5), np.uint8)
    voxels[0, 1:3, 2:5] = 7
    voxels[2, 0, 0] = 2
    mask = Mask(voxels, Grid.from_geometry((3, 4, 5), (5.0, 2.0, 3.0)), names={7: "cyst"})
    tumour, cyst = contents(mask)
    assert (tumour.value, tumour.name, tumour.given, tumour.voxels) == (2, "tumour", "", 1)
    assert (cyst.value, cyst.name, cyst.voxels) == (7, "cyst", 6)
    assert cyst.volume_ml == pytest.approx(0.18)


def test_a_bool_mask_holds_one_label() -> None:
    voxels = np.zeros((3, 4, 5), np.bool_)
    voxels[0, 1:3, 2:5] = True
    (only,) = contents(Mask(voxels, Grid.from_geometry((3, 4, 5), has_spacing=False)))
    assert (only.value, only.voxels) == (1, 6)
    assert np.isnan(only.volume_ml)


@pytest.mark.parametrize(
    ("predicted", "reference", "expected"),
    [
        ({1: "", 2: ""}, {1: "", 2: ""}, {1: 1, 2: 2}),
        ({1: "liver", 2: ""}, {1: "", 2: "tumour", 5: ""}, {1: 1, 2: 2}),
        ({5: "Liver", 6: "liver_tumor"}, {1: "liver", 2: "liver tumour"}, {5: 1, 6: 2}),
        ({1: "tumour", 2: "liver"}, {1: "liver", 2: "tumour"}, {1: 2, 2: 1}),
        ({255: ""}, {1: "liver"}, {255: 1}),
        ({1: "", 7: "cyst"}, {1: "", 3: "vessel"}, {1: 1, 7: NOTHING}),
        ({1: "spleen", 4: ""}, {1: "liver", 2: ""}, {1: NOTHING, 4: NOTHING}),
        ({}, {1: "liver"}, {}),
    ],
)
def test_labels_find_their_counterparts(
    predicted: dict[int, str], reference: dict[int, str], expected: dict[int, int]
) -> None:
    assert counterparts(predicted, reference) == expected


def test_a_label_without_counterpart_never_takes_a_value_that_means_something_else() -> None:
    chosen = {1: 2, 2: NOTHING, 3: LEFT_OUT, 9: NOTHING}
    assert renumbering(chosen, {1: "", 2: ""}) == {1: 2, 2: 3, 3: 0, 9: 9}


def test_two_labels_may_go_to_one() -> None:
    assert renumbering({4: 1, 5: 1}, {1: "liver"}) == {4: 1, 5: 1}


def test_without_a_free_value_it_is_refused() -> None:
    with pytest.raises(ValueError, match="255"):
        renumbering({1: NOTHING}, dict.fromkeys(range(1, 256), ""))
