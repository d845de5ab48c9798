"""Who takes part in a comparison: every model with every protocol of prompts, ready to be asked about a case."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.learning.baselines import InBoxes, fit_thresholds, grown, inscribed
from core.learning.cases import Case
from core.learning.dataset import Dataset
from core.learning.finders import (
    Ensemble,
    Finder,
    Probabilities,
    SamFinder,
    Tidied,
    found_boxes,
    truth_boxes,
)
from core.learning.networkfinders import network_finder
from core.learning.networks import parameters
from core.learning.prompts import Manner
from core.learning.runs import BEST, read_progress
from core.learning.trained import load_network
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings
from core.segmentation.folders import WEIGHTS
from core.segmentation.networks import build
from core.segmentation.prompt import Prompt
from core.segmentation.sam import SamSegmenter
from core.segmentation.segmenter import Embedding, EngineNote, ModelCard, Prediction, Segmenter

NONE = "none"
_NETWORKS = ("cnn", "unet", "vnet", "samunet")


@dataclass(frozen=True, eq=False)
class Entrant:
    """One row of the table.

    Attributes:
        key: Short name, such as ``sam-tuned-jittered``.
        title: Of the model.
        protocol: Where its prompts come from.
        finder: Asked about a case.
        parameters: Numbers that were learnt, 0 without learning.
        encodes: Whether the time of encoding a slice must be added to its own, as embeddings were kept.
    """

    key: str
    title: str
    protocol: str
    finder: "Remembered"
    parameters: int
    encodes: bool = False


class Remembered:
    """A finder that keeps its last answer, as several rows rest on one network; and how long it took."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._about: tuple[str, tuple[int, ...]] | None = None
        self._kept: list[npt.NDArray[np.float16]] = []
        self._seconds = 0.0
        self.borrowed = 0.0

    def probabilities(self, case: Case, slices: Sequence[int]) -> Iterator[Probabilities]:
        """See `finders.Finder`; rounded to 16 bits."""
        about = (case.name, tuple(slices))
        if self._about == about:
            self.borrowed += self._seconds
        else:
            started, before = time.perf_counter(), self.borrowed
            self._kept = [found.astype(np.float16) for found in self._finder.probabilities(case, slices)]
            self._seconds, self._about = time.perf_counter() - started + self.borrowed - before, about
        return (found.astype(np.float32) for found in self._kept)


class Redecoded:
    """A model whose decoder was trained further: encodes as the model it came from, and shares its embeddings."""

    def __init__(self, base: Segmenter, tuned: Segmenter) -> None:
        self._base, self._tuned = base, tuned

    @property
    def card(self) -> ModelCard:
        """That of the model it came from."""
        return self._base.card

    @property
    def device(self) -> str:
        """Where it decodes."""
        return self._tuned.device

    @property
    def engine(self) -> EngineNote:
        """What encodes."""
        return self._base.engine

    @property
    def batch(self) -> int:
        """See `Segmenter`."""
        return self._base.batch

    def seen(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """See `Segmenter`."""
        return self._base.seen(image)

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """See `Segmenter`."""
        return self._base.embed(image)

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        """See `Segmenter`."""
        return self._base.embed_many(images)

    def predict(self, embedding: Embedding, prompt: Prompt) -> Prediction:
        """See `Segmenter`."""
        return self._tuned.predict(embedding, prompt)

    def predict_many(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Prediction]:
        """See `Segmenter`."""
        return self._tuned.predict_many(embedding, prompts)


def tuned_segmenter(run: Path, base: Segmenter, part: str, device: str) -> Segmenter:
    """Return what a run made of SAM; if its encoder stayed as it was, on the embeddings of ``base``.

    Raises:
        WeightsError: The run has no usable weights.
    """
    parts = weights.parts(Path(BEST).stem, run)
    if part not in ("refiner", "decoder"):
        return weights.load(Path(BEST).stem, folder=run)
    card = replace(parts.card, sha256=base.card.sha256)
    return Redecoded(base, SamSegmenter(card, build(parts.architecture, parts.tensors), parts.recipe, device))


def entrants(
    runs: Mapping[str, Path], training: Dataset, kept: Embeddings, *, base: str, part: str, seed: int, device: str
) -> list[Entrant]:
    """Return the rows of a fold.

    Args:
        runs: Finished runs by model.
        training: What they were trained on; thresholds are chosen on it.
        kept: Where embeddings are kept.
        base: Name of the model that ``sam`` started from.
        part: What of it was trained.
        seed: For jittered boxes.
        device: Where networks compute.
    """
    jittered = truth_boxes(Manner.JITTERED, seed)
    rows = [
        Entrant("threshold", "HU threshold", NONE, Remembered(fit_thresholds(training)), 4),
        Entrant("ellipse", "Ellipse in the box", str(Manner.JITTERED), Remembered(InBoxes(jittered, inscribed)), 0),
        Entrant("growing", "Region growing", str(Manner.JITTERED), Remembered(InBoxes(jittered, grown)), 0),
    ]
    networks = {}
    for model in _NETWORKS:
        if model in runs:
            trained = load_network(runs[model] / BEST)
            finder = Remembered(Tidied(network_finder(trained, device, kept)))
            count = parameters(trained.network) + (_parameters_of(base) if trained.card.base else 0)
            networks[model] = Entrant(model, trained.card.title, NONE, finder, count, encodes=bool(trained.card.base))
    rows += networks.values()
    if "sam" in runs:
        rows += _sam_rows(runs["sam"], networks, kept, base, part, seed, device)
    return rows + _ensemble(runs, {row.key: row for row in rows})


def _sam_rows(
    run: Path, networks: Mapping[str, Entrant], kept: Embeddings, base: str, part: str, seed: int, device: str
) -> list[Entrant]:
    model = weights.load(base)
    counts = {"zero": _parameters_of(base), "tuned": _parameters_of(Path(BEST).stem, run)}
    tuned = tuned_segmenter(run, model, part, device)
    sources = {
        "tight": (str(Manner.TIGHT), truth_boxes(Manner.TIGHT, seed)),
        "jittered": (str(Manner.JITTERED), truth_boxes(Manner.JITTERED, seed)),
    }
    for key, name in (("unet", "auto"), ("samunet", "samunet")):
        if key in networks:
            sources[name] = (f"box from the {networks[key].title}", found_boxes(networks[key].finder))
    return [
        Entrant(
            f"sam-{which}-{name}",
            f"{model.card.title}, {told}",
            protocol,
            Remembered(SamFinder(segmenter, kept, source)),
            counts[which],
            encodes=True,
        )
        for which, told, segmenter in (("zero", "zero-shot", model), ("tuned", "fine-tuned", tuned))
        for name, (protocol, source) in sources.items()
    ]


def _ensemble(runs: Mapping[str, Path], rows: Mapping[str, Entrant]) -> list[Entrant]:
    """Return all networks and SAM on their boxes together, weighted by their score on validation.

    One that keeps nobody for validation counts by its score on what it learnt.
    """
    wanted = {"unet": "unet", "vnet": "vnet", "samunet": "samunet"}
    wanted |= {"sam-tuned-samunet": "samunet"} if "sam-tuned-samunet" in rows else {"sam-tuned-auto": "unet"}
    chosen = {key: model for key, model in wanted.items() if key in rows}
    if len(chosen) < 2:
        return []
    # SAM counts as the network that draws its boxes: its own score is one of boxes from truth
    parts = [(rows[key].finder, max(0.01, best_score(runs[model]))) for key, model in chosen.items()]
    title = f"Ensemble ({' + '.join(rows[key].title for key in chosen)})"
    count = sum(rows[key].parameters for key in chosen)
    return [Entrant("ensemble", title, NONE, Remembered(Ensemble(parts)), count, any(rows[k].encodes for k in chosen))]


def _parameters_of(name: str, folder: Path = WEIGHTS) -> int:
    return sum(tensor.numel() for tensor in weights.parts(name, folder).tensors.values())


def best_score(run: Path) -> float:
    """Return the best score on validation that a run had; 0 before its first epoch."""
    return max((float(line["score"]) for line in read_progress(run).epochs_log), default=0.0)
