import numpy as np
import pytest

from core.errors import PromptError
from core.imaging.grid import Grid
from core.imaging.label import DEFAULT_LABELS, Label, next_label, renumbered
from core.imaging.volume import Mask


def test_liver_is_1_and_tumour_is_2() -> None:
    assert [(label.value, label.name) for label in DEFAULT_LABELS] == [(1, "liver"), (2, "tumour")]


def test_the_first_label_of_the_users_own_is_3() -> None:
    assert next_label(DEFAULT_LABELS, "cyst").value == 3


def test_a_free_value_is_used_again() -> None:
    labels = (*DEFAULT_LABELS, Label(3, "a", (1, 2, 3)), Label(5, "b", (1, 2, 3)))
    assert next_label(labels, "cyst").value == 4


def test_twelve_labels_have_twelve_colours_that_can_be_told_apart() -> None:
    labels = list(DEFAULT_LABELS)
    for k in range(10):
        labels.append(next_label(labels, f"own {k}"))
    apart = [
        sum(abs(p - q) for p, q in zip(a.colour, b.colour, strict=True)) for a in labels for b in labels if a is not b
    ]
    assert min(apart) >= 40


def test_a_name_is_tidied_so_that_it_fits_one_header_line() -> None:
    assert Label(3, "  left\nkidney\x00 ", (1, 2, 3)).name == "left kidney"


@pytest.mark.parametrize("name", ["", "  ", "\n"])
def test_a_label_needs_a_name(name: str) -> None:
    with pytest.raises(PromptError, match="needs a name"):
        next_label(DEFAULT_LABELS, name)


def test_a_name_of_41_characters_is_too_long() -> None:
    assert len(next_label(DEFAULT_LABELS, "  " + "c" * 40).name) == 40
    with pytest.raises(PromptError, match="at most 40 characters, this one 41"):
        next_label(DEFAULT_LABELS, "c" * 41)


def test_a_taken_name_is_refused_in_capitals_too() -> None:
    with pytest.raises(PromptError, match="already a label called “Tumour”"):
        next_label(DEFAULT_LABELS, "Tumour")


def test_labels_run_out_at_255() -> None:
    labels = [*DEFAULT_LABELS, *(Label(value, f"label {value}", (1, 2, 3)) for value in range(3, 256))]
    with pytest.raises(PromptError, match="All 255"):
        next_label(labels, "one more")


def test_value_0_is_the_background_and_no_label() -> None:
    with pytest.raises(ValueError, match=r"1\.\.255"):
        Label(0, "air", (0, 0, 0))


def test_the_colour_for_the_browser() -> None:
    assert Label(3, "cyst", (255, 0, 16)).css == "#ff0010"


ROW = Grid.from_geometry((1, 2, 5), (2.5, 0.8, 0.7))


def row(*values: int, names: dict[int, str] | None = None) -> Mask:
    return Mask(np.array([[values, values[::-1]]], np.uint8), ROW, ("a note",), names=names or {})


def test_labels_are_renumbered_all_at_once() -> None:
    mask = renumbered(row(0, 1, 2, 7, 255, names={1: "liver", 2: "tumour", 7: "cyst"}), {1: 2, 2: 1, 7: 0, 255: 3})
    np.testing.assert_array_equal(mask.voxels, [[[0, 2, 1, 0, 3], [3, 0, 1, 2, 0]]])
    assert mask.names == {1: "tumour", 2: "liver"}
    assert (mask.grid, mask.notes) == (ROW, ("a note",))


@pytest.mark.parametrize(
    ("values", "name"),
    [({4: 2, 5: 2}, "tumour"), ({5: 9, 4: 9}, "necrosis"), ({6: 9, 4: 9}, "rim"), ({2: 0, 4: 2}, "rim")],
)
def test_several_labels_that_become_one_have_one_name(values: dict[int, int], name: str) -> None:
    mask = renumbered(row(0, 2, 4, 5, 6, names={2: "tumour", 4: "rim", 5: "necrosis"}), values)
    (new,) = set(values.values()) - {0}
    assert mask.names[new] == name
    assert not set(values) & set(mask.names) - {new}


def test_a_plain_mask_is_label_1() -> None:
    mask = renumbered(
        Mask(np.array([[[False, True, True], [True, False, False]]]), Grid.from_geometry((1, 2, 3))), {1: 5}
    )
    np.testing.assert_array_equal(mask.voxels, [[[0, 5, 5], [5, 0, 0]]])
    assert mask.voxels.dtype == np.uint8


@pytest.mark.parametrize("values", [{0: 1}, {256: 1}, {1: 256}, {1: -1}])
def test_a_number_that_no_label_has_is_a_programmers_mistake(values: dict[int, int]) -> None:
    with pytest.raises(ValueError, match=r"1\.\.255"):
        renumbered(row(0, 1, 2, 3, 4), values)
