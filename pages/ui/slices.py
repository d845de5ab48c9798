"""The slice on the screen of the simple canvas: what it is, and its picture to draw on."""

from pages.ui.canvas import draw_boxes
from pages.ui.painting import painted
from pages.ui.state import AppState, Case
from pages.ui.words import t
from pages.ui.words.steps import known


def heading(case: Case) -> str:
    """Say in a line what is on the screen."""
    window = str(case.window) if case.volume.has_hu else t("slices.whole_range")
    name = known(case.volume.source.name)
    return t("slices.heading", name=name, slice=case.z + 1, slices=case.volume.slices, window=window)


def canvas(state: AppState, case: Case) -> None:
    """Show the slice with its masks, to draw boxes on."""
    draw_boxes(case, painted(state, case))
