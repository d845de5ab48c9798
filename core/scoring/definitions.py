"""What every figure means: name, formula, unit, convention, range and the paper it comes from.

One card per key of `scorecard.LabelScore.figures`; the page, the report and the help show these and nothing else.
"""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Card:
    """The definition of one figure.

    Attributes:
        key: Its name in files.
        name: Its name on the screen.
        formula: P is the prediction, R the reference; TP, FP, FN, TN count voxels.
        unit: ``""`` for a share of 1.
        convention: What tools differ in, and what is done here.
        span: The least and the greatest value.
        source: Where it was defined.
        better: 1 if more is better, -1 if less is, 0 if nearest to 0 is or neither.
    """

    key: str
    name: str
    formula: str
    unit: str
    convention: str
    span: str
    source: str
    better: int


_VOXELS = "Counts voxels, so one slice of a thick stack weighs as much as several of a thin one."
_EMPTY = "Undefined if both masks are empty; 0 if one is."
_TRIANGLES = (
    "Surfaces are marching-cubes meshes; every triangle's centroid is measured to the nearest triangle and weighted "
    "by its area, as in MeshMetrics."
)
_MESH = f"{_TRIANGLES} Undefined if both masks are empty; none (counts as the image's diagonal) if one is."
_MATCH = (
    "A lesion is a component of 26 neighbours; predicted and reference lesions match one to one from an IoU of 0.1, "
    "the pairs that share most first."
)
_DICE = "L. R. Dice, Ecology 26 (1945), https://doi.org/10.2307/1932409"
_JACCARD = "P. Jaccard, New Phytologist 11 (1912), https://doi.org/10.1111/j.1469-8137.1912.tb05611.x"
_TAHA = "A. A. Taha and A. Hanbury, BMC Medical Imaging 15 (2015), https://doi.org/10.1186/s12880-015-0068-x"
_HEIMANN = "T. Heimann et al., IEEE TMI 28 (2009), https://doi.org/10.1109/TMI.2009.2013851"
_HAUSDORFF = "D. P. Huttenlocher et al., IEEE TPAMI 15 (1993), https://doi.org/10.1109/34.232073"
_NIKOLOV = "S. Nikolov et al., JMIR 23 (2021), https://doi.org/10.2196/26151"
_LITS = "P. Bilic et al., Medical Image Analysis 84 (2023), https://doi.org/10.1016/j.media.2022.102680"
_CHAOS = "A. E. Kavur et al., Medical Image Analysis 69 (2021), https://doi.org/10.1016/j.media.2020.101950"
_LENGTH = "0 to the image's diagonal"

_OVERLAP = (
    Card("dice", "Dice (F1)", "2 TP / (2 TP + FP + FN)", "", f"{_VOXELS} {_EMPTY}", "0 to 1", _DICE, 1),
    Card("iou", "IoU (Jaccard)", "TP / (TP + FP + FN)", "", f"{_VOXELS} {_EMPTY}", "0 to 1", _JACCARD, 1),
    Card("precision", "Precision", "TP / (TP + FP)", "", "Undefined if nothing was predicted.", "0 to 1", _TAHA, 1),
    Card(
        "recall", "Recall (sensitivity)", "TP / (TP + FN)", "", "Undefined if there is nothing to find.", "0 to 1",
        _TAHA, 1,
    ),
    Card(
        "specificity", "Specificity", "TN / (TN + FP)", "",
        "Of the whole image: nearly 1 for any small object, whatever was drawn.", "0 to 1", _TAHA, 1,
    ),
    Card(
        "accuracy", "Accuracy", "(TP + TN) / all voxels", "",
        "Of the whole image: nearly 1 for any small object, whatever was drawn.", "0 to 1", _TAHA, 1,
    ),
    Card("volume_predicted_ml", "Volume, prediction", "|P|", "ml", "Voxels times voxel size.", "0 or more", "", 0),
    Card("volume_reference_ml", "Volume, reference", "|R|", "ml", "Voxels times voxel size.", "0 or more", "", 0),
    Card(
        "volume_difference_ml", "Volume difference", "|P| - |R|", "ml",
        "Signed; 0 says nothing of where the voxels lie.", "any", _HEIMANN, 0,
    ),
    Card(
        "volume_difference_percent", "Relative volume difference", "100 (|P| - |R|) / |R|", "%",
        "Signed. Undefined if the reference is empty.", "-100 or more", _HEIMANN, 0,
    ),
)  # fmt: skip
_SURFACE = (
    Card("hd_mm", "Hausdorff distance", "max(max d(P→R), max d(R→P))", "mm", _MESH, _LENGTH, _HAUSDORFF, -1),
    Card(
        "hd95_mm", "HD95", "max(P95 d(P→R), P95 d(R→P))", "mm",
        f"The larger of the two directed percentiles, not the percentile of both surfaces pooled. {_MESH}", _LENGTH,
        _HAUSDORFF, -1,
    ),
    Card("asd_to_reference_mm", "ASD, prediction to reference", "mean d(P→R)", "mm", _MESH, _LENGTH, _HEIMANN, -1),
    Card("asd_to_predicted_mm", "ASD, reference to prediction", "mean d(R→P)", "mm", _MESH, _LENGTH, _HEIMANN, -1),
    Card(
        "assd_mm", "ASSD", "mean of d(P→R) and d(R→P) together", "mm",
        f"The mean over both surfaces together, not the mean of their two means (that is MASD). {_MESH}", _LENGTH,
        _HEIMANN, -1,
    ),
    Card("masd_mm", "MASD", "(mean d(P→R) + mean d(R→P)) / 2", "mm", _MESH, _LENGTH, _HEIMANN, -1),
    Card(
        "nsd", "Normalised surface Dice", "area of both surfaces within the tolerance / area of both", "",
        f"The tolerance in mm stands beside the figure. {_TRIANGLES} {_EMPTY}", "0 to 1", _NIKOLOV, 1,
    ),
)  # fmt: skip
_LESIONS = (
    Card("lesion_recall", "Lesions found", "found / reference lesions", "", _MATCH, "0 to 1", _LITS, 1),
    Card("lesion_precision", "Lesions that are there", "found / predicted lesions", "", _MATCH, "0 to 1", _LITS, 1),
    Card("lesion_f1", "Lesion F1", "2 found / (2 found + missed + false)", "", _MATCH, "0 to 1", _LITS, 1),
    Card(
        "lesion_dice", "Dice per lesion", "mean Dice of the reference lesions", "",
        f"A missed lesion counts as 0; false ones do not enter. {_MATCH}", "0 to 1", _LITS, 1,
    ),
)  # fmt: skip
_OTHERS = (
    Card("chaos_dice", "Dice, as CHAOS", "2 TP / (2 TP + FP + FN)", "", "As Dice.", "0 to 1", _CHAOS, 1),
    Card("chaos_ravd_percent", "RAVD, as CHAOS", "100 | |P| - |R| | / |R|", "%", "Unsigned.", "0 or more", _CHAOS, -1),
    Card(
        "chaos_assd_mm", "ASSD, as CHAOS", "mean of both directions together", "mm",
        "Border voxels, each of weight 1; the edge of the image is no border.", _LENGTH, _CHAOS, -1,
    ),
    Card("chaos_mssd_mm", "MSSD, as CHAOS", "max of both directions", "mm", "Border voxels.", _LENGTH, _CHAOS, -1),
)  # fmt: skip
_TOOLS = {
    "monai": ("as MONAI", "Border voxels (6 neighbours), each of weight 1; percentiles between ranks."),
    "surfel": ("as surface-distance", "2 × 2 × 2 neighbourhoods on the voxel grid, weighted by area."),
}
_SHARED = ("hd_mm", "hd95_mm", "assd_mm", "nsd")


def _as_other_tools(own: Card) -> tuple[Card, ...]:
    if own.key not in _SHARED:
        return ()
    return tuple(
        replace(own, key=f"{tool}_{own.key}", name=f"{own.name}, {label}", convention=convention)
        for tool, (label, convention) in _TOOLS.items()
    )


CARDS: dict[str, Card] = {
    card.key: card for own in (*_OVERLAP, *_SURFACE, *_LESIONS, *_OTHERS) for card in (own, *_as_other_tools(own))
}
"""Every figure in the order in which it is shown; as another tool has it, beside ours."""


_PERCENTILE = re.compile(r"(monai_|surfel_|)hd(\d+(?:\.\d+)?)_mm")  # such as hd90_mm, and hd97.5_mm as MONAI


def base_key(key: str) -> str:
    """Return the key in `CARDS` of a figure: ``hd95_mm`` for the Hausdorff distance at any other percentile.

    Raises:
        KeyError: There is no such figure.
    """
    if key in CARDS:
        return key
    found = _PERCENTILE.fullmatch(key)
    if not found:
        raise KeyError(key)
    return f"{found[1]}hd95_mm"


def card_of(key: str) -> Card:
    """Return the definition of a figure, also of one like ``hd90_mm`` that was asked for and is not in `CARDS`."""
    own = CARDS[base_key(key)]
    if own.key == key:
        return own
    percentile = key[key.index("hd") + 2 : -len("_mm")]
    name, formula = own.name.replace("HD95", f"HD{percentile}"), own.formula.replace("P95", f"P{percentile}")
    return replace(own, key=key, name=name, formula=formula)


def in_order(keys: Collection[str]) -> list[str]:
    """Sort keys of figures as they are shown: as in `CARDS`, other percentiles behind the 95th and rising."""
    places = {key: place for place, key in enumerate(CARDS)}

    def place(key: str) -> tuple[int, float]:
        base = base_key(key)
        return places[base], 0 if base == key else float(key[key.index("hd") + 2 : -len("_mm")])

    return sorted(keys, key=place)


def with_percentiles(wanted: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Keep of the wanted figures those that are among the keys, each with its other percentiles behind it."""
    return [key for base in wanted for key in keys if base_key(key) == base]


@dataclass(frozen=True)
class EmptyRule:
    """What some figures are where a mask is empty; None is a number like any other.

    Attributes:
        keys: Of the figures.
        both: Neither mask holds the label.
        predicted: Only the prediction is empty: the object was missed.
        reference: Only the reference is empty: the object was made up.
    """

    keys: tuple[str, ...]
    both: float | None
    predicted: float | None
    reference: float | None


_DISTANCES = tuple(key for key, card in CARDS.items() if card.unit == "mm")
_SURFACE_DICE = tuple(key for key in CARDS if key.endswith("nsd"))
EMPTY_RULES = (
    EmptyRule(("dice", "iou", *_SURFACE_DICE, "chaos_dice", "lesion_f1"), math.nan, 0, 0),
    EmptyRule(("precision", "lesion_precision"), math.nan, math.nan, 0),
    EmptyRule(("recall", "lesion_recall", "lesion_dice"), math.nan, 0, math.nan),
    EmptyRule(_DISTANCES, math.nan, math.inf, math.inf),
    EmptyRule(("specificity",), 1, 1, None),
    EmptyRule(("accuracy",), 1, None, None),
    EmptyRule(("volume_predicted_ml",), 0, 0, None),
    EmptyRule(("volume_reference_ml",), 0, None, 0),
    EmptyRule(("volume_difference_ml",), 0, None, None),
    EmptyRule(("volume_difference_percent",), math.nan, -100, math.nan),
    EmptyRule(("chaos_ravd_percent",), math.nan, 100, math.nan),
)
"""Every figure once; the tables in the docstrings of `overlap`, `surfaces` and `lesions` say the same."""
OF_NOTHING = {key: math.nan if rule.both is None else rule.both for rule in EMPTY_RULES for key in rule.keys}
"""Each figure of a label that neither mask holds."""
EMPTY_WORDS = (
    "Undefined: there is nothing to divide by or to measure. It is never put down as 0 or 1, and never left out of a "
    "mean in silence: how many cases are undefined stands beside every mean. None: the object was missed or made "
    "up, so that there is no distance. Such cases are counted and left out of the first mean; in the second, penalised "
    "one each counts as the diagonal of its image, the worst there can be."
)
HUMAN_DICE = (0.72, 0.80)
"""How well two readers agree on liver tumours, per case."""
HUMAN_WORDS = (
    "For scale: two human readers of liver tumours agree with a Dice of about 0.72 to 0.80. A figure far above that "
    "asks how the masks came about, such as from boxes drawn round the reference."
)
HUMAN_SOURCES = (
    "0.72, CT, tumours that both saw: G. Chlebus et al., Scientific Reports 8 (2018), "
    "https://doi.org/10.1038/s41598-018-33860-7",
    "0.78, MR: A. Hänsch et al., Scientific Reports 12 (2022), https://doi.org/10.1038/s41598-022-16388-9",
    "0.79, MR, hepatocellular carcinoma: EJNMMI Physics 9 (2022)",
)
