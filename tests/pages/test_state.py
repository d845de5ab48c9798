"""What a session remembers of a case."""

import numpy as np
import pytest

from core.imaging.grid import Grid
from core.imaging.samples import phantom
from core.imaging.volume import TUMOUR, Source, Volume
from core.imaging.window import PRESETS
from core.segmentation import weights
from core.segmentation.prompt import Box
from pages.ui.models import fed_window
from pages.ui.state import AppState, Case


def flat(shape: tuple[int, int, int], spacing: tuple[float, float, float] = (3.0, 0.9, 0.7)) -> Volume:
    grid = Grid.from_geometry(shape, spacing)
    return Volume(np.zeros(shape, dtype=np.int16), grid, Source("flat", "NIfTI", grid))


def test_a_slice_entered_mounts_a_new_canvas_with_the_boxes_of_that_slice() -> None:
    case = Case.of(flat((5, 20, 30)))
    mask = np.zeros((20, 30), dtype=bool)
    mask[4:9, 5:12] = True
    outline = case.annotation.add(3, mask, TUMOUR, box=Box(3, 4, 10, 13))
    case.go_to(3)
    mounted = case.mount
    assert [(number, box, label.value) for number, box, label in case.boxes] == [
        (outline.id, Box(3, 4, 10, 13), TUMOUR)
    ]
    case.go_to(2)
    assert case.mount > mounted
    assert case.boxes == ()


@pytest.mark.parametrize(("z", "shown"), [(-4, 0), (99, 4)])
def test_beyond_the_last_slice_there_is_the_last_slice(z: int, shown: int) -> None:
    case = Case.of(flat((5, 20, 30)))
    case.go_to(z)
    assert case.z == shown


@pytest.mark.parametrize(
    ("shape", "size"), [((5, 20, 30), (600, 700)), ((5, 3, 500), (9, 1200)), ((5, 500, 3), (600, 3))]
)
def test_a_picture_keeps_its_proportions_and_never_outgrows_the_screen(
    shape: tuple[int, int, int], size: tuple[int, int]
) -> None:
    assert Case.of(flat(shape)).picture_size(600, 1200) == size


def test_only_moves_that_the_slice_bar_did_not_ask_for_are_told_to_it() -> None:
    case = Case.of(flat((5, 20, 30)))
    case.scroll_to(3)
    assert (case.z, case.moves) == (3, 0)
    case.go_to(1)
    assert (case.z, case.moves) == (1, 1)


@pytest.mark.parametrize(
    ("screen", "height", "size"),
    [
        (None, 0, (586, 684)),
        ((3840, 2160), 0, (2026, 2364)),
        ((800, 900), 0, (283, 330)),
        ((3840, 2160), 420, (420, 490)),
    ],
)
def test_the_picture_fits_the_window_unless_a_size_is_chosen(
    screen: tuple[int, int] | None, height: int, size: tuple[int, int]
) -> None:
    case = Case.of(flat((5, 20, 30)))
    assert AppState(screen=screen, height=height).picture_size(case) == size


def test_a_case_opened_again_keeps_its_masks() -> None:
    state = AppState()
    volume, reference = phantom()
    case = state.open(volume, reference)
    case.annotation.add(3, volume.hu[3] > 0, TUMOUR)
    state.open(flat((5, 20, 30)))
    assert state.open(*phantom()) is case
    assert len(case.annotation) == 1


def test_the_model_is_fed_its_own_window_until_the_reader_wants_the_screen() -> None:
    case, segmenter = Case.of(phantom()[0]), weights.load("litemedsam")
    case.window = PRESETS["Liver"]
    assert fed_window(case, segmenter) == segmenter.card.window
    case.feed_screen = True
    assert fed_window(case, segmenter) == PRESETS["Liver"]
