"""One case of a batch: the CT is opened, every object that was marked on it is found, and all is saved."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from core.editing.annotation import Annotation
from core.editing.carrying import carry
from core.editing.record import prompts_json
from core.errors import PromptError, WriteError
from core.imaging.label import DEFAULT_LABELS, Label
from core.imaging.reading import read_volume
from core.imaging.volume import Volume
from core.imaging.window import Window
from core.imaging.writing import write_mask
from core.segmentation import weights
from core.segmentation.embeddings import Embeddings
from core.segmentation.propagation import Seed, Step, propagate
from core.segmentation.segmenter import Segmenter
from core.workspace.outcome import How, Outcome
from core.workspace.prompts import Asked

_MEMORY_BYTES = 2**28  # for embeddings


def segment_case(case: str, path: Path, asked: Sequence[Asked], how: How) -> Outcome | None:
    """Find every object asked for on a CT; None if nothing was asked for on it.

    An object that cannot be found is a problem told; the others are saved.

    Raises:
        LobuleError: The CT cannot be read, or the mask not be written.
    """
    volume = read_volume(path)
    mine = [one for one in asked if one.fingerprint in ("", volume.key)]
    if not mine:
        return None
    annotation = Annotation(volume.grid, _labels(mine))
    segmenter, embeddings = _loaded(how.model), Embeddings(_MEMORY_BYTES)
    problems = []
    for one in mine:
        try:
            steps = _steps(volume, one, segmenter, embeddings, how.window, propagated=how.propagate)
            carry(annotation, steps, model=segmenter.card, window=how.window, label=one.label.value)
        except PromptError as error:
            problems.append(str(error))
    if not annotation.outlines:
        return Outcome(case, 0, tuple(problems), None)
    saved = write_mask(annotation.label_map(), volume, how.output / f"{case}.nii.gz", annotation.labels)
    try:
        (how.output / f"{case}.json").write_text(prompts_json(annotation, volume), encoding="utf-8")
    except OSError as error:
        raise WriteError(
            f"The prompts could not be saved beside {saved} ({error.strerror}). Free some space."
        ) from error
    return Outcome(case, len(annotation.findings), tuple(problems), saved)


def _steps(
    volume: Volume,
    asked: Asked,
    segmenter: Segmenter,
    embeddings: Embeddings,
    window: Window | None,
    *,
    propagated: bool,
) -> list[Step]:
    """Return the slices of an object: those marked, or all."""
    seeds: dict[int, Seed] = {}
    for z, prompt in asked.prompts.items():
        if not 0 <= z < volume.slices:
            raise PromptError(
                f"There is no slice {z + 1}: this CT has slices 1 to {volume.slices}. Correct the prompts."
            )
        seeds[z] = prompt
    if propagated:
        return list(propagate(volume, seeds, segmenter, embeddings, window=window))
    return [
        step
        for z, seed in sorted(seeds.items())
        for step in propagate(volume, {z: seed}, segmenter, embeddings, first=z, last=z, window=window)
    ]


def _labels(asked: Sequence[Asked]) -> tuple[Label, ...]:
    """Return the usual labels and those of the prompts; the first name of a value counts."""
    named = {label.value: label for label in DEFAULT_LABELS}
    for one in asked:
        named.setdefault(one.label.value, one.label)
    return tuple(named.values())


@cache
def _loaded(model: str | None) -> Segmenter:
    """Load the model once for each process."""
    return weights.load(model or weights.DEFAULT)
