"""The geometry passport: where two masks differ, what would have to be done, and what that would look like."""

import math
from dataclasses import dataclass

import streamlit as st

from core.errors import GeometryError
from core.imaging.matching import extended, labels_on, laid_on, resampled_on
from core.imaging.passport import Fit, Passport, passport
from core.imaging.picture import jpeg
from core.imaging.volume import Mask, Volume
from core.scoring.counterparts import Content, contents
from core.scoring.framing import fullest_slice, whole_slice
from pages.ui.card import plain
from pages.ui.desk import Desk, Table
from pages.ui.painting import REFERENCE_COLOUR
from pages.ui.pictures import PREDICTION_COLOUR, Shown, legend
from pages.ui.words import t
from pages.ui.words.steps import known

NAMES = ("the prediction", "the reference")
HEIGHT, WIDEST = 300, 460


@dataclass(frozen=True, eq=False)
class Fitting:
    """How a prediction fits its reference.

    Attributes:
        passport: What both say of their geometry.
        predicted: The prediction on the grid of the reference; None if there is no way.
        reference: On the grid of the CT, if there is one that fits.
        volume: The CT, if it fits.
        no_ct: Why the CT does not fit, or ``""``.
        resampled: Whether the prediction had to be resampled, so that the reader must agree.
        held: What the prediction holds as it is, and what it would hold.
    """

    passport: Passport
    predicted: Mask | None
    reference: Mask
    volume: Volume | None
    no_ct: str
    resampled: bool
    held: tuple[tuple[Content, ...], tuple[Content, ...]]


def fitting(desk: Desk, table: Table) -> Fitting:
    """Return how the masks on the table fit; worked out once for a table."""
    if desk.fitting is None or not (table.same_masks(desk.fitting[0]) and table.ct is desk.fitting[0].ct):
        with st.spinner(t("passport.comparing")):
            desk.fitting = (table, _fitted(table))
    return desk.fitting[1]


def _fitted(table: Table) -> Fitting:
    before, reference, volume, no_ct = table.prediction.mask, table.reference.mask, None, ""
    if table.ct is not None:
        try:
            reference, volume = labels_on(table.ct.volume, reference, NAMES[1]), table.ct.volume
        except GeometryError as error:
            no_ct = str(error)
    grown, other = extended(before, reference)
    before, reference = (grown, other) if volume is None else (grown, reference)  # a CT says how many slices there are
    found = passport(before.grid, reference.grid, NAMES)
    predicted, resampled = None, False
    try:
        predicted = laid_on(before, reference.grid, *NAMES)
    except GeometryError:
        if found.fit is Fit.RESAMPLE:
            predicted, resampled = resampled_on(before, reference.grid, *NAMES), True
    held = (table.prediction.contents, contents(predicted) if predicted and resampled else ())
    return Fitting(found, predicted, reference, volume, no_ct, resampled, held)


def show_passport(found: Fitting) -> None:
    """Show both geometries, differences in red, what they mean, and what resampling would make of the prediction."""
    facts, picture = st.columns([1.45, 1], gap="large")
    with facts:
        st.table(
            [
                {
                    "": known(fact.name),
                    t("choosing.prediction"): _shown(fact.first, fact.differs),
                    t("choosing.reference"): _shown(fact.second, fact.differs),
                }
                for fact in found.passport.facts
            ],
            border="horizontal",
        )
        if found.resampled:
            _meaning(found)
            st.table(_volumes(found), border="horizontal")
    with picture:
        if found.resampled:
            _preview(found)
        else:
            _meaning(found)
        if found.no_ct:
            st.caption(f":material/info: {t('passport.no_ct', reason=plain(found.no_ct))}")


def _shown(text: str, differs: bool) -> str:
    shown = plain(known(text))
    return f":red[**{shown}**]" if differs else shown


def _meaning(found: Fitting) -> None:
    text = plain(known(found.passport.sentence))
    if found.predicted is None:
        st.error(t("passport.cannot", reason=text), icon=":material/error:")
    elif found.resampled:
        st.warning(text, icon=":material/grid_on:")
    elif found.passport.fit is Fit.RESAMPLE:  # a DICOM segmentation without its empty slices
        st.success(t("passport.some_slices"), icon=":material/check:")
    else:
        st.success(text, icon=":material/check:")


@st.fragment
def _preview(found: Fitting) -> None:
    """Show the prediction as it would be, over the reference."""
    if found.predicted is None:
        return
    last, z = found.reference.grid.shape[0], fullest_slice(found.reference)
    st.html(
        legend(
            {t("passport.prediction_resampled"): PREDICTION_COLOUR, t("slicewise.reference_small"): REFERENCE_COLOUR}
        )
    )
    picture = st.container()
    if last > 1:
        z = st.slider(t("passport.slice"), 1, last, z + 1, key="preview_slice") - 1
    frame = whole_slice(found.reference.grid, HEIGHT, WIDEST)
    shown = Shown(found.predicted, found.reference, None, found.volume, frame)
    picture.image(jpeg(shown.both_outlines(z)), width=frame.size[1])


def _volumes(found: Fitting) -> list[dict[str, str]]:
    after = {content.value: content.volume_ml for content in found.held[1]}
    rows = []
    for content in found.held[0]:
        ml = after.get(content.value, 0.0)
        change = 100 * (ml / content.volume_ml - 1) if content.volume_ml else math.nan
        rows.append(
            {
                t("choosing.prediction"): plain(f"{content.value} {known(content.name)}"),
                t("passport.before"): f"{content.volume_ml:.2f} ml",
                t("passport.after"): f"{ml:.2f} ml",
                t("passport.change"): f"{change:+.1f} %".replace("-", "−"),
            }
        )
    return rows
