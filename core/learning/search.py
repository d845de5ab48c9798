"""Search for good settings of a model by cross-validation over patients, with Optuna; it survives a kill.

Each trial trains on every fold, and what does worse than the median of those before it is given up early. In the
folder lie ``optuna.log`` (what Optuna knows), ``trials.json`` (the same for people) and the log of every training.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from torch import nn

from core.imaging.window import Window
from core.learning.cases import VALUES
from core.learning.dataset import Dataset, Progress, read_dataset
from core.learning.entrants import best_score
from core.learning.jobs import task_of
from core.learning.plan import Plan, device_of, usual_plan
from core.learning.runs import BEST, LAST, STOP, Reporter, State, ask_to_stop, read_config, read_progress, write_config
from core.learning.split import Split, folds
from core.learning.training import Task, train
from core.learning.trials import Fate, Search, Trial, best_trial, in_words, plan_with, write_trials

_LOG, _PLACE, _CURVE = "optuna.log", "place", "curve"
_STARTING, _WARMING = 3, 1  # trials and epochs that are not judged
_LOSSES = ("bce", "dice", "dice+bce", "dice+focal")
_LOSSES_OF_OBJECTS = ("bce", "dice+bce", "each dice+bce")
_FATES = {TrialState.COMPLETE: Fate.DONE, TrialState.PRUNED: Fate.PRUNED, TrialState.RUNNING: Fate.RUNNING}


def run_search(folder: Path, search: Search | None = None, progress: Progress | None = None) -> State:
    """Do a search, or go on with it.

    Args:
        folder: Of the search.
        search: What to search for; by default what the folder says.
        progress: Called with how many trials are done, how many there are, and what comes now.

    Returns:
        ``FINISHED``, or ``STOPPED`` if a file ``stop`` in the folder asked for it.

    Raises:
        LearningError: The data cannot be split, a training failed, or the folder holds something else.
    """
    if search is not None:
        write_config(folder, search.as_json())
    work = _Work(folder, Search.from_json(read_config(folder)), progress or (lambda done, total, what: None))
    with work.reporter.telling("The search", lambda: work.done):
        state, sentence = work.all()
    work.reporter.ended(state, sentence, work.done)
    return state


class _Work:
    """What a search still has to try."""

    def __init__(self, folder: Path, search: Search, progress: Progress) -> None:
        self._folder, self._search, self._progress = folder, search, progress
        self.reporter = Reporter(folder, search.trials)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(folder / _LOG))), study_name="search", load_if_exists=True,
            direction="maximize", pruner=optuna.pruners.MedianPruner(_STARTING, _WARMING),
        )  # fmt: skip

    @property
    def done(self) -> int:
        """Trials that came to an end."""
        return len(self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))

    def all(self) -> tuple[State, str]:
        """Try what is left, and say how it ended."""
        search = self._search
        self._say("Reading the data")
        data = read_dataset(
            Path(search.data), Window(search.level_hu, search.width_hu), values=search.values or VALUES,
            only=search.patients or None,
        )  # fmt: skip
        kept = folds(data, search.folds, np.random.default_rng(search.seed), validation=0)
        splits = [Split(split.train, split.test) for split in kept]
        self._again()
        while self.done < search.trials:
            if not self._tried(data, splits):
                return State.STOPPED, "Stopped as asked; it can go on."
        best = best_trial(self._told())
        how = f"The best of {self.done} trials scored {best.score:.3f}." if best else "No trial came to its end."
        return State.FINISHED, how

    def _again(self) -> None:
        """Let what was cut short be tried again, from where it was."""
        for trial in self._study.get_trials(states=(TrialState.RUNNING,)):
            self._study.tell(trial.number, state=TrialState.FAIL)
            self._study.enqueue_trial(trial.params, {_PLACE: trial.user_attrs.get(_PLACE, trial.number)})

    def _tried(self, data: Dataset, splits: list[Split]) -> bool:
        """Try one setting; False if asked to stop."""
        # The sampler starts anew with every trial, so that a search that was killed tries what it would have tried.
        self._study.sampler = optuna.samplers.TPESampler(seed=self._search.seed * 1000 + self.done, n_startup_trials=5)
        trial = self._study.ask(self._space())
        place = trial.user_attrs.get(_PLACE, self.done)
        trial.set_user_attr(_PLACE, place)
        scores: list[float] = []
        for k, split in enumerate(splits):
            self._say(f"Trial {self.done + 1}, fold {k + 1}: {in_words(trial.params)}", k / len(splits))
            watch = _Watch(trial, scores, self._folder / f"trial{place}" / f"fold{k}")
            write_trials(self._folder, self._told())
            state = self._trained(watch, self._plan(trial.params, split), data)
            if watch.is_pruned:
                self._study.tell(trial, state=TrialState.PRUNED)
                break
            if state is not State.FINISHED:
                write_trials(self._folder, self._told())
                return False
            scores.append(best_score(watch.folder))
        else:
            self._study.tell(trial, float(np.mean(scores)))
        write_trials(self._folder, self._told())
        return True

    def _trained(self, watch: "_Watch", plan: Plan, data: Dataset) -> State:
        """Train on one fold; its weights are not kept."""
        if read_progress(watch.folder).state is State.FINISHED:
            return State.FINISHED
        write_config(watch.folder, plan.as_json())
        (watch.folder / STOP).unlink(missing_ok=True)
        task = _Watched(task_of(plan, data), lambda score: self._judge(watch, score))
        state = train(task, plan.settings, watch.folder, device_of(plan)).state
        if state is State.FINISHED or watch.is_pruned:
            for name in (LAST, BEST, f"{BEST}.json"):
                (watch.folder / name).unlink(missing_ok=True)
        return state

    def _judge(self, watch: "_Watch", score: float) -> None:
        """Note how good a trial is so far, and end its training if that is worse than the others were by then."""
        watch.note(score)
        write_trials(self._folder, self._told())

    def _space(self) -> dict[str, BaseDistribution]:
        search = self._search
        usual = usual_plan(search.model, search.data, Split(()), full=search.full, **(search.changes or {}))
        rate = usual.settings.rate
        space: dict[str, BaseDistribution] = {
            "rate": FloatDistribution(rate / 10, rate * 4, log=True),
            "loss": CategoricalDistribution(_LOSSES if usual.network else _LOSSES_OF_OBJECTS),
        }
        return space | ({"width": CategoricalDistribution((0.5, 1.0, 2.0))} if usual.network else {})

    def _plan(self, tried: Mapping[str, Any], split: Split) -> Plan:
        search = self._search
        return plan_with(
            usual_plan(
                search.model, search.data, split, full=search.full,
                **{"seed": search.seed, "window": Window(search.level_hu, search.width_hu), "part": search.part,
                   "base": search.base, "values": search.values or VALUES, **(search.changes or {})},
            ),
            tried,
        )  # fmt: skip

    def _told(self) -> list[Trial]:
        known = self._study.get_trials(deepcopy=False, states=tuple(_FATES))
        return [_as_trial(number, trial) for number, trial in enumerate(known)]

    def _say(self, what: str, share: float = 0.0) -> None:
        self._progress(self.done, self._search.trials, what)
        self.reporter.at(self.done, share, what)


class _Watch:
    """Follows the trial on one fold."""

    def __init__(self, trial: optuna.Trial, before: list[float], folder: Path) -> None:
        self._trial, self._before, self.folder = trial, tuple(before), folder
        self._best = 0.0
        self.is_pruned = False
        for line in read_progress(folder).epochs_log:  # of a trial that was cut short
            self._add(float(line["score"]))

    def note(self, score: float) -> None:
        """Tell Optuna the mean of the best scores; ask the training to stop if it says so."""
        self._add(score)
        if self._trial.should_prune():
            self.is_pruned = True
            ask_to_stop(self.folder)

    def _add(self, score: float) -> None:
        self._best = max(self._best, score)
        curve = [*self._trial.user_attrs.get(_CURVE, []), float(np.mean([*self._before, self._best]))]
        self._trial.set_user_attr(_CURVE, curve)
        self._trial.report(curve[-1], len(curve) - 1)


class _Watched:
    """A task whose validation is told to somebody."""

    def __init__(self, task: Task, tell: Callable[[float], None]) -> None:
        self._task, self._tell = task, tell

    @property
    def network(self) -> nn.Module:
        """See `training.Task`."""
        return self._task.network

    @property
    def steps(self) -> int:
        """See `training.Task`."""
        return self._task.steps

    def batches(self, epoch: int) -> Iterator[Any]:
        """See `training.Task`."""
        return self._task.batches(epoch)

    def loss(self, batch: Any) -> torch.Tensor:
        """See `training.Task`."""
        return self._task.loss(batch)

    def validate(self) -> Mapping[str, float]:
        """See `training.Task`."""
        found = self._task.validate()
        self._tell(float(found["score"]))
        return found

    def save(self, path: Path, facts: Mapping[str, Any]) -> None:
        """See `training.Task`."""
        self._task.save(path, facts)


def _as_trial(number: int, trial: optuna.trial.FrozenTrial) -> Trial:
    curve = tuple(trial.user_attrs.get(_CURVE, ()))
    score = trial.value if trial.state is TrialState.COMPLETE else curve[-1] if curve else None
    return Trial(number, _FATES[trial.state], score, dict(trial.params), curve)
