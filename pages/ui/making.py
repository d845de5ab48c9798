"""A file that is made beside the page: the button that begins it, how far it is, and the download."""

from collections.abc import Callable, Generator
from typing import Any

import streamlit as st

from core.imaging.files import in_bytes
from pages.ui.card import plain
from pages.ui.outcome import Outcome, Parcel
from pages.ui.words import t
from pages.ui.words.steps import known
from pages.ui.working import Working, watch

Maker = Callable[[], Generator[Any, None, None]]


def make(
    outcome: Outcome, kind: str, words: str, names: tuple[str, ...], maker: Maker, *, disabled: bool = False
) -> None:
    """Offer to make a file, and show how far it is.

    Args:
        outcome: Of the case; one thing at a time is made of it.
        kind: What is made, ``report`` or ``files``.
        words: On the button.
        names: Of the parts, in their order.
        maker: Makes them; the last thing that it makes is a `Parcel`.
        disabled: Whether nothing can be made now.
    """
    if st.button(
        words,
        type="primary",
        key=f"make_{kind}",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=disabled or outcome.work is not None,
    ):
        # not by a callback: that would make what was chosen when the button was drawn, not when it was pressed
        outcome.parcel.pop(kind, None)
        outcome.trouble, outcome.making = "", kind
        outcome.work = Working(maker, names)
        st.rerun()
    work = outcome.work
    if work is None:
        return
    if not work.has_ended:
        watch(work, "step")
        return
    parcel = next((made for made in reversed(work.made) if isinstance(made, Parcel)), None)
    outcome.trouble = work.trouble or ("" if parcel else t("outcome.stopped"))
    if parcel is not None:
        outcome.parcel[outcome.making] = parcel
    outcome.work = None
    st.rerun()


def offered(outcome: Outcome, kind: str) -> None:
    """Offer what was made, with what must be known of it; or say why it was not."""
    if outcome.trouble and outcome.making == kind:
        st.error(plain(outcome.trouble), icon=":material/error:")
    parcel = outcome.parcel.get(kind)
    if parcel is None:
        return
    st.download_button(
        t("outcome.save", name=parcel.name, size=in_bytes(len(parcel.data))),
        parcel.data,
        parcel.name,
        key=f"save_{kind}",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )
    for sentence in parcel.said:
        st.warning(plain(known(sentence)), icon=":material/warning:")
