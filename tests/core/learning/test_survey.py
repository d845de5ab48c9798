from collections.abc import Mapping

import pytest
from PIL import Image

from core.learning.pairing import find_pairs
from core.learning.survey import Look, look_at
from tests.core.learning.shapes import WINDOW, patient, save_pictures

SHAPE, FEW = (7, 48, 64), (2, 48, 64)


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Look]:
    """A patient with tumours and a broken picture, a healthy one, one with wrong masks, and one under two names."""
    folder = tmp_path_factory.mktemp("data")
    save_pictures(folder, patient(1, shape=SHAPE, name="ill"))
    save_pictures(folder, patient(3, tumour=False, shape=SHAPE, name="healthy"))
    save_pictures(folder, patient(3, tumour=False, shape=SHAPE, name="namesake"))
    save_pictures(folder, patient(4, shape=FEW, name="wrong"))
    (folder / "images" / "ill_slice000.png").write_bytes(b"not a picture")
    for path in (folder / "masks").glob("wrong*"):
        Image.new("L", (17, 31)).save(path)
    return {look.name: look for look in look_at(find_pairs(folder), WINDOW)}


def test_every_case_is_counted_and_drawn(looks: Mapping[str, Look]) -> None:
    ill, healthy = looks["ill"].seen, looks["healthy"].seen
    assert ill
    assert healthy
    assert (ill.shape, ill.liver_slices, ill.tumour_slices) == ((6, 48, 64), 6, 2)  # liver from slice 1, tumour on 3, 4
    assert (healthy.shape, healthy.liver_slices, healthy.tumour_slices) == ((7, 48, 64), 6, 0)
    assert ill.jpeg[:2] == b"\xff\xd8"


def test_what_cannot_be_read_is_named_and_the_rest_is_counted(looks: Mapping[str, Look]) -> None:
    (problem,) = looks["ill"].problems
    assert "ill_slice000.png was left out" in problem
    assert looks["wrong"].seen is None
    assert looks["wrong"].problems


def test_one_picture_under_two_names_is_told(looks: Mapping[str, Look]) -> None:
    (problem,) = looks["namesake"].problems
    assert problem.startswith("namesake holds a picture of healthy: they are one patient under two names")
