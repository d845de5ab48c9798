"""Train what a plan says, and make the result one of Lobule's models."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.errors import LearningError
from core.learning.blocks import BlockTask
from core.learning.boxed import kept_embeddings
from core.learning.claims import is_first
from core.learning.dataset import Dataset, Progress, read_dataset
from core.learning.embedded import EmbeddedTask
from core.learning.flat import FlatTask
from core.learning.networks import NetworkConfig
from core.learning.networktask import Sampling
from core.learning.plan import Plan, copy_of, device_of, one_split
from core.learning.pseudo import read_extra
from core.learning.refining import RefineTask
from core.learning.runs import BEST, Reporter, read_config, read_progress
from core.learning.split import Split, with_extra
from core.learning.trained import NETWORKS, NetworkCard, network_card, save_network
from core.learning.training import Outcome, Task, train
from core.learning.tuning import TuneTask
from core.segmentation import weights
from core.segmentation.cachefolder import replacing
from core.segmentation.folders import WEIGHTS
from core.segmentation.segmenter import ModelCard

SPLIT = "split.json"


def run(folder: Path, data: Dataset | None = None, progress: Progress | None = None) -> Outcome:
    """Do the training that a run's ``config.json`` describes, or go on with it.

    A plan whose split names nobody gets one when it is first done, which then lies in the folder.

    Args:
        folder: A run (see `runs.write_config`).
        data: What `Plan.data` holds, if it was read already; it may hold more patients than the split.
        progress: As for `dataset.read_dataset`.

    Raises:
        LearningError: The plan, its data or its loss are of no use.
        WeightsError: The model to start from is missing.
    """
    plan = Plan.from_json(read_config(folder))
    told = _reporting(folder, plan, progress)
    if not plan.split.train:
        data, split = _split(folder, plan, data, told)
        plan = replace(plan, split=split)
    if data is None:
        data = data_of(plan, told)
    return train(task_of(plan, data), plan.settings, folder, device_of(plan))


def _reporting(folder: Path, plan: Plan, progress: Progress | None) -> Progress:
    """Say also to who looks at the run that its data are being read."""
    reporter, known = Reporter(folder, plan.settings.epochs), read_progress(folder)

    def said(done: int, total: int, name: str) -> None:
        if is_first():
            reporter.at(known.epoch, 0.0, f"Reading the data: {done + 1} of {total}.")
        if progress:
            progress(done, total, name)

    return said


def _split(folder: Path, plan: Plan, data: Dataset | None, progress: Progress) -> tuple[Dataset | None, Split]:
    path = folder / SPLIT
    if path.is_file():
        return data, Split.read(path)
    found = data or read_dataset(Path(plan.data), plan.window, values=plan.values, progress=progress)
    one_split(found, plan.settings.seed).save(path)
    return found, Split.read(path)


def data_of(plan: Plan, progress: Progress | None = None) -> Dataset:
    """Read the cases of a plan's split."""
    sides = plan.split
    only = (*sides.train, *sides.validation, *sides.test)
    return read_dataset(Path(plan.data), plan.window, values=plan.values, only=only, progress=progress)


def task_of(plan: Plan, data: Dataset) -> Task:
    """Return what is trained, ready for `training.train`.

    Raises:
        LearningError: A patient is on two sides, or has no data.
    """
    training, validation, test = plan.split.parts(data)
    if plan.extra:
        extra = read_extra(Path(plan.extra), plan.window, plan.values)
        training = with_extra(training, (validation, test), extra)
    if plan.model == "sam":
        parts = weights.parts(plan.base)
        segmenter = weights.load(plan.base)
        kind = RefineTask if plan.tuning.part == "refiner" else TuneTask
        return kind(
            parts, segmenter, training, validation, plan.settings, tuning=plan.tuning, kept=kept_embeddings(),
            told=partial(_with_facts, plan=plan),
        )  # fmt: skip
    if plan.network is None:
        raise LearningError("The plan does not say which network. Start a new run.")
    sampling = Sampling(plan.sizing.examples, plan.sizing.tumour_share, plan.sizing.every)
    if plan.network.kind == "samunet":
        segmenter = weights.load(plan.base)
        return EmbeddedTask(
            plan.network, training, validation, plan.settings, segmenter=segmenter, kept=kept_embeddings(),
            save=partial(_save, plan=plan, base=segmenter.card), augmentation=plan.augmentation, sampling=sampling,
        )  # fmt: skip
    network_kind = FlatTask if plan.network.is_flat else BlockTask
    return network_kind(
        plan.network, training, validation, plan.settings, save=partial(_save, plan=plan),
        augmentation=plan.augmentation, sampling=sampling,
    )  # fmt: skip


def install(folder: Path, name: str, scores: Mapping[str, Any] | None = None) -> Path:
    """Copy what a run learnt to where the models are looked for, and return the new file.

    Args:
        folder: Of the run.
        name: Of the model: letters, digits, ``-`` and ``_``.
        scores: Figures with their protocol, for networks.

    Raises:
        LearningError: The run has learnt nothing yet, or the name is taken or no name.
    """
    if not (folder / BEST).is_file():
        raise LearningError("This training has not finished an epoch yet: there is nothing to use. Let it go on.")
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise LearningError(f"{name!r} is no name for a model. Use letters, digits, - and _.")
    is_sam = Plan.from_json(read_config(folder)).model == "sam"
    target = (WEIGHTS if is_sam else NETWORKS) / f"{name}.safetensors"
    if target.exists():
        raise LearningError(f"There is a model {name} already. Choose another name.")
    if is_sam or not scores:
        copy_of(folder / BEST, target)
        _named(target, name)
        return target
    _rescored(folder / BEST, target, scores)
    return target


def _named(path: Path, name: str) -> None:
    """Let what stands beside a checkpoint begin with its name: a picker shows titles, and two of them must differ."""
    beside = path.with_name(path.name + ".json")
    if beside.is_file():
        told = json.loads(beside.read_text(encoding="utf-8"))
        told["title"] = f"{name} · {told['title']}"
        with replacing(beside) as file:
            file.write((json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode())


def _rescored(path: Path, target: Path, scores: Mapping[str, Any]) -> None:
    from core.learning.trained import load_network

    trained = load_network(path)
    save_network(trained.network, replace(network_card(path), scores=scores), target)


def _with_facts(facts: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    return {**facts, "licence": plan.licence, "source": _source(plan), "checked": _checked(plan)}


def _checked(plan: Plan) -> str:
    """Return on whom the figures of a training were made."""
    return (
        "validation during training" if plan.split.validation else "on the patients learnt from, which proves nothing"
    )


def _source(plan: Plan) -> str:
    where = torch.cuda.get_device_name() if device_of(plan).startswith("cuda") else "a processor"
    told = plan.source or f"{len(plan.split.train)} patients of {Path(plan.data).name}"
    return f"trained with Lobule on {told}, on {where}"


def _save(
    network: nn.Module,
    config: NetworkConfig,
    path: Path,
    facts: Mapping[str, Any],
    plan: Plan,
    base: ModelCard | None = None,
) -> None:
    shown = {name: value for name, value in facts.get("validation", {}).items() if name.startswith("dice")}
    scores = {"protocol": f"{_checked(plan)}; all voxels pooled", **shown}
    card = NetworkCard(
        path.stem, config.title, config, plan.window, licence=plan.licence, source=_source(plan), scores=scores,
        base=base.name if base else "", base_sha256=base.sha256 if base else "",
    )  # fmt: skip
    save_network(network, card, path)
