"""A comparison on the Metrics page: its masks and figures, and what was worked out of them so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from core.imaging.label import renumbered
from core.imaging.volume import Mask, Volume
from core.scoring.batch import Row
from core.scoring.crop import Bools, Box, Voxels, grown, joint_box
from core.scoring.distancemap import OutlineDistances, outline_distances
from core.scoring.errormap import distance_mesh, outcomes
from core.scoring.evidence import ErrorPicture, FileUsed, error_pictures, worst_slice
from core.scoring.scorecard import USUAL, LabelScore, Scorecard, score
from core.scoring.surfaces import SurfaceDistances, hausdorff, surface_distances
from core.scoring.thinning import ThinMesh, thinned
from pages.ui.desk import Named, Table
from pages.ui.matching_values import Matching, is_tumour
from pages.ui.passport import Fitting
from pages.ui.viewer.exhibit import Exhibit, Layer
from pages.ui.viewing import Settings, View
from pages.ui.words import t

Pair = tuple[Mask, Mask]
UNIT_VOXELS = (1.0, 1.0, 1.0)
MOST_TRIANGLES = 40_000


@dataclass
class Scored:
    """A comparison on the screen.

    Attributes:
        named: What was compared with what.
        case: The same for files; of an open CT it says nothing of the patient.
        pair: Prediction and reference on one grid.
        whole_liver: The value of the liver and both masks with tumours as liver; None if not wanted.
        names: Labels that are scored.
        volume: The CT under both, if there is one.
        files: What it rests on.
        settings: How it was measured.
        card: All figures.
        view: How it is shown.
        boxes: Around each label.
        outlines: Distances of each label's outline, once looked at.
        meshes: Surface of each label, of the prediction (True) and the reference, once looked at.
        surfaces: Distances of each label, once another percentile was asked for.
    """

    named: tuple[Named, Named]
    case: str
    pair: Pair
    whole_liver: tuple[int, Pair] | None
    names: Mapping[int, str]
    volume: Volume | None
    files: tuple[FileUsed, ...]
    settings: Settings
    card: Scorecard
    view: View
    boxes: dict[int, Box] = field(default_factory=dict)
    outlines: dict[int, OutlineDistances] = field(default_factory=dict)
    meshes: dict[tuple[int, bool], ThinMesh] = field(default_factory=dict)
    surfaces: dict[int, SurfaceDistances] = field(default_factory=dict)

    @classmethod
    def of(cls, chosen: Table, predicted: Mask, found: Fitting, wanted: Matching, settings: Settings) -> "Scored":
        """Score a pair; about a second for a liver in 512 × 512 × 200 voxels.

        Args:
            chosen: What lies on the table.
            predicted: The prediction on the grid of the reference.
            found: How both fit.
            wanted: Which labels.
            settings: How to measure.
        """
        pair = renumbered(predicted, wanted.numbers), found.reference
        merged = None
        if wanted.liver is not None:
            to_liver = dict.fromkeys(wanted.tumours, wanted.liver)
            merged = wanted.liver, (renumbered(pair[0], to_liver), renumbered(pair[1], to_liver))
        ours, theirs = chosen.prediction, chosen.reference
        case = f"{ours.code} against {theirs.code}"
        card = _card(case, pair, merged, wanted.scored, settings)
        files = (*ours.files, *theirs.files)
        if found.volume is not None and chosen.ct is not None:
            files = (*files, *chosen.ct.files)
        names = {label.value: label.name for label in card.labels}
        view = View(_first_slice(card), _first_label(card))
        named = Named(name=ours.name, said=ours.said), Named(name=theirs.name, said=theirs.said)
        return cls(named, case, pair, merged, names, found.volume, files, settings, card, view)

    def measure(self, settings: Settings) -> None:
        """Work out all figures again with other definitions."""
        self.card = _card(self.case, self.pair, self.whole_liver, self.names, settings)
        self.settings = settings

    def masks(self, value: int) -> Pair:
        """Return prediction and reference as a label is scored: the liver maybe with its tumours."""
        return self.whole_liver[1] if self.whole_liver and self.whole_liver[0] == value else self.pair

    def exhibit(self) -> Exhibit:
        """Return what the viewer fetches: the CT, and of each label errors, prediction and reference."""
        layers: dict[str, Layer] = {}
        for value in self.names:
            predicted, reference = (mask.voxels for mask in self.masks(value))
            layers[f"errors-{value}"] = partial(_errors, predicted, reference, value)
            layers[f"prediction-{value}"] = partial(_part, predicted, value)
            layers[f"reference-{value}"] = partial(_part, reference, value)
        return Exhibit(self.pair[1].grid.shape, self.volume.hu if self.volume else None, layers)

    @property
    def title(self) -> str:
        """What was compared with what, in words."""
        return t("pairing.against", prediction=self.named[0].title, reference=self.named[1].title)

    @property
    def depth(self) -> int:
        """Number of slices."""
        return self.pair[1].grid.shape[0]

    def label(self) -> LabelScore:
        """Return the scores of the label on the screen."""
        return next(label for label in self.card.labels if label.value == self.view.label)

    def box(self, value: int) -> Box:
        """Return the box around a label in both masks."""
        if value not in self.boxes:
            predicted, reference = self.masks(value)
            self.boxes[value] = grown(joint_box(predicted.voxels, reference.voxels, value), reference.grid.shape)
        return self.boxes[value]

    def spacing(self) -> tuple[float, float, float]:
        """Return the voxel size in mm, or steps of one voxel where it is not known."""
        grid = self.pair[1].grid
        return grid.spacing if grid.has_spacing else UNIT_VOXELS

    def unit(self) -> str:
        """Return what `spacing` is counted in."""
        return "mm" if self.pair[1].grid.has_spacing else t("scored.voxels")

    def outline(self, value: int) -> OutlineDistances:
        """Return the distances of the predicted outline of a label; worked out once."""
        if value not in self.outlines:
            ours, theirs = self._cut(value)
            found = outline_distances(ours, theirs, self.spacing())
            self.outlines[value] = replace(found, at=found.at + [side.start for side in self.box(value)])
        return self.outlines[value]

    def mesh(self, value: int, of_prediction: bool) -> ThinMesh:
        """Return the surface of a label, few triangles; positive where the prediction is too large. Worked out once."""
        key = value, of_prediction
        if key not in self.meshes:
            ours, theirs = self._cut(value)
            first, other = (ours, theirs) if of_prediction else (theirs, ours)
            mesh = thinned(distance_mesh(first, other, self.spacing()), self.spacing(), MOST_TRIANGLES)
            self.meshes[key] = mesh if of_prediction else replace(mesh, distances_mm=-mesh.distances_mm)
        return self.meshes[key]

    def far(self, label: LabelScore) -> float:
        """Return the Hausdorff distance at the percentile that the reader chose."""
        percentile, known = self.settings.percentile, {95.0: "hd95_mm", 100.0: "hd_mm"}
        if percentile in known or not self.pair[1].grid.has_spacing:
            return label.figures[known.get(percentile, "hd_mm")]
        if label.value not in self.surfaces:
            self.surfaces[label.value] = surface_distances(*self._cut(label.value), self.spacing())
        return hausdorff(self.surfaces[label.value], percentile)

    def row(self) -> Row:
        """Return the comparison as the reports take it, with a picture of the worst slice of each label."""
        pictures: list[ErrorPicture] = []
        for label in self.card.labels:
            card = replace(self.card, labels=(label,))
            pictures += error_pictures(*self.masks(label.value), card, self.volume)
        return Row(self.case, self.card, files=self.files, pictures=tuple(pictures))

    def _cut(self, value: int) -> tuple[Bools, Bools]:
        predicted, reference = (mask.voxels[self.box(value)] == value for mask in self.masks(value))
        return predicted, reference


def _errors(predicted: Voxels, reference: Voxels, value: int, first: int, last: int) -> npt.NDArray[np.uint8]:
    return outcomes(predicted[first:last] == value, reference[first:last] == value)


def _part(voxels: Voxels, value: int, first: int, last: int) -> npt.NDArray[np.uint8]:
    part: Bools = voxels[first:last] == value
    return part.view(np.uint8)


def _card(
    case: str, pair: Pair, merged: tuple[int, Pair] | None, names: Mapping[int, str], settings: Settings
) -> Scorecard:
    def scores(masks: Pair, labels: Mapping[int, str]) -> Scorecard:
        definitions = (*USUAL, *settings.others)
        tolerance_mm = settings.tolerance_mm
        return score(*masks, labels=labels, tolerance_mm=tolerance_mm, definitions=definitions, case=case)

    if merged is None or merged[0] not in names:
        return scores(pair, names)
    card = scores(pair, {value: name for value, name in names.items() if value != merged[0]})
    whole = scores(merged[1], {merged[0]: names[merged[0]]})
    return replace(card, labels=tuple(sorted((*card.labels, *whole.labels), key=lambda label: label.value)))


def _first_label(card: Scorecard) -> int:
    tumours = [label.value for label in card.labels if is_tumour(label.name)]
    return (tumours or [label.value for label in card.labels] or [0])[0]


def _first_slice(card: Scorecard) -> int:
    label = next((label for label in card.labels if label.value == _first_label(card)), None)
    return (worst_slice(label) if label else None) or 0
