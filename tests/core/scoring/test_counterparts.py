import pytest

from core.scoring.counterparts import LEFT_OUT, NOTHING, counterparts, renumbering


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
