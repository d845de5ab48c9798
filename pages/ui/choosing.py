"""Choosing what is compared on the Metrics page: prediction, reference and the CT underneath."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import LobuleError
from core.imaging.choices import SeveralSeries
from core.imaging.grid import Grid
from core.imaging.reading import read_labels, read_volume
from core.scoring.counterparts import Content, contents
from core.scoring.evidence import FileUsed, used
from pages.ui.card import plain
from pages.ui.desk import Desk, Held, HeldCt, HeldMask, Origin, Slot, lies_in, offers, origin_of
from pages.ui.state import AppState, Case, carrying, shown_in
from pages.ui.uploads import read_uploads
from pages.ui.words import in_words, t
from pages.ui.words.steps import known

UPLOADERS = {"prediction": "predicted", "reference": "reference_file", "ct": "ct_file"}
LABEL_FORMATS = "NIfTI, NRRD, MHA, DICOM-SEG, PNG"
Given = Sequence[UploadedFile] | None
_MOST_LISTED = 4


def choose(state: AppState, desk: Desk) -> None:
    """Show the three places side by side, each with what lies there or a way to put something there.

    Files are read when all three are drawn: a place that a run does not reach would lose a file that comes meanwhile.
    """
    slots = (desk.prediction, desk.reference, desk.ct)
    columns = st.columns(3, gap="medium")
    given: list[Given] = []
    for column, slot in zip(columns, slots, strict=True):
        with column:
            given.append(_place(desk, slot, state.case))
    chosen = desk.prediction.held or desk.reference.held
    if not chosen and (state.case is None or (state.case.reference is None and not len(state.case.annotation))):
        st.caption(t("choosing.hint"))
    for column, slot, files in zip(columns, slots, given, strict=True):
        if files:
            with column:
                _read(slot, files)
    if any(given):
        st.rerun()


def _place(desk: Desk, slot: Slot, case: Case | None) -> Given:
    offered = offers(slot, case)
    origin = origin_of(desk, slot, case)
    key, title = in_words(f"origin_{slot.role}"), t(f"choosing.{slot.role}")
    if len(offered) > 1:
        st.segmented_control(
            title,
            offered,
            format_func={each: _offer(slot, each) for each in offered}.__getitem__,
            **carrying(key, origin, by="default"),
            required=True,
            on_change=_take_origin,
            args=(slot, key),
        )
    else:
        st.markdown(f"<small>{title}</small>", unsafe_allow_html=True)
    held, files = lies_in(desk, slot, case), None
    if held is not None:
        files = _card(slot, held, origin)
    elif origin is Origin.FILE:
        files = _uploader(slot)
    if slot.trouble and origin is Origin.FILE:
        st.error(plain(slot.trouble), icon=":material/error:")
        if held is not None:
            st.caption(t("choosing.before"))
    return files


def _offer(slot: Slot, origin: Origin) -> str:
    if origin is Origin.CASE:
        return t("choosing.origin.open_ct") if slot.role == "ct" else t("choosing.origin.its_labels")
    return t(f"choosing.origin.{origin}")


def _take_origin(slot: Slot, key: str) -> None:
    slot.origin = shown_in(key)


def _card(slot: Slot, held: Held, origin: Origin) -> Given:
    with st.container(border=True, key=f"held_{slot.role}", gap="xsmall"):
        row = st.container(horizontal=True, vertical_alignment="center", gap="small")
        row.markdown(f"**{plain(held.title)}**", width="stretch")
        st.caption(_facts(held))
        if origin is not Origin.FILE:
            return None
        with row.popover("", icon=":material/upload_file:", width="content", key=f"another_{slot.role}_{slot.uploads}"):
            return _uploader(slot)


def _facts(held: Held) -> str:
    if isinstance(held, HeldMask):
        return f"{_size(held.mask.grid)} · {_listed(held.contents)}"
    return _size(held.volume.grid) if isinstance(held, HeldCt) else ""


def _size(grid: Grid) -> str:
    z, y, x = grid.shape
    return t("choosing.size", x=x, y=y, z=z)


def _listed(found: Sequence[Content]) -> str:
    names = [f"{content.value} {plain(known(content.name))}" for content in found[:_MOST_LISTED]]
    more = len(found) - len(names)
    return ", ".join([*names, *([t("choosing.more", count=more)] if more else [])]) or t("choosing.empty")


def _uploader(slot: Slot) -> Given:
    files = st.file_uploader(
        t(f"choosing.{slot.role}"),
        accept_multiple_files=True,
        key=f"{UPLOADERS[slot.role]}_{slot.uploads}",
        label_visibility="collapsed",
        help=t("choosing.help"),
    )
    if slot.role != "ct":
        st.caption(LABEL_FORMATS)
    return files


def _read(slot: Slot, files: Sequence[UploadedFile]) -> None:
    more = len(files) - 1
    name = t("choosing.and_more", name=files[0].name, count=more) if more else files[0].name
    try:
        with st.spinner(t("choosing.reading")):
            slot.held = read_uploads(files, lambda paths: _held(slot.role, name, paths))
        slot.trouble = None
    except SeveralSeries:
        slot.trouble = t("choosing.several")
    except LobuleError as error:
        slot.trouble = str(error)
    slot.uploads += 1  # an uploader that keeps a refused file would read it again with the next


def _held(role: str, name: str, paths: list[Path]) -> Held:
    files = (_used(role, name, paths),)
    if role == "ct":
        return HeldCt(name=name, code=name, volume=read_volume(paths), files=files)
    mask = read_labels(paths)
    return HeldMask(name=name, code=name, mask=mask, contents=contents(mask), files=files)


def _used(role: str, name: str, paths: list[Path]) -> FileUsed:
    if len(paths) == 1:
        return used(role, paths[0], name)
    together = {path.parent for path in paths}
    return used(role, together.pop() if len(together) == 1 else paths[0].parent.parent, name)
