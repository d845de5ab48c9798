"""Folders for uploads, and when they are deleted."""

from pathlib import Path

from pages.ui.keeping import EMPTY_HANDED_S, Folder, sweep


def test_a_folder_is_private_and_goes_with_its_holder() -> None:
    folder = Folder()
    path = Path(folder.path)
    (path / "scan.nii").write_bytes(b"x")
    assert path.stat().st_mode & 0o777 == 0o700
    del folder
    assert not path.exists()


def test_a_folder_outlives_its_browser_by_ten_minutes() -> None:
    folder = Folder()
    sweep([folder], lambda _: True, now_s=5000.0)
    sweep([folder], lambda _: False, now_s=5000.0 + EMPTY_HANDED_S)
    assert folder.is_there
    assert folder.path.exists()
    sweep([folder], lambda _: False, now_s=5001.0 + EMPTY_HANDED_S)
    assert not folder.is_there
    assert not folder.path.exists()


def test_a_browser_that_came_back_keeps_its_folder() -> None:
    folder = Folder()
    sweep([folder], lambda _: True, now_s=5000.0)
    sweep([folder], lambda _: True, now_s=9000.0)
    sweep([folder], lambda _: False, now_s=9000.0 + EMPTY_HANDED_S)
    assert folder.path.exists()
