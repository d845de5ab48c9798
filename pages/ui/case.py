"""An open CT with everything drawn on it in a session."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from core.editing.annotation import Annotation
from core.errors import CaseError
from core.imaging.label import Label
from core.imaging.picture import display_size
from core.imaging.volume import TUMOUR, Mask, Volume
from core.imaging.window import PRESETS, Window
from core.segmentation.prompt import Box
from pages.ui.seen import Seen
from pages.ui.viewer.exhibit import Exhibit, Layer

if TYPE_CHECKING:
    from core.workspace.kept import KeptCase
    from pages.ui.outcome import Outcome
    from pages.ui.viewer.carrying import Run
    from pages.ui.viewer.searching import Search

_SLICE = "slice"
_SAVING_S = 10.0


@dataclass
class Case:
    """An open CT with everything drawn on it in this session.

    Attributes:
        volume: The CT.
        annotation: What the reader has marked.
        reference: Labels that came with the CT, on its grid, or None.
        z: Index of the slice on the screen, from 0.
        noted: The slice on the screen that is written down.
        window: The window on the screen.
        custom_window: Whether level and width are chosen freely.
        label: Value of the label that the next box gets.
        feed_screen: Whether the model is fed the window on the screen instead of its own.
        moves: Counts the moves to a slice that the slice bar did not ask for.
        mount: Counts every change of what the canvas must start from; see `remount`.
        canvas_size: Rows and columns of the canvas on the screen.
        boxes: What the canvas started from: number, box and label of each object.
        seen: What the model was given last.
        labels_trouble: Why the labels last uploaded could not be taken as reference, or None.
        turn: Held by whoever changes the annotation: the page's script, a request of the viewer, or `run`.
        run: The objects that are carried through the slices, or were last.
        search: The search for liver and tumours that is under way, or was last.
        kept: The case on the disk, or None if it could not be kept.
        unkept: Why it could not, or ``""``.
        told: Whether the reader has read what was recovered.
        source: The file or folder of this computer that it was opened from, if it was; uploads are gone once read.
        outcome: What was worked out of it on the Results page.
    """

    volume: Volume
    annotation: Annotation
    reference: Mask | None = None
    z: int = 0
    noted: int = -1
    window: Window = PRESETS["Abdomen"]
    custom_window: bool = False
    label: int = TUMOUR
    feed_screen: bool = False
    moves: int = 0
    mount: int = 0
    canvas_size: tuple[int, int] = (1, 1)
    boxes: tuple[tuple[int, Box, Label], ...] = ()
    seen: Seen | None = None
    labels_trouble: str | None = None
    turn: AbstractContextManager[bool] = field(default_factory=RLock, repr=False)
    run: "Run | None" = field(default=None, repr=False)
    search: "Search | None" = field(default=None, repr=False)
    kept: "KeptCase | None" = field(default=None, repr=False)
    unkept: str = ""
    told: bool = False
    source: Path | None = None
    outcome: "Outcome | None" = field(default=None, repr=False)

    @classmethod
    def of(cls, volume: Volume, reference: Mask | None = None, kept: "KeptCase | None" = None) -> "Case":
        """Open a volume at the slice seen last, else where the reference shows most tumour, or in the middle."""
        case = cls(volume, kept.annotation if kept else Annotation(volume.grid), reference, kept=kept)
        case.z = volume.slices // 2
        seen = kept.facts().get(_SLICE, "") if kept else ""
        if seen.isdecimal() and int(seen) < volume.slices:
            case.z = int(seen)
        elif reference is not None and (reference.voxels == TUMOUR).any():
            case.z = int((reference.voxels == TUMOUR).sum(axis=(1, 2)).argmax())
        return case

    def look_at(self, z: int) -> None:
        """Note that slice ``z``, clipped to the volume, is on the screen, also for when the case is opened again."""
        z = min(max(z, 0), self.volume.slices - 1)
        self.z = z
        if z != self.noted and self.kept is not None and self.may_change:
            self.noted = z
            with suppress(CaseError):  # a full disk is told when something is drawn
                self.kept.note(**{_SLICE: str(z)})

    @property
    def may_change(self) -> bool:
        """Whether this window may change what is drawn; else another one holds the case."""
        return self.kept is None or self.kept.may_change

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is lost or ended if it is closed now: it opens from the list, and nothing is at work."""
        if self.kept is None or any(work is not None and work.is_running for work in (self.run, self.search)):
            return False
        with suppress(Exception):  # told on the screen, where the case then stays
            if self.kept.saving is not None:
                self.kept.saving.result(_SAVING_S)
            return True
        return False

    def acting(self, asked: Mapping[str, Any]) -> AbstractContextManager[None]:
        """Say what the reader asked for, so that what it does inside can be replayed; see `KeptCase.acting`."""
        return self.kept.acting(asked) if self.kept else nullcontext()

    @property
    def pen(self) -> Label:
        """The label of the next box."""
        return self.annotation.label(self.label)

    def picture_size(self, height: int, widest: int) -> tuple[int, int]:
        """Return the size ``(rows, columns)`` of a slice on the screen, true to its proportions.

        It is ``height`` tall, or less where it would be wider than ``widest``.
        """
        tall, wide = display_size(self.volume.grid, height)
        return (tall, wide) if wide <= widest else (max(1, round(tall * widest / wide)), widest)

    def go_to(self, z: int) -> None:
        """Show slice ``z``, clipped to the volume, and tell the slice bar."""
        self.moves += 1
        self.scroll_to(z)

    def scroll_to(self, z: int) -> None:
        """Show slice ``z``, clipped to the volume, as the slice bar asked."""
        self.look_at(z)
        self.remount()

    def exhibit(self) -> Exhibit:
        """Return what the viewer fetches of the case: the CT, and the reference over it."""
        layers: dict[str, Layer] = {}
        if (reference := self.reference) is not None:
            layers["reference"] = lambda first, last: reference.voxels[first:last].astype(np.uint8, copy=False)
        return Exhibit(self.volume.grid.shape, self.volume.hu, layers)

    @property
    def canvas_key(self) -> str:
        """The key of the canvas on the screen."""
        return f"canvas_{self.mount}"

    def remount(self) -> None:
        """Make the canvas start anew from the annotation.

        A canvas keeps its drawing for as long as its key lives, so boxes would leak to the next slice.
        Every slice entered and every edit made outside the canvas therefore gets a key of its own.
        """
        self.mount += 1
        if self.label not in (label.value for label in self.annotation.labels):
            self.label = TUMOUR  # the label was undone
        outlines = self.annotation.on_slice(self.z)
        self.boxes = tuple((o.id, o.box, self.annotation.label(o.label)) for o in outlines if o.box is not None)
