"""What a lesion cost: figures worked out by hand on a clock that the test turns."""

from pathlib import Path

import pytest

from core.editing.proposing import Found, propose
from core.workspace import kept as keeping
from core.workspace.kept import KeptCase, Window
from core.workspace.ledger import PAUSE_S, ledger
from tests.core.workspace.cases import CARD, LIVER, TUMOUR, answered, block, do, paint, volume


class Clock:
    now = 1000.0

    def time(self) -> float:
        return self.now

    def strftime(self, *_: object) -> str:
        return ""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(keeping, "time", clock)
    return clock


@pytest.fixture
def kept(tmp_path: Path, clock: Clock) -> KeptCase:
    return KeptCase(volume(), tmp_path, Window())


def test_seconds_and_actions_are_counted_for_each_lesion(kept: KeptCase, clock: Clock) -> None:
    clock.now += 4
    first = answered(kept.annotation, 2, block(3, 4, 6, 11))
    clock.now += 10
    second = answered(kept.annotation, 3, block(8, 8, 12, 12))
    clock.now += 3
    kept.annotation.draw({2: block(3, 4, 6, 12)}, "edit", identity=first)
    clock.now += 2
    do(kept, do="undo")
    clock.now += PAUSE_S + 500
    do(kept, do="redo")
    found = ledger(kept)
    one, two = found.rows
    assert (one.object, one.seconds, one.prompts, one.edits, one.undone) == (first, 4 + 3 + 2 + PAUSE_S, 1, 1, 2)
    assert (two.object, two.seconds, two.prompts, two.edits, two.undone) == (second, 10, 1, 0, 0)
    assert (found.actions, found.seconds) == (5, 4 + 10 + 3 + 2 + PAUSE_S)
    assert (one.label, one.slices, one.voxels) == ("tumour", 1, 24)


def test_time_between_sessions_does_not_count(kept: KeptCase, clock: Clock) -> None:
    answered(kept.annotation, 2, block(3, 4, 6, 11))
    kept.close()
    clock.now += 50_000
    again = KeptCase(kept.volume, kept.folder, Window())
    clock.now += 7
    answered(again.annotation, 3, block(3, 4, 6, 11))
    assert ledger(again).seconds == 7


def test_the_share_by_hand_is_what_differs_from_the_last_answer(kept: KeptCase) -> None:
    """3 × 7 answered, 3 × 8 less one row of 8 kept: 2 × 7 of a union of 3 × 7 + 2 × 1 voxels are as answered."""
    first = answered(kept.annotation, 2, block(3, 4, 6, 11))
    kept.annotation.draw({2: block(4, 4, 6, 12)}, "edit", identity=first)
    (row,) = ledger(kept).rows
    assert row.by_hand == pytest.approx(1 - 14 / 23)


def test_a_slice_without_an_answer_is_all_by_hand_and_an_untouched_one_not_at_all(kept: KeptCase) -> None:
    first = answered(kept.annotation, 2, block(3, 4, 6, 11))
    kept.annotation.draw({4: block(0, 0, 2, 3)}, "by hand", identity=first)
    kept.annotation.draw({1: block(0, 0, 5, 3)}, "by hand", label=TUMOUR)
    answered(kept.annotation, 5, block(3, 4, 6, 11))
    assert [row.by_hand for row in ledger(kept).rows] == [pytest.approx(6 / 27), 1.0, 0.0]


def test_an_answer_that_was_erased_from_a_slice_counts_as_changed(kept: KeptCase) -> None:
    first = answered(kept.annotation, 2, block(3, 4, 6, 11))
    answered(kept.annotation, 3, block(3, 4, 5, 11), identity=first)
    do(kept, do="delete_slice", object=first, z=2)
    assert ledger(kept).rows[0].by_hand == pytest.approx(21 / 35)


def test_an_action_on_two_lesions_is_shared(kept: KeptCase, clock: Clock) -> None:
    for z in (2, 3):
        answered(kept.annotation, z, block(3, 4, 6, 11))
    clock.now += 6
    kept.annotation.draw_many({1: {2: block(3, 4, 6, 8)}, 2: {3: block(3, 4, 6, 8)}}, "both")
    assert [(row.seconds, row.edits) for row in ledger(kept).rows] == [(3, 1), (3, 1)]


def test_a_proposal_costs_nothing_until_it_is_accepted(kept: KeptCase) -> None:
    paint(kept, 3, 9, 9)
    organ = Found(LIVER, {2: block(1, 1, 6, 9)}, 0.9)
    (proposed,) = propose(kept.annotation, (organ,), CARD, None).objects
    assert [row.object for row in ledger(kept).rows] == [1]
    do(kept, do="accept", object=proposed)
    assert [row.object for row in ledger(kept).rows] == [1, proposed]
