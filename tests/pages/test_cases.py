"""The Cases page, and how cases come and go between the disk and the screen, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from streamlit.testing.v1 import AppTest

from core.errors import CaseError
from core.imaging.volume import Mask
from core.imaging.writing import write_mask
from core.workspace.later import later
from core.workspace.ledger import ledger, ledger_csv
from pages.ui import sessions, shelf, windows
from pages.ui.state import AppState, Case
from tests.core.workspace.cases import volume
from tests.pages.test_metrics import upload

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")
PHANTOM = "Phantom (synthetic)"


def new_window() -> AppTest:
    return AppTest.from_file(APP, default_timeout=60).run()


@pytest.fixture
def app() -> AppTest:
    return new_window()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The windows that a browser shows, by their random name."""
    shown: set[str] = set()
    monkeypatch.setattr(windows, "has_gone", lambda state: state.reader not in shown)
    return shown


def state_of(app: AppTest) -> AppState:
    state: AppState = app.session_state["lobule"]
    return state


def case_of(app: AppTest) -> Case:
    case = state_of(app).case
    assert case is not None
    return case


def draw(case: Case, z: int = 3) -> None:
    mask = np.zeros(case.volume.grid.shape[1:], dtype=bool)
    mask[10:14, 20:27] = True
    case.annotation.add(z, mask, 2)


def show_cases(app: AppTest) -> AppTest:
    return app.switch_page("cases.py").run()


def keys(app: AppTest, prefix: str) -> list[str]:
    return [str(button.key) for button in app.button if str(button.key).startswith(prefix)]


def texts(app: AppTest) -> str:
    return " ".join([*(m.value for m in app.markdown), *(c.value for c in app.caption)])


def test_a_case_stands_in_the_list_with_its_lesions_and_millilitres(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    draw(case_of(app))
    show_cases(app)
    assert not app.exception
    assert PHANTOM in texts(app)
    voxel_ml = case_of(app).volume.grid.voxel_ml
    assert f"1 lesion · {4 * 7 * voxel_ml:.1f} ml" in texts(app)


def test_an_empty_list_says_what_will_be_there(app: AppTest) -> None:
    show_cases(app)
    assert "No case yet" in texts(app)


def test_a_search_leaves_the_cases_that_hold_its_words(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    app.button("sample_lits-117").click().run()
    show_cases(app)
    assert len(keys(app, "open_")) == 2
    app.text_input("case_search").set_value("phan").run()
    assert keys(app, "open_") == [f"open_{shelf.library().find(PHANTOM)}"]


def test_a_status_that_a_person_gave_is_kept(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    key = case_of(app).volume.key
    show_cases(app)
    app.selectbox(f"status_{key}").select("done").run()
    assert not app.exception
    assert [row.status for row in shelf.library().cases()] == ["done"]


def test_a_deleted_case_comes_back_with_undo(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    draw(case_of(app))
    key = case_of(app).volume.key
    show_cases(app)
    app.button(f"bin_{key}").click().run()
    assert len(shelf.library().cases()) == 1, "it is asked first"
    app.button("delete_case").click().run()
    assert shelf.library().cases() == []
    assert state_of(app).case is None
    app.button("undo_delete").click().run()
    (row,) = shelf.library().cases()
    assert (row.key, row.lesions) == (key, 1)


def test_the_address_of_a_case_opens_it_in_a_new_window_after_a_restart(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    draw(case_of(app))
    case = case_of(app)
    case.kept.saving.result()
    address = dict(app.query_params)
    windows._windows.clear()  # as another process has none
    case.kept.give_up("gone")
    fresh = AppTest.from_file(APP, default_timeout=60)
    for name, value in address.items():
        fresh.query_params[name] = value
    fresh.run()
    assert not fresh.exception
    assert case_of(fresh) is not case
    assert len(case_of(fresh).annotation) == 1


def test_a_case_opened_from_the_list_shows_the_labels_and_the_slice_that_were_there(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    case = case_of(app)
    assert case.reference is not None
    case.kept.saving.result()
    case.go_to(7)
    later(lambda: None).result()  # the labels are written before
    shelf.close_case(state_of(app), case.volume.key)
    show_cases(app)
    assert any("On the disk:" in caption.value for caption in app.caption)
    app.button(f"open_{case.volume.key}").click().run()
    again = case_of(app)
    assert again is not case
    assert again.z == 7
    assert again.reference is not None
    assert np.array_equal(again.reference.voxels, case.reference.voxels)


def _masks_dialog() -> None:
    from pages.ui.readermasks import reader_masks
    from pages.ui.state import app_state

    case = app_state().case
    reader_masks(app_state(), case, case.kept)


def test_masks_of_another_reader_are_brought_into_the_case_and_compared(app: AppTest, tmp_path: Path) -> None:
    app.button("sample_phantom").click().run()
    case = case_of(app)
    draw(case)
    theirs = np.zeros(case.volume.grid.shape, np.uint8)
    theirs[3, 10:14, 22:29] = 2
    write_mask(Mask(theirs, case.volume.grid), case.volume, tmp_path / "theirs.nii.gz")
    dialog = AppTest.from_function(_masks_dialog, default_timeout=60)  # of a page it closes with the next run
    dialog.session_state["lobule"] = state_of(app)
    dialog.run().text_input("mask_reader").set_value("XY").run()
    upload(dialog, "mask_files", tmp_path / "theirs.nii.gz")
    dialog.button("keep_mask").click().run()
    assert not dialog.exception
    assert "XY" in dialog.success[0].value
    assert case.kept.readers == ("", "XY")
    assert np.array_equal(case.kept.of_reader("XY").label_map().voxels, theirs)


def test_a_window_that_is_reloaded_goes_on_with_all_it_had(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "is_connected", lambda session: session != "the session before the reload")
    app.button("sample_phantom").click().run()
    state_of(app).session = "the session before the reload"
    draw(case_of(app))
    case_of(app).z = 7
    again = AppTest.from_file(APP, default_timeout=60)
    again.query_params["window"] = app.query_params["window"]
    again.run()
    assert state_of(again) is state_of(app)
    assert case_of(again).z == 7
    assert case_of(again).may_change


def test_a_copy_of_the_address_in_a_second_window_takes_nothing_away(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "is_connected", lambda session: True)
    monkeypatch.setattr(windows, "_PATIENCE_S", 0.1)
    app.button("sample_phantom").click().run()
    state_of(app).session = "the session of the first window"
    second = AppTest.from_file(APP, default_timeout=60)
    second.query_params["window"] = app.query_params["window"]
    second.run()
    assert state_of(second) is not state_of(app)
    assert case_of(app).may_change


def test_the_second_window_looks_on_and_takes_over_on_request(app: AppTest, watched: set[str]) -> None:
    app.button("sample_phantom").click().run()
    watched.add(state_of(app).reader)
    draw(case_of(app))
    second = new_window()
    second.button("sample_phantom").click().run()
    assert any("open in another window" in warning.value for warning in second.warning)
    assert not case_of(second).may_change
    assert len(case_of(second).annotation) == 1
    second.button("work_here").click().run()
    assert case_of(second).may_change
    assert not case_of(app).may_change
    app.run()
    assert any("taken this case over" in warning.value for warning in app.warning)


def test_a_window_that_has_gone_gives_way_without_a_question(app: AppTest, watched: set[str]) -> None:
    app.button("sample_phantom").click().run()
    draw(case_of(app))
    second = new_window()
    second.button("sample_phantom").click().run()
    assert case_of(second).may_change
    assert len(case_of(second).annotation) == 1


def test_a_window_that_gives_a_case_up_counts_it_no_longer(app: AppTest, watched: set[str]) -> None:
    app.button("sample_phantom").click().run()
    gone, nbytes = state_of(app), case_of(app).volume.hu.nbytes
    assert shelf.held(gone)["window"][0] == nbytes
    second = new_window()
    watched.add(state_of(second).reader)
    second.button("sample_phantom").click().run()
    assert [shelf.held(state)["window"][0] for state in (gone, state_of(second))] == [0, nbytes]


def test_a_closed_case_gives_its_share_of_the_disk_back(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    state, case = state_of(app), case_of(app)
    case.kept.saving.result()
    assert shelf.library()._sessions.held(state.reader) == case.volume.hu.nbytes
    shelf.close_case(state, case.volume.key)
    assert shelf.library()._sessions.held(state.reader) == 0
    assert shelf.held(state)["window"][0] == 0


def test_a_case_that_does_not_open_from_the_list_takes_no_memory(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app.button("sample_phantom").click().run()
    state, case = state_of(app), case_of(app)
    case.kept.saving.result()
    shelf.close_case(state, case.volume.key)

    def refusing(*_: object) -> None:
        raise CaseError("no journal today")

    monkeypatch.setattr("core.workspace.library.KeptCase", refusing)
    with pytest.raises(CaseError, match="no journal today"):
        shelf.reopen(state, case.volume.key)
    assert shelf.held(state)["window"][0] == 0


def test_each_reader_has_masks_of_their_own(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    draw(case_of(app))
    show_cases(app)
    app.text_input("initials").set_value("QX").run()
    assert not app.exception
    assert len(case_of(app).annotation) == 0
    draw(case_of(app), 5)
    assert case_of(app).kept.readers == ("", "QX")
    app.text_input("initials").set_value("").run()
    assert [outline.z for outline in case_of(app).annotation.outlines] == [3]


def test_a_search_under_way_is_not_lost_to_other_initials_or_a_case_taken_over(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    state, case = state_of(app), case_of(app)
    case.search = AtWork()
    for lose in (lambda: shelf.take_initials(state, "QX"), lambda: shelf.take_over(state, case)):
        with pytest.raises(CaseError, match=r"A search .* is under way in Phantom"):
            lose()
    assert (state.initials, state.case) == ("", case)
    assert case.may_change
    case.search = None
    shelf.take_initials(state, "QX")
    assert state.initials == "QX"


def test_a_work_list_opens_a_file_and_the_next_one_follows(app: AppTest, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for name in ("b2", "b10"):
        picture = SimpleITK.GetImageFromArray(rng.normal(40, 200, (5, 20, 24)).astype(np.int16))
        picture.SetSpacing((0.9, 0.7, 2.5))
        SimpleITK.WriteImage(picture, str(tmp_path / f"{name}.nrrd"))
    show_cases(app)
    app.text_input("work_folder").set_value(str(tmp_path)).run()
    assert not app.exception
    app.button("open_work_0").click().run()
    state = state_of(app)
    first = case_of(app)
    assert first.volume.source.name == "b2.nrrd"
    following = shelf.beside(state, 1)
    assert following == tmp_path / "b10.nrrd"
    shelf.open_next(state, following)
    assert case_of(app).volume.source.name == "b10.nrrd"
    assert shelf.beside(state, 1) is None
    assert shelf.beside(state, -1) == first.volume.key
    assert list(state.cases) == [case_of(app).volume.key], "what was left is closed"
    assert shelf.open_next(state, first.volume.key).volume.source.name == "b2.nrrd"


def test_a_case_where_something_is_at_work_stays_open(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    state, left = state_of(app), case_of(app)
    app.button("sample_lits-117").click().run()
    other = case_of(app)
    other.kept.saving.result()
    shelf.open_next(state, left.volume.key)
    left.search = AtWork()
    shelf.open_next(state, other.volume.key)
    assert set(state.cases) == {left.volume.key, other.volume.key}
    left.search = None
    shelf.open_next(state, left.volume.key)
    shelf.open_next(state, other.volume.key)
    assert set(state.cases) == {other.volume.key}


class AtWork:
    """What a search under way says of itself."""

    is_running = True


def test_a_server_that_others_reach_shows_no_folders(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr("pages.ui.here._HERE", ())
    show_cases(app)
    assert "does not show its folders" in texts(app)
    assert not [field for field in app.text_input if field.key == "work_folder"]


def test_where_others_see_the_list_no_name_of_a_file_is_kept(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.ui.here._HERE", ())
    ct = volume(name="Mueller_Anna.nii.gz")
    case = shelf.open_volume(state_of(app), ct)
    case.kept.saving.result()
    assert (case.volume.key, case.volume.source.name) == (ct.key, "CT, NIfTI")
    assert [row.name for row in shelf.library().cases()] == ["CT, NIfTI"]
    kept = b"".join(path.read_bytes() for path in case.kept.folder.rglob("*") if path.is_file())
    assert b"Mueller" not in kept


def test_the_ledger_is_a_line_an_object(app: AppTest) -> None:
    app.button("sample_phantom").click().run()
    case = case_of(app)
    draw(case)
    head, line = ledger_csv(ledger(case.kept)).splitlines()
    assert head == "object,label,seconds,prompts,carried,found,edits,undone,slices,voxels,by_hand"
    cells = line.split(",")
    assert (cells[0], cells[1], cells[8], cells[9]) == ("1", "tumour", "1", "28")
