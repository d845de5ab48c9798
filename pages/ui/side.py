"""Beside the picture: the objects of the slice, and what SAM saw of them."""

import math

import streamlit as st

from core.editing.outline import Outline, Proposal
from core.editing.proposing import proposals
from core.imaging.picture import boxed
from core.scoring.overlap import dice
from core.segmentation import weights
from core.segmentation.choosing import is_trying
from core.segmentation.segmenter import ModelCard
from pages.ui import models
from pages.ui.card import plain
from pages.ui.explain import explain_button
from pages.ui.finders import figures
from pages.ui.holding import refusals
from pages.ui.kept import kept_slices
from pages.ui.prompting import ask_again, collect
from pages.ui.seen import Tried
from pages.ui.state import AppState, Case, carrying, show_in, shown_in
from pages.ui.words import in_words, many, t
from pages.ui.words.steps import known, title

_LOOK_S = 1.0


def objects(state: AppState, case: Case) -> None:
    """List the objects of the slice, each with its label, size and confidence, to correct or delete."""
    st.markdown(f"**{t('side.slice', slice=case.z + 1)}**" + (f" · {_agreement(case)}" if state.show_reference else ""))
    outlines = [outline for outline in case.annotation.on_slice(case.z) if outline.proposal is not Proposal.OPEN]
    if waiting := len(proposals(case.annotation)):
        st.caption(many("side.proposals", waiting))
    if not outlines:
        st.caption(t("side.hint"))
    for outline in outlines:
        with st.container(border=True, key=f"object_{outline.id}", gap="xsmall"):
            _object(state, case, outline)
    others = [z for z in case.annotation.slices_with_objects() if z != case.z]
    if others:
        show_in("jump", None)
        st.pills(
            t("side.others"),
            others,
            format_func=lambda z: str(z + 1),
            key="jump",
            on_change=_jump,
            args=(case,),
        )


def _jump(state: AppState, case: Case) -> None:
    if shown_in("jump") is not None:
        collect(state, case)
        case.go_to(shown_in("jump"))


def _object(state: AppState, case: Case, outline: Outline) -> None:
    names = {label.value: title(label.name) for label in case.annotation.labels}
    key = in_words(f"relabel_{outline.id}_{outline.label}")
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    row.markdown(f"**{outline.id}**", width="content")
    row.selectbox(
        t("side.label"),
        list(names),
        index=list(names).index(outline.label),
        format_func=names.__getitem__,
        key=key,
        label_visibility="collapsed",
        on_change=_relabel,
        args=(state, case, outline, key),
    )
    row.button(
        "",
        icon=":material/refresh:",
        key=f"again_{outline.id}",
        help=t("side.again"),
        on_click=ask_again,
        args=(state, case, outline),
    )
    row.button(
        "",
        icon=":material/delete:",
        key=f"delete_{outline.id}",
        help=t("side.delete"),
        on_click=_delete,
        args=(state, case, outline),
    )
    st.markdown(f"{_area(case, outline)} · {_confidence(outline)}")


def _relabel(state: AppState, case: Case, outline: Outline, key: str) -> None:
    collect(state, case)
    if outline in case.annotation.outlines:  # the picker of an object just undone may still report
        with refusals():
            case.annotation.relabel(outline.id, shown_in(key))
        case.remount()


def _delete(state: AppState, case: Case, outline: Outline) -> None:
    collect(state, case)
    with refusals():
        case.annotation.remove(outline.id, z=outline.z)
    case.remount()


def _area(case: Case, outline: Outline) -> str:
    area_mm2 = case.annotation.area_mm2(outline)
    return t("side.pixels", count=outline.voxels) if math.isnan(area_mm2) else f"{area_mm2 / 100:.2f} cm²"


def _confidence(outline: Outline) -> str:
    """Say what the model thinks of its mask: above 0.9 it was seen to be right, under 0.7 often wrong."""
    score = outline.score
    if math.isnan(score):
        return t("side.by_hand")
    shown = f"{score:.2f}"
    if outline.by_hand:
        return t("side.confidence_changed", score=shown)
    if score < 0.7:
        return f":red[{t('side.confidence_low', score=shown)}]"
    return f":{'green' if score >= 0.9 else 'orange'}[{t('side.confidence', score=shown)}]"


def _agreement(case: Case) -> str:
    if case.reference is None:
        return ""
    drawn, truth = case.annotation.label_slice(case.z), case.reference.voxels[case.z]
    scores = [
        f"{plain(known(label.name))} {dice(drawn == label.value, truth == label.value):.2f}"
        for label in case.annotation.labels
        if (drawn == label.value).any() and (truth == label.value).any()
    ]
    return t("side.agreement", scores=", ".join(scores)) if scores else t("side.nothing_to_compare")


def model(state: AppState, case: Case) -> None:
    """Say what the model is, show the exact picture and box it was given last, and offer to feed the screen."""
    found = weights.available()
    for problem in found.problems:
        st.warning(plain(problem), icon=":material/warning:")
    card = next((card for card in found.cards if card.name == state.model), None)
    with st.expander(t("side.saw"), icon=":material/eye_tracking:", key="saw"):
        if case.seen is None:
            st.caption(t("side.saw_nothing"))
        else:
            caption = t("side.saw_caption", slice=case.seen.z + 1, window=case.seen.window)
            st.image(boxed(case.seen.picture, case.seen.box), caption=caption, width=256)
            if case.seen.tried:
                st.caption(_tried(case.seen.tried))
            explain_button(case)
        if card is None:
            return
        if case.volume.has_hu:
            how = carrying("feed", case.feed_screen)
            st.toggle(t("side.feed"), **how, on_change=_take_feed, args=(case,))
            st.caption(t("side.feed_caption", window=card.window))
        st.caption(_facts(card))
    _engine(state)
    kept_slices()


def _tried(tried: Tried) -> str:
    """Say which of two pictures the answer was found on."""
    whole, zoomed = f"{tried.whole:.2f}", f"{tried.zoomed:.2f}"
    if tried.enlarged:
        return t("side.saw_enlarged", zoomed=zoomed, whole=whole)
    return t("side.saw_whole", zoomed=zoomed, whole=whole)


def _facts(card: ModelCard) -> str:
    takes = t("side.takes_points") if card.takes_points else t("side.takes_boxes")
    megabytes = f"{card.megabytes:.0f}"
    facts = t("side.model", title=plain(card.title), megabytes=megabytes, licence=card.licence, takes=takes)
    scores = figures(dict(weights.scores(card.name)))
    return f"{facts} {t('side.scores', scores=plain(scores))}" if scores else facts


def _engine(state: AppState) -> None:
    """Say what computes the masks here and why; a model that is still loading holds up nobody."""
    segmenter = models.loaded(state.model)
    if segmenter is None:
        if models.is_loading(state.model):
            _await_model(state.model)
    elif is_trying(segmenter.card):
        _await_engine(segmenter.card)
    else:
        engine = segmenter.engine
        st.caption(t("side.engine", engine=engine.name, device=segmenter.device, reason=plain(known(engine.reason))))


@st.fragment(run_every=_LOOK_S)
def _await_model(name: str) -> None:
    """Say that a model is on its way until it has come; then the page runs again, and slices are encoded ahead."""
    if not models.is_loading(name):
        st.rerun()
    st.caption(t("side.model_loading"))


@st.fragment(run_every=_LOOK_S)
def _await_engine(card: ModelCard) -> None:
    """Say that engines are being tried out until one is found."""
    if not is_trying(card):
        st.rerun()
    st.caption(t("viewer.model_trying"))


def _take_feed(case: Case) -> None:
    case.feed_screen = shown_in("feed")
