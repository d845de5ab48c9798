"""The figures of a label as tiles, all of them in a table, and what every one means."""

import math

import streamlit as st

from core.reporting import wording
from core.scoring.definitions import CARDS, EMPTY_RULES, EMPTY_WORDS, Card
from core.scoring.errormap import WORDS, Outcome
from core.scoring.scorecard import LabelScore
from core.scoring.surfaces import Definition
from pages.ui.scored import Scored
from pages.ui.words import t
from pages.ui.words.steps import known

TILES = (
    ("dice", "iou", "volume_difference_ml"),
    ("precision", "recall", "specificity"),
    ("hd95_mm", "assd_mm", "nsd"),
    ("lesion_recall", "lesion_precision", "lesion_dice"),
)
MESH = "Lobule (mesh)"
COLUMNS = {
    MESH: ("", Definition.MESH),
    "CHAOS": ("chaos_", Definition.CHAOS),
    "MONAI": ("monai_", Definition.MONAI),
    "surface-distance": ("surfel_", Definition.SURFEL),
}
_AS_CHAOS = {"dice": "dice", "volume_difference_percent": "ravd_percent", "assd_mm": "assd_mm", "hd_mm": "mssd_mm"}


def tiles(scored: Scored, label: LabelScore) -> None:
    """Show the main figures; what each means stands behind its question mark."""
    with st.container(key="tiles", gap="xsmall"):
        for keys in TILES:
            for column, key in zip(st.columns(len(keys), gap="xsmall"), keys, strict=True):
                card, value = CARDS[key], label.figures[key]
                name = known(card.name)
                if key == "hd95_mm":
                    name, value = f"HD{scored.settings.percentile:g}", scored.far(label)
                if key == "nsd":
                    name = t("figures.nsd", tolerance=f"{scored.card.tolerance_mm:g}")
                column.metric(name, _short(scored, card, value), help=meaning(card))


def meaning(card: Card) -> str:
    """Return what a figure means, for a question mark."""
    return f"**{known(card.name)}**: {known(card.formula)}\n\n{known(card.convention)}\n\n{card.source}"


def _short(scored: Scored, card: Card, value: float) -> str:
    if math.isnan(value):
        return known(wording.number(value, card.key))
    if math.isinf(value):
        return t("figures.none", diagonal=f"{scored.card.diagonal_mm:.0f}")
    return _number(card, value)


def _number(card: Card, value: float) -> str:
    return f"{wording.number(value, card.key)} {card.unit}".rstrip()


def all_figures(scored: Scored, label: LabelScore) -> None:
    """Show every figure by every definition that was measured; what is undefined says why."""
    shown = {title: prefix for title, (prefix, kind) in COLUMNS.items() if _measured(scored, kind)}
    rows = []
    for key, card in CARDS.items():
        if card.key not in label.figures or key.startswith(("chaos_", "monai_", "surfel_")):
            continue
        row = {t("figures.figure"): known(card.name)}
        for title, prefix in shown.items():
            theirs = f"chaos_{_AS_CHAOS[key]}" if prefix == "chaos_" and key in _AS_CHAOS else f"{prefix}{key}"
            row[_column(title)] = _long(scored, label, theirs) if theirs in label.figures else ""
        rows.append(row)
    if scored.settings.percentile not in (95, 100):
        text = _explained(scored, label, CARDS["hd95_mm"], scored.far(label))
        rows.append({t("figures.figure"): f"HD{scored.settings.percentile:g}", _column(MESH): text})
    st.dataframe(rows, hide_index=True, height=len(rows) * 35 + 38)
    st.caption(t("figures.chaos"))


def _column(title: str) -> str:
    return t("figures.mesh") if title == MESH else title


def _measured(scored: Scored, kind: Definition) -> bool:
    return kind in (Definition.MESH, Definition.CHAOS, *scored.settings.others)


def _long(scored: Scored, label: LabelScore, key: str) -> str:
    return _explained(scored, label, CARDS[key], label.figures[key])


def _explained(scored: Scored, label: LabelScore, card: Card, value: float) -> str:
    if math.isfinite(value):
        return _number(card, value)
    if math.isinf(value):
        what = known(WORDS[Outcome.FALSE_POSITIVE if label.counts.predicted else Outcome.FALSE_NEGATIVE])
        return t("figures.counts_as", what=what, diagonal=f"{scored.card.diagonal_mm:.1f}")
    if not scored.pair[1].grid.has_spacing and (card.unit in ("mm", "ml") or card.key.endswith("nsd")):
        return t("figures.no_size")
    if not label.counts.predicted and not label.counts.reference:
        return t("figures.in_neither")
    return t("figures.nothing_to_find") if label.counts.predicted else t("figures.not_predicted")


def definitions() -> None:
    """Show what every figure means and where it comes from, and what is said where there is nothing to measure."""
    with st.expander(t("figures.empty"), icon=":material/rule:"):
        st.caption(known(EMPTY_WORDS))
        st.dataframe(
            [
                {
                    t("figures.empty.figures"): ", ".join(known(CARDS[key].name) for key in rule.keys),
                    t("figures.empty.both"): known(wording.empty(rule.both)),
                    t("figures.empty.prediction"): known(wording.empty(rule.predicted)),
                    t("figures.empty.reference"): known(wording.empty(rule.reference)),
                }
                for rule in EMPTY_RULES
            ],
            hide_index=True,
        )
    with st.expander(t("figures.definitions"), icon=":material/menu_book:"):
        st.dataframe(
            [
                {
                    t("figures.column.figure"): known(card.name),
                    t("figures.column.formula"): known(card.formula),
                    t("figures.column.unit"): card.unit,
                    t("figures.column.convention"): known(card.convention),
                    t("figures.column.source"): card.source,
                }
                for card in CARDS.values()
            ],
            hide_index=True,
        )
