"""Explain: what the model made of the box it was asked last, in four pictures with plain words."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import LobuleError
from core.imaging.picture import Pixels, boxed, edges, heated, tinted
from core.segmentation.explaining import Explanation, explained
from pages.ui import models
from pages.ui.card import plain
from pages.ui.seen import Seen
from pages.ui.state import Case
from pages.ui.words import t

BAR = (10, 260)
_LINE = (255, 255, 255)


def explain_button(case: Case) -> None:
    """Offer to explain the last answer, once there is one."""
    seen = case.seen
    if (
        st.button(
            t("explain.button"), key="explain", icon=":material/school:", disabled=seen is None, help=t("explain.help")
        )
        and seen is not None
    ):
        st.dialog(t("explain.title", slice=seen.z + 1), width="large")(_explain)(seen)


def _explain(seen: Seen) -> None:
    try:
        with st.spinner(t("simple.at_work")):
            told = _told(seen)
    except LobuleError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    if told is None:
        st.info(t("explain.gone"), icon=":material/info:")
        return
    first, second, third, fourth = st.columns(4, gap="medium")
    given = boxed(seen.picture, told.box)
    _part(first, "given", given, window=seen.window, pixels=max(seen.picture.shape))
    features = tinted(seen.picture, told.features)
    _part(second, "features", features, percent=round(100 * told.explained))
    _part(third, "attention", _with_box(heated(seen.picture, told.attention), told))
    _part(fourth, "confidence", _with_edge(heated(seen.picture, told.confidence), told), score=f"{told.score:.2f}")


def _told(seen: Seen) -> Explanation | None:
    """Ask the model that answered; None if another file goes by its name now."""
    segmenter = models.segmenter(seen.model)
    if segmenter.card.sha256 != seen.embedding.model:
        return None
    with models.embeddings().asking():
        return explained(segmenter, seen.embedding, seen.prompt)


def _part(place: DeltaGenerator, name: str, picture: Pixels, **values: object) -> None:
    place.markdown(f"**{t(f'explain.{name}')}**")
    place.image(picture, width="stretch")
    if name in ("attention", "confidence"):
        place.image(_scale(), caption=t(f"explain.{name}_scale"), width="stretch")
    place.caption(plain(t(f"explain.{name}_words", **values)))


def _scale() -> Pixels:
    """Return the colours of heat from nothing to most."""
    bar = np.broadcast_to(np.linspace(0, 1, BAR[1], dtype=np.float32), BAR)
    return heated(np.zeros(BAR, np.uint8), bar)


def _with_box(picture: Pixels, told: Explanation) -> Pixels:
    return boxed(picture, told.box, _LINE)


def _with_edge(picture: Pixels, told: Explanation) -> Pixels:
    """Draw the edge of the mask, where the probability is one half."""
    drawn = picture.copy()
    drawn[edges((told.confidence >= 0.5).astype(np.uint8))] = _LINE
    return drawn
