"""A case that is kept: nothing acknowledged is lost, and nothing is shown that is not on the disk."""

import contextlib
import gc
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.editing.history import Move
from core.errors import CaseError
from core.imaging.volume import Mask, Volume
from core.workspace import kept as keeping
from core.workspace import snapshots
from core.workspace.journal import FILE
from core.workspace.kept import KeptCase, Window, reader_folder
from core.workspace.lock import Holder
from core.workspace.reference import keep_reference
from tests.core.workspace.cases import LIVER, SHAPE, TUMOUR, answered, block, do, paint, same, volume


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def ct() -> Volume:
    return volume()


@pytest.fixture
def kept(folder: Path, ct: Volume) -> Iterator[KeptCase]:
    with contextlib.closing(KeptCase(ct, folder, Window())) as kept:
        yield kept


def abandon(kept: KeptCase) -> None:
    """Leave a case as a process does that is killed: nothing is written, only the lock goes."""
    kept._lock.release()


def reopened(kept: KeptCase, reader: str = "") -> KeptCase:
    abandon(kept)
    return KeptCase(kept.volume, kept.folder, Window(reader))


def draw_all_sorts(kept: KeptCase) -> None:
    """Model answers, strokes, shapes, labels, undo and redo."""
    first = answered(kept.annotation, 2, block(3, 4, 6, 11))
    second = paint(kept, 3, 9, 9)
    paint(kept, 2, 4, 5, object=first, erase=True)
    do(kept, do="add_label", name=f"cyst {second}")
    do(kept, do="relabel", object=second, label=3)
    do(kept, do="undo")
    do(kept, do="undo")
    do(kept, do="redo")
    do(kept, do="delete", object=second)
    do(kept, do="undo")


def test_a_killed_session_comes_back_with_every_move_and_its_undo_history(kept: KeptCase) -> None:
    draw_all_sorts(kept)
    again = reopened(kept)
    assert same(again.annotation, kept.annotation)
    while kept.annotation.undo_name:
        assert again.annotation.undo() == kept.annotation.undo()
        assert same(again.annotation, kept.annotation)
    assert kept.annotation.redo() == again.annotation.redo() == "box on slice 3"


def test_what_was_recovered_is_said_with_the_last_action(kept: KeptCase) -> None:
    paint(kept, 3, 9, 9)
    again = reopened(kept)
    assert again.recovered is not None
    assert (again.recovered.last, again.recovered.lost) == ("paint on slice 4", 0)
    assert "not closed. It is as after the last action that was saved: “paint on slice 4”" in again.recovered.sentence


def test_a_case_that_was_closed_has_nothing_to_tell(kept: KeptCase) -> None:
    paint(kept, 3, 9, 9)
    kept.close()
    again = KeptCase(kept.volume, kept.folder, Window())
    assert again.recovered is None
    assert same(again.annotation, kept.annotation)


def test_a_closed_case_says_so_to_whoever_still_draws(kept: KeptCase) -> None:
    kept.close()
    with pytest.raises(CaseError, match="This case was closed"):
        paint(kept, 3, 9, 9)
    assert not kept.annotation.outlines


def test_the_second_window_looks_on_and_is_told_who_holds_the_case(kept: KeptCase) -> None:
    paint(kept, 3, 9, 9)
    second = KeptCase(kept.volume, kept.folder, Window(who="room 4"))
    assert (kept.may_change, second.may_change) == (True, False)
    assert second.holder is not None
    assert second.holder.is_here
    assert same(second.annotation, kept.annotation)
    with pytest.raises(CaseError, match="the case is open in another window since"):
        paint(second, 1, 4, 4)
    assert same(second.annotation, kept.annotation)


def test_the_second_window_catches_up_when_asked_to(kept: KeptCase) -> None:
    paint(kept, 3, 9, 9)
    second = KeptCase(kept.volume, kept.folder, Window())
    assert not second.refresh()
    draw_all_sorts(kept)
    known = second.annotation.version
    assert second.refresh()
    assert same(second.annotation, kept.annotation)
    assert second.annotation.changed_since(known) >= {2}
    with pytest.raises(CaseError, match="open in another window"):
        paint(second, 1, 4, 4)


def test_a_window_that_cannot_catch_up_shows_what_it_showed_and_still_only_looks(
    kept: KeptCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(kept, 3, 9, 9)
    second = KeptCase(kept.volume, kept.folder, Window())
    shown = second.annotation.state
    paint(kept, 4, 9, 9)

    def refusing(*_: object) -> None:
        raise CaseError("The record cannot be read now.")

    with monkeypatch.context() as broken:
        broken.setattr(second._journal, "entries", refusing)
        with pytest.raises(CaseError, match="cannot be read now"):
            second.refresh()
    assert second.annotation.state is shown
    with pytest.raises(CaseError, match="open in another window"):
        paint(second, 1, 4, 4)
    assert second.refresh()


def test_labels_that_came_with_a_ct_and_could_not_be_kept_are_told(
    kept: KeptCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.workspace.reference.replacing", full)
    keep_reference(kept, Mask(np.zeros(SHAPE, dtype=np.uint8), kept.volume.grid))
    assert kept.saving_labels is not None
    assert str(kept.saving_labels.exception()).startswith(
        "The labels could not be kept with the case: the disk is full"
    )


def test_who_holds_a_case_is_told_by_computer_and_process_if_it_is_another() -> None:
    assert Holder("Dr A", "room4", 77, 0.0).sentence == (
        "the case is open on room4 by Dr A since some time ago (process 77)."
    )


def test_a_note_of_the_holder_that_is_damaged_still_tells_that_there_is_one(kept: KeptCase) -> None:
    (reader_folder(kept.folder, "") / "holder.json").write_text("{")
    second = KeptCase(kept.volume, kept.folder, Window())
    assert not second.may_change
    assert second.holder is not None
    assert not second.holder.is_here


def test_readers_hold_their_own_masks_at_the_same_time(kept: KeptCase) -> None:
    paint(kept, 3, 9, 9)
    other = KeptCase(kept.volume, kept.folder, Window("AB"))
    assert other.may_change
    assert not other.annotation.outlines
    paint(other, 1, 4, 4, label=LIVER)
    assert other.readers == kept.readers == ("", "AB")
    masks = kept.masks()
    assert [np.unique(mask.voxels).tolist() for mask in masks.values()] == [[0, TUMOUR], [0, LIVER]]
    assert same(kept.of_reader("AB"), other.annotation)


def test_a_reader_is_not_named_in_a_path(folder: Path) -> None:
    assert "HMUELLER" not in str(reader_folder(folder, "HMUELLER"))


def test_a_window_that_gave_up_changes_nothing_more(kept: KeptCase) -> None:
    paint(kept, 3, 9, 9)
    kept.give_up("Taken over.")
    second = KeptCase(kept.volume, kept.folder, Window())
    assert second.may_change
    with pytest.raises(CaseError, match="Taken over"):
        paint(kept, 1, 4, 4)
    paint(second, 2, 4, 4)
    assert len(second.annotation.findings) == 2


def test_a_journal_that_cannot_be_written_keeps_the_screen_as_it_is(kept: KeptCase) -> None:
    paint(kept, 3, 9, 9)
    kept._journal._base.execute(f"PRAGMA max_page_count = {pages(kept)}")
    states = [kept.annotation.state]

    def draw_without_end() -> None:
        for seed in range(200):
            answered(kept.annotation, 4, np.random.default_rng(seed).random((14, 17)) < 0.5)
            states.append(kept.annotation.state)

    with pytest.raises(CaseError, match=r"not done, because it could not be saved: the disk is full. Free some space"):
        draw_without_end()
    assert kept.annotation.state is states[-1]
    kept._journal._base.execute("PRAGMA max_page_count = 1000000")
    do(kept, do="undo")
    assert same(reopened(kept).annotation, kept.annotation)


def pages(kept: KeptCase) -> int:
    return int(kept._journal._base.execute("PRAGMA page_count").fetchone()[0])


def test_what_was_asked_is_written_with_the_moves_it_made_and_no_others(kept: KeptCase) -> None:
    paint(kept, 3, 9, 9)
    answered(kept.annotation, 2, block(3, 4, 6, 11))
    asked = [entry.asked for entry in kept.entries()]
    assert asked[0] is not None
    assert '"do":"paint"' in asked[0]
    assert asked[1] is None


def test_many_moves_are_reopened_from_a_snapshot_and_what_is_behind_it(
    kept: KeptCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "SNAPSHOT_EVERY", 7)
    for n in range(3):
        draw_all_sorts(kept)
        paint(kept, n, 2 + n, 3)
    kept.snapshot()
    paint(kept, 5, 7, 7)
    own = reader_folder(kept.folder, "")
    again = reopened(kept)
    assert 1 <= len(list(own.glob("*.state"))) <= snapshots.KEPT
    assert same(again.annotation, kept.annotation)
    while kept.annotation.undo():
        again.annotation.undo()
    assert same(again.annotation, kept.annotation)


def test_only_the_last_snapshots_stay(kept: KeptCase) -> None:
    for n in range(snapshots.KEPT + 3):
        paint(kept, n % 6, 2 + n, 3)
        kept.snapshot()
    own = reader_folder(kept.folder, "")
    assert len(list(own.glob("*.state"))) == len(list(own.glob("*.seg.nrrd"))) == snapshots.KEPT
    assert not list(own.glob(".*"))


def test_the_labels_of_a_snapshot_are_on_the_grid_of_the_file(kept: KeptCase) -> None:
    from core.imaging.reading import read_mask

    answered(kept.annotation, 2, block(3, 4, 6, 11))
    kept.close()
    (path,) = reader_folder(kept.folder, "").glob("*.seg.nrrd")
    mask = read_mask(path, kept.volume)
    assert np.array_equal(mask.voxels, kept.annotation.label_map().voxels)


def test_a_journal_that_is_no_longer_one_is_set_aside_for_the_snapshot(kept: KeptCase) -> None:
    draw_all_sorts(kept)
    other = KeptCase(kept.volume, kept.folder, Window("AB"))
    paint(other, 1, 4, 4)
    other.close()
    kept.close()
    for path in kept.folder.glob(f"{FILE}*"):
        path.write_bytes(b"\xff" * 5000)
    again = KeptCase(kept.volume, kept.folder, Window())
    assert again.recovered is not None
    assert "The journal of this case was damaged" in again.recovered.sentence
    assert same(again.annotation, kept.annotation)
    assert same(again.of_reader("AB"), other.annotation)
    assert list(kept.folder.glob(f"{FILE}.damaged-*"))
    again.annotation.undo()
    assert same(reopened(again).annotation, again.annotation)


def test_a_move_that_changed_on_the_disk_is_left_out_with_all_behind_it(kept: KeptCase) -> None:
    for z in range(4):
        paint(kept, z, 4, 4)
    abandon(kept)
    with contextlib.closing(sqlite3.connect(kept.folder / FILE)) as base, base:
        base.execute("UPDATE moves SET change = x'00' WHERE seq = 3")
    again = KeptCase(kept.volume, kept.folder, Window())
    assert again.recovered is not None
    assert (again.recovered.lost, again.recovered.last) == (2, "paint on slice 2")
    assert len(again.annotation.findings) == 2
    paint(again, 5, 4, 4)
    last = reopened(again)
    assert same(last.annotation, again.annotation)
    assert last.recovered is not None
    assert last.recovered.lost == 0


def test_a_snapshot_that_changed_on_the_disk_is_passed_over(kept: KeptCase) -> None:
    draw_all_sorts(kept)
    kept.snapshot()
    paint(kept, 5, 4, 4)
    kept.snapshot()
    for path in reader_folder(kept.folder, "").glob("*.state"):
        data = bytearray(path.read_bytes())
        data[-9] ^= 1
        path.write_bytes(data)
    assert same(reopened(kept).annotation, kept.annotation)


def test_moves_from_many_threads_are_all_written(kept: KeptCase) -> None:
    """One at a time, as a server does that holds a case's turn, but from threads of its pool."""
    for z in range(6):
        thread = threading.Thread(target=paint, args=(kept, z, 4, 4))
        thread.start()
        thread.join()
    assert same(reopened(kept).annotation, kept.annotation)
    assert len(kept.annotation.findings) == 6


def test_a_case_that_nobody_holds_any_more_is_free(folder: Path, ct: Volume) -> None:
    """As when a session ends without closing: Streamlit only drops what it held."""
    kept = KeptCase(ct, folder, Window())
    paint(kept, 3, 9, 9)
    assert not KeptCase(ct, folder, Window(only_looks=True)).may_change
    del kept
    gc.collect()
    again = KeptCase(ct, folder, Window())
    assert again.may_change
    assert len(again.annotation.findings) == 1


def test_a_window_that_only_looks_leaves_the_case_to_others(folder: Path, ct: Volume) -> None:
    looking = KeptCase(ct, folder, Window(only_looks=True))
    kept = KeptCase(ct, folder, Window())
    assert kept.may_change
    with pytest.raises(CaseError, match="opened to look at it only"):
        paint(looking, 3, 9, 9)


def test_a_snapshot_taken_between_writing_and_making_a_move_loses_nothing(kept: KeptCase) -> None:
    """As when a window is closed from one thread while another draws."""
    write = kept.annotation.ahead
    assert write is not None

    def write_and_snapshot(move: Move) -> None:
        write(move)
        kept.snapshot()

    kept.annotation.ahead = write_and_snapshot
    draw_all_sorts(kept)
    assert same(reopened(kept).annotation, kept.annotation)


def test_a_move_that_was_written_but_not_made_stops_the_drawing_until_the_case_is_reopened(kept: KeptCase) -> None:
    write = kept.annotation.ahead
    assert write is not None

    def write_and_break(move: Move) -> None:
        write(move)
        raise MemoryError

    kept.annotation.ahead = write_and_break
    with pytest.raises(MemoryError):
        paint(kept, 3, 9, 9)
    kept.annotation.ahead = write
    with pytest.raises(CaseError, match=r"not what was saved last\. Open the case again"):
        paint(kept, 1, 4, 4)
    kept.snapshot()
    assert [finding.slices for finding in reopened(kept).annotation.findings] == [(3,)]


def test_saying_what_is_asked_holds_up_no_other_thread(kept: KeptCase) -> None:
    """Else a prompt that waits for its model and a stroke that waits for the journal would wait for each other."""
    with kept.acting({"do": "box"}):
        thread = threading.Thread(
            target=kept.annotation.draw, args=({1: block(1, 1, 4, 5)}, "other"), kwargs={"label": 2}
        )
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    assert [entry.asked for entry in kept.entries()] == [None]


def test_a_folder_that_cannot_be_written_to_is_told(folder: Path, ct: Volume) -> None:
    (folder / "readers").write_text("a file in the way")
    with pytest.raises(CaseError, match="its folder cannot be written to"):
        KeptCase(ct, folder, Window())
