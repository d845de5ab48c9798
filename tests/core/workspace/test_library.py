"""Cases on the disk: opened, listed, deleted, restored."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from core.errors import CaseError
from core.imaging.volume import Intensity, Mask, Source, Volume
from core.workspace import stored
from core.workspace.caselist import Order, Status, listed, worklist
from core.workspace.kept import KeptCase, Window
from core.workspace.library import Library
from core.workspace.quota import Limits, Quota
from core.workspace.reference import reference_of, save_reference
from tests.core.workspace.cases import LIVER, answered, block, paint, same, volume


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "cases")


def opened(library: Library, ct: Volume, window: Window = Window()) -> KeptCase:  # noqa: B008
    """Open a case and wait until its CT is on the disk."""
    kept = library.open(ct, window)
    if kept.saving is not None:
        kept.saving.result()
    return kept


def test_by_default_cases_lie_in_the_folder_that_lobule_home_names(home: Path) -> None:
    assert Library().folder == home / "cases"


def test_a_case_comes_back_from_the_list_without_its_file(library: Library) -> None:
    ct = volume()
    kept = opened(library, ct)
    answered(kept.annotation, 2, block(3, 4, 6, 11))
    kept.close()
    again = library.reopen(ct.key)
    assert same(again.annotation, kept.annotation)
    back = again.volume
    assert np.array_equal(back.hu, ct.hu)
    assert (back.key, back.intensity) == (ct.key, ct.intensity)
    assert np.array_equal(back.grid.affine, ct.grid.affine)
    assert np.array_equal(back.source.grid.affine, ct.source.grid.affine)
    for name in ("name", "format", "modality", "description", "notes", "frame", "series"):
        assert getattr(back.source, name) == getattr(ct.source, name)


def test_labels_that_came_with_a_ct_are_kept_and_damaged_ones_are_not_taken(library: Library) -> None:
    kept = opened(library, volume())
    voxels = np.zeros(volume().grid.shape, np.uint8)
    voxels[2, 3:5, 4:9], voxels[4, 1, 2] = 2, 9
    save_reference(Mask(voxels, volume().grid, ("mended",), names={9: "囊肿"}), kept.folder)
    back = reference_of(kept)
    assert back is not None
    assert np.array_equal(back.voxels, voxels)
    assert (back.names, back.notes) == ({9: "囊肿"}, ("mended",))
    path = kept.folder / "reference.npz"
    data = bytearray(path.read_bytes())
    data[90] ^= 255
    path.write_bytes(data)
    assert reference_of(kept) is None


def test_the_key_of_a_ct_from_the_disk_is_what_its_voxels_give(library: Library) -> None:
    opened(library, volume()).close()
    back = library.reopen(volume().key).volume
    assert Volume(back.hu, back.grid, back.source, back.intensity).key == volume().key


def test_intensity_and_unknown_spacing_survive(tmp_path: Path) -> None:
    plain = volume()
    grid = type(plain.grid)(plain.grid.shape, plain.grid.affine, has_spacing=False, has_direction=False)
    ct = Volume(plain.hu, grid, Source("p", "picture", grid), Intensity.PICTURE)
    stored.save_volume(ct, tmp_path)
    back = stored.read_volume(tmp_path)
    assert (back.intensity, back.grid.has_spacing, back.grid.has_direction) == (Intensity.PICTURE, False, False)


def test_a_ct_that_changed_on_the_disk_is_refused(library: Library) -> None:
    opened(library, volume()).close()
    path = library.folder / "open" / volume().key / "volume.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 4
    path.write_bytes(data)
    with pytest.raises(CaseError, match=r"CT of this case is damaged on the disk. Open its file again"):
        library.reopen(volume().key)


def test_a_ct_that_was_not_kept_is_asked_for_and_nothing_drawn_is_lost(library: Library) -> None:
    kept = opened(library, volume())
    paint(kept, 3, 9, 9)
    kept.close()
    stored.forget_volume(kept.folder)
    with pytest.raises(CaseError, match="Open its file again: what was drawn on it will be there"):
        library.reopen(volume().key)
    assert same(opened(library, volume()).annotation, kept.annotation)
    assert stored.has_volume(kept.folder)


def test_the_list_tells_lesions_ml_status_and_readers(library: Library) -> None:
    ct = volume()
    kept = opened(library, ct)
    answered(kept.annotation, 2, block(3, 4, 6, 11))
    paint(kept, 4, 4, 4, label=LIVER)
    other = opened(library, volume(6, "Other"))
    (row,) = listed(library.cases(), "portal")
    assert (row.key, row.name, row.kind, row.shape) == (ct.key, "Abdomen portal", "NIfTI", (6, 14, 17))
    assert (row.lesions, row.status, row.readers, row.has_volume) == (1, Status.IN_WORK, ("",), True)
    assert row.lesion_ml == pytest.approx(3 * 7 * 2.5 * 0.5 * 0.8 / 1000)
    (new,) = listed(library.cases(), status=Status.NEW)
    assert (new.key, new.lesions, new.lesion_ml) == (other.key, 0, 0.0)


def test_the_thumbnail_shows_the_slice_with_most_of_what_was_drawn(library: Library) -> None:
    from PIL import Image

    kept = opened(library, volume())
    row = library.cases()[0]
    assert row.thumbnail is not None
    plain = np.asarray(Image.open(row.thumbnail))
    answered(kept.annotation, 5, block(3, 4, 9, 11))
    kept.close()
    drawn = np.asarray(Image.open(row.thumbnail)).astype(int)
    assert plain.shape == drawn.shape == (132, 256, 3)  # 7 mm high and 13.6 mm wide, 256 pixels at most
    red = drawn[:, :, 0] - drawn[:, :, 2]
    height, width = drawn.shape[:2]
    assert red[height * 6 // 14, width * 7 // 17] > 40
    assert abs(int(red[height * 12 // 14, width * 14 // 17])) < 20


def test_search_takes_every_word_without_case_and_accents(library: Library) -> None:
    for seed, name in enumerate(("Leber venös", "Leber arteriell", "Thorax")):
        opened(library, volume(seed, name))
    rows = library.cases()
    assert [row.name for row in listed(rows, "VENOS leber")] == ["Leber venös"]
    assert len(listed(rows, "leber")) == 2
    assert listed(rows, "knee") == []
    assert [row.name for row in listed(rows, order=Order.NAME)] == ["Leber arteriell", "Leber venös", "Thorax"]


def test_the_list_is_sorted_by_what_was_asked(library: Library) -> None:
    kept = [opened(library, volume(seed, f"case {seed}")) for seed in range(3)]
    paint(kept[1], 3, 9, 9)
    answered(kept[0].annotation, 2, block(3, 4, 9, 11))
    library.mark(kept[2].key, Status.REVIEWED)
    rows = library.cases()
    names = {order: [row.name[-1] for row in listed(rows, order=order)] for order in Order}
    assert names[Order.CHANGED] == ["0", "1", "2"]
    assert names[Order.STATUS] == ["0", "1", "2"]
    assert names[Order.ML] == ["0", "1", "2"]
    assert names[Order.LESIONS] == ["0", "1", "2"]
    library.mark(kept[0].key, Status.DONE)
    assert [row.name[-1] for row in listed(library.cases(), order=Order.STATUS)] == ["1", "0", "2"]


def test_a_status_is_taken_back(library: Library) -> None:
    kept = opened(library, volume())
    library.mark(kept.key, Status.DONE)
    assert library.cases()[0].status is Status.DONE
    library.mark(kept.key, Status.IN_WORK)
    assert library.cases()[0].status is Status.NEW


def test_a_deleted_case_comes_back_as_it_was(library: Library) -> None:
    kept = opened(library, volume())
    paint(kept, 3, 9, 9)
    kept.close()
    name = library.bin.discard(kept.key)
    assert library.cases() == []
    assert [(binned, row.lesions) for binned, row in library.bin.cases()] == [(name, 1)]
    assert library.bin.restore(name) == kept.key
    assert same(library.reopen(kept.key).annotation, kept.annotation)
    assert library.bin.cases() == []


def test_a_case_that_is_open_is_not_deleted(library: Library) -> None:
    kept = opened(library, volume())
    with pytest.raises(CaseError, match="open in a window"):
        library.bin.discard(kept.key)
    paint(kept, 3, 9, 9)


def test_a_ct_opened_anew_is_not_overwritten_by_restoring(library: Library) -> None:
    kept = opened(library, volume())
    kept.close()
    name = library.bin.discard(kept.key)
    opened(library, volume())
    with pytest.raises(CaseError, match="opened anew meanwhile"):
        library.bin.restore(name)


def test_an_emptied_bin_is_empty_and_old_cases_leave_first(library: Library) -> None:
    for seed in range(2):
        kept = opened(library, volume(seed))
        kept.close()
        library.bin.discard(kept.key)
    assert library.bin.empty(3600) == 0
    assert library.bin.empty() == 2
    assert library.nbytes < 10_000


@pytest.mark.parametrize("key", ["../../etc", "nothing", "", "0" * 32])
def test_a_case_that_is_not_there_is_told(library: Library, key: str) -> None:
    with pytest.raises(CaseError, match="no such case"):
        library.reopen(key)
    with pytest.raises(CaseError, match="no such case"):
        library.bin.discard(key)


def test_another_window_of_this_server_can_be_taken_over(library: Library) -> None:
    ct = volume()
    first = opened(library, ct)
    paint(first, 3, 9, 9)
    assert not library.open(ct).may_change
    second = library.open(ct, take_over=True)
    assert second.may_change
    assert same(second.annotation, first.annotation)
    with pytest.raises(CaseError, match="taken over by another window"):
        paint(first, 1, 4, 4)


def test_a_worklist_knows_which_files_were_opened(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("b10", "b9", "a"):
        (folder / f"{name}.nii.gz").write_bytes(name.encode())
    library.open(volume(), origin=folder / "b9.nii.gz").close()
    works = worklist(folder, library.cases())
    assert [(work.name, work.row is not None) for work in works] == [("a", False), ("b9", True), ("b10", False)]
    assert works[1].row is not None
    assert works[1].row.key == volume().key
    (folder / "b9.nii.gz").write_bytes(b"another CT now")
    assert [work.row for work in worklist(folder, library.cases())] == [None, None, None]


def test_a_case_is_found_by_the_beginning_of_its_key_or_its_name(library: Library) -> None:
    ct = volume()
    opened(library, ct)
    opened(library, volume(6, "Other"))
    assert library.find(ct.key[:8]) == library.find("Abdomen portal") == ct.key
    with pytest.raises(CaseError, match="no case is called “knee”"):
        library.find("knee")
    with pytest.raises(CaseError, match="2 cases are called"):
        library.find("")


def test_a_case_can_be_renamed(library: Library) -> None:
    kept = opened(library, volume())
    library.rename(kept.key, "  Teaching \n 3 ")
    assert library.cases()[0].name == "Teaching 3"
    with pytest.raises(CaseError, match="needs a name"):
        library.rename(kept.key, " ")


def test_cts_on_which_nothing_was_drawn_give_way_to_a_new_one(tmp_path: Path) -> None:
    library = Library(tmp_path / "cases")
    drawn, untouched = opened(library, volume(1)), opened(library, volume(2))
    paint(drawn, 3, 9, 9)
    library._limits = Limits(2**30, library.nbytes + 1000)
    kept = opened(library, volume(3))
    assert [stored.has_volume(case.folder) for case in (drawn, untouched, kept)] == [True, False, True]


def test_a_library_that_is_full_says_how_much_is_allowed(tmp_path: Path) -> None:
    library = Library(tmp_path / "cases", Limits(2**30, 2500))
    with pytest.raises(CaseError, match=r"2\.5 kB are allowed. Delete some and empty the bin"):
        library.open(volume())
    assert library.cases() == []


def test_a_session_is_held_to_its_share(tmp_path: Path) -> None:
    library = Library(tmp_path / "cases", Limits(3000, 2**30))
    opened_first = library.open(volume(1), session="s")
    assert opened_first.may_change
    with pytest.raises(CaseError, match=r"This window would hold 5.7 kB of disk, and 3.0 kB are allowed"):
        library.open(volume(2), session="s")
    assert library.open(volume(2), session="other").may_change


def test_a_share_is_given_back_with_the_case_and_where_it_could_not_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "cases", Limits(3000, 2**30))
    with monkeypatch.context() as broken:
        broken.setattr("core.workspace.library.KeptCase", refusing)
        with pytest.raises(CaseError, match="no journal today"):
            library.open(volume(1), session="s")
    kept = library.open(volume(2), session="s")
    kept.close()
    library.give("s", volume(2).key)
    assert library.open(volume(3), session="s").may_change


def refusing(*_: object) -> None:
    raise CaseError("no journal today")


def test_a_quota_counts_by_name_and_forgets_what_is_given_back() -> None:
    quota = Quota(Limits(100, 150), "memory")
    quota.take("a", "x", 60)
    quota.take("a", "x", 90)
    assert (quota.held("a"), quota.held()) == (90, 90)
    with pytest.raises(CaseError, match="This window"):
        quota.take("a", "y", 11)
    with pytest.raises(CaseError, match="All windows together would hold 151 bytes of memory, and 150 bytes"):
        quota.take("b", "x", 61)
    quota.give("a", "x")
    quota.take("b", "x", 61)
    quota.give("b")
    assert quota.held() == 0


def test_a_list_with_a_damaged_case_shows_the_others(library: Library) -> None:
    opened(library, volume(1)).close()
    broken = opened(library, volume(2))
    broken.close()
    for path in broken.folder.glob("journal.sqlite*"):
        path.write_bytes(b"\xff" * 5000)
    rows = {row.key: row for row in library.cases()}
    assert "damaged" in rows[broken.key].trouble
    assert math.isnan(rows[broken.key].lesion_ml)
    assert rows[volume(1).key].trouble == ""


def test_no_path_of_the_file_is_written_down(library: Library, tmp_path: Path) -> None:
    origin = tmp_path / "MUELLER_HANS.nii.gz"
    origin.write_bytes(b"x")
    kept = library.open(volume(), origin=origin)
    assert "MUELLER" not in json.dumps(kept.facts())
