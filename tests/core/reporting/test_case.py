import math
import re
import string

import numpy as np
import pytest
from PIL import Image

from core.errors import GeometryError, ReadError, WriteError
from core.imaging.grid import Grid
from core.imaging.volume import Intensity, Mask
from core.reporting import making, words
from core.reporting.case import case_report
from core.reporting.case_html import page
from core.reporting.quantify import quantify
from core.reporting.segmented import Segmented
from core.reporting.shots import shots
from core.scoring.evidence import FileUsed
from tests.core.reporting.cases import CARD, CREATED, GRID, NASTY, SHAPE, case, outlined, volume


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things_with_the_same_places() -> None:
    english, chinese = words.catalogue("en"), words.catalogue("zh")

    assert list(english) == list(chinese)
    assert [key for key in english if places(english[key]) != places(chinese[key])] == []


def test_the_tiles_hold_the_figures_that_matter_most() -> None:
    told = case_report(case(), created=CREATED)

    burden = 100 * 482 / (8 * 45 * 60)
    assert told.tiles == [
        ("Liver with its tumours", "77.76 ml"),
        ("Tumour burden", f"{burden:.1f} %"),
        ("Lesions: Tumour", "2"),
        ("Longest diameter: Tumour", "12.6 mm"),  # 9 rows of 0.9 mm and 12 columns of 0.8 mm
        ("Lesions: cyst", "1"),
        ("Longest diameter: cyst", "0.9 mm"),
    ]


def test_each_lesion_has_a_line_from_the_largest_of_each_label() -> None:
    told = case_report(case(), created=CREATED)

    assert told.lesions is not None
    assert [row[0] for row in told.lesions.rows] == ["Tumour 1", "Tumour 2", "cyst 1"]
    assert told.lesions.rows[0][1:6] == ["1.73", "12.6 × 12.6", "4", "4–7", "20.0 × 9.0 × 9.6"]


def test_what_a_person_and_what_a_model_did_is_counted_apart() -> None:
    told = dict(case_report(outlined(), created=CREATED).making)

    counted = ("Objects", "Outlines (one per object and slice)", "made by a model and left so",
               "made by a model, then changed by hand", "drawn by hand", "Boxes drawn", "Points clicked")  # fmt: skip
    assert [told[name] for name in counted] == ["3", "3", "1", "1", "1", "2", "0"]
    assert CARD.sha256 in told["Model"]
    assert told["Windows the model saw"] == "W400 L40, W200 L60"


def test_no_record_is_told_and_not_guessed() -> None:
    told = case_report(case(), created=CREATED)

    assert told.making == []
    assert "is not known" in page(told)


def test_given_labels_are_compared_and_what_is_undefined_is_no_number() -> None:
    told = case_report(case(reference=True), created=CREATED)

    assert told.scores is not None
    tumour = next(row for row in told.scores.rows if row[0] == "Tumour")
    assert tumour[1] == f"{2 * 361 / (482 + 361):.3f}"  # one slice of 120 and one voxel less
    assert case_report(case(), created=CREATED).scores is None


def test_files_are_known_by_their_hash_and_not_by_their_name() -> None:
    told = case_report(case(), created=CREATED, files=[FileUsed("ct", "Hofmann.nii", "ab" * 32)])

    assert ("Image", f"sha256 {'ab' * 32}") in told.origin
    assert "Hofmann" not in page(told)


def test_nothing_of_the_file_name_is_told() -> None:
    for language in words.LANGUAGES:
        told = page(case_report(case(), created=CREATED, language=language))
        assert "Hofmann" not in told
        assert "[file] was left out" in told


def test_a_title_is_the_users_own() -> None:
    assert case_report(case(), created=CREATED, title="Tumour board 7").title == "Tumour board 7"


def test_names_are_shown_and_never_run() -> None:
    shown = page(case_report(case(nasty=NASTY), created=CREATED, title="<script>alert(2)</script>"))

    assert "<img src=x" not in shown
    assert "<script>alert(2)" not in shown
    assert "&lt;script&gt;alert(2)" in shown


def test_the_page_forbids_itself_to_load_anything() -> None:
    shown = page(case_report(case(), created=CREATED))

    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'" in shown
    body = shown.split("</head>")[1]
    assert {address.split(":")[0] for address in re.findall(r'(?:src|href)="([^"#]+)', body)} == {"data"}
    assert "Not a medical device" in body


def test_the_page_is_in_the_language_asked_for() -> None:
    shown = page(case_report(case(), created=CREATED, language="zh")).split("</head>")[1]

    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", shown, flags=re.DOTALL)
    assert "分割报告" in text
    assert "肿瘤负荷" in text
    english = [value for key, value in words.catalogue("en").items() if len(value) > 8 and "{" not in value]
    assert [value for value in english if value in text] == []


def test_the_slice_with_most_outlines_and_each_lesion_is_pictured_where_it_is_longest() -> None:
    made = case()

    found = shots(made, quantify(made.volume, made.mask))

    assert [(shot.z, shot.lesion and (shot.lesion.label, shot.lesion.number)) for shot in found] == [
        (1, None),
        (3, (2, 1)),
        (2, (2, 2)),
        (6, (3, 1)),
    ]


def test_only_the_second_picture_has_colours_and_white_lines() -> None:
    import io

    made = case()
    shot = shots(made, quantify(made.volume, made.mask))[1]
    before, after = (np.asarray(Image.open(io.BytesIO(data))).astype(int) for data in (shot.before, shot.after))

    assert before.shape == after.shape
    assert np.ptp(before, axis=2).max() < 12
    assert np.ptp(after, axis=2).max() > 100
    down, across = (n // 2 for n in after.shape[:2])
    middle = after[down - 40 : down + 40, across - 60 : across + 60]
    assert (middle.min(axis=2) > 225).sum() > 100


def test_lesions_without_a_picture_are_counted() -> None:
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[2, 4:56:4, 10] = 2  # 13 lesions of one voxel
    told = case_report(Segmented.of_mask(volume(), Mask(drawn, GRID)), created=CREATED)

    assert len(told.pairs) == 9
    assert told.more == "5 smaller lesions are only in the table."


def test_without_a_voxel_size_there_are_no_millimetres() -> None:
    grid = Grid.from_geometry(SHAPE, has_spacing=False)
    told = case_report(case(grid), created=CREATED)

    shown = " ".join(text for row in (told.lesions.rows if told.lesions else []) for text in row)
    assert "nan" not in shown
    assert ("Voxel (slice × row × column)", "not known") in told.image
    assert [name for name, _ in told.tiles] == ["Tumour burden", "Lesions: Tumour", "Lesions: cyst"]
    assert "mm" not in " ".join(told.lesions.heads if told.lesions else [])
    assert told.pairs[1].caption == "Tumour 1, slice 5: 480 voxels."


def test_values_that_are_not_hu_are_not_called_so() -> None:
    told = case_report(case(intensity=Intensity.ARBITRARY), created=CREATED)

    assert "HU" not in " ".join([*told.labels.heads, told.pictures_note])


def test_an_empty_mask_has_no_report() -> None:
    empty = Segmented.of_mask(volume(), Mask(np.zeros(SHAPE, np.uint8), GRID))

    with pytest.raises(WriteError, match="The mask is empty"):
        case_report(empty, created=CREATED)


def test_a_mask_of_another_image_is_refused() -> None:
    other = Grid.from_geometry((10, 60, 83), (5.0, 0.9, 0.8))

    with pytest.raises(GeometryError, match="Use it with the image it was drawn on"):
        Segmented.of_mask(volume(), Mask(np.ones(other.shape, np.uint8), other))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "lobule-prompts/1"}', '{"format": "lobule-prompts/2"}'])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ReadError, match="not a record of prompts"):
        making.making_of(text)


def test_a_number_that_is_not_known_is_never_written_as_nan() -> None:
    told = case_report(case(reference=True), created=CREATED)

    for table in (told.labels, told.lesions, told.scores):
        assert table is not None
        assert not [text for row in table.rows for text in row if str(math.nan) in text or str(math.inf) in text]
