"""The card of an open CT: what it is, without saying whose it is."""

import re

import streamlit as st

from core.imaging.picture import Pixels, resize
from core.imaging.volume import Volume
from core.imaging.window import PRESETS, slice_picture
from pages.ui.state import Case
from pages.ui.words import many, t
from pages.ui.words.steps import known

THUMBNAIL = 260
_MARKDOWN = re.compile(r"([\\`*_\[\]<#$:~])")


def case_card(case: Case) -> None:
    """Show size, spacing, intensities, orientation, series description and notes of a case, and a picture."""
    picture, facts = st.columns([1, 2.4], gap="medium", vertical_alignment="center")
    picture.image(thumbnail(case))
    with facts:
        st.subheader(plain(known(case.volume.source.name)), anchor=False)
        st.table(_facts(case.volume), border="horizontal", hide_header=True)
        for note in case.volume.source.notes:
            st.caption(f":material/info: {plain(known(note))}")


def thumbnail(case: Case) -> Pixels:
    """Return the slice on the screen as grey values, true to its proportions."""
    return resize(slice_picture(case.volume, case.z, PRESETS["Abdomen"]), case.picture_size(THUMBNAIL, THUMBNAIL))


def _facts(volume: Volume) -> dict[str, str]:
    z, y, x = volume.grid.shape
    low, high = int(volume.hu.min()), int(volume.hu.max())
    source = volume.source
    kind = " · ".join(known(part) for part in (source.modality, source.format, source.description) if part)
    unit = "HU" if volume.has_hu else t("card.in_unit", unit=known(volume.intensity))
    return {
        t("card.kind"): kind,
        t("card.size"): many("card.size_text", z, x=x, y=y),
        t("card.voxel"): spacing_text(volume),
        t("card.intensities"): t("card.range", low=low, high=high, unit=unit).replace("-", "−"),
        t("card.orientation"): t("card.orientation_text", letters=source.grid.orientation),
    }


def plain(text: str) -> str:
    """Return text so that Markdown shows it letter by letter; file names are full of stars and underscores."""
    return _MARKDOWN.sub(r"\\\1", text)


def spacing_text(volume: Volume) -> str:
    """Return the voxel size in words."""
    if not volume.grid.has_spacing:
        return t("card.no_spacing")
    z, y, x = volume.grid.spacing
    return t("card.spacing", x=f"{x:.2f}", y=f"{y:.2f}", z=f"{z:.2f}")
