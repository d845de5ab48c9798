from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from core.reporting import case_pdf, fonts
from core.reporting.case import case_report
from core.reporting.case_pdf import pdf
from tests.core.reporting.cases import CREATED, NASTY, case


def pages(data: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(data)
    texts = []
    for page in document:
        text = page.get_textpage()
        texts.append(text.get_text_range().replace("\r\n", "\n"))
        text.close()
        page.close()
    document.close()
    return texts


def drawn(data: bytes) -> np.ndarray:
    document = pypdfium2.PdfDocument(data)
    picture = document[0].render(scale=1).to_numpy()
    document.close()
    return np.asarray(picture)


def test_the_pdf_says_what_the_report_says() -> None:
    told = case_report(case(reference=True), created=CREATED)

    text = " ".join(" ".join(pages(pdf(told)[0])).split())

    for part in ("Segmentation report", "77.76 ml", "Tumour 1", "12.6 × 12.6", "Surface Dice", told.image[0][1]):
        assert part in text
    assert "Hofmann" not in text


def test_every_page_says_that_it_is_no_medical_device_and_counts_itself() -> None:
    found = pages(pdf(case_report(case(), created=CREATED))[0])

    assert len(found) > 1
    for number, text in enumerate(found, start=1):
        assert "Not a medical device" in text
        assert f"Page {number} of {len(found)}" in text


def test_names_are_text_and_no_markup() -> None:
    text = " ".join(" ".join(pages(pdf(case_report(case(nasty=NASTY), created=CREATED))[0])).split())

    assert NASTY[:40].split()[0] in text
    assert "<img" in text


@pytest.mark.skipif(not fonts.fonts().is_embedded, reason="no Chinese font on this computer")
def test_chinese_is_embedded_and_can_be_read_back() -> None:
    data, found = pdf(case_report(case(), created=CREATED, language="zh"))

    assert found.warning == ""
    text = "".join(" ".join(pages(data)).split())
    assert "分割报告" in text
    assert "非医疗器械" in text
    assert b"STSong" not in data


def test_without_a_font_to_embed_a_chinese_pdf_names_one_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_folders", lambda: [Path(__file__).parent / "nowhere"])
    monkeypatch.setattr(case_pdf, "fonts", fonts.fonts.__wrapped__)

    data, found = pdf(case_report(case(), created=CREATED, language="zh"))

    assert "No Chinese font that can be embedded" in found.warning
    assert b"STSong-Light" in data
    assert "分割报告" in "".join(" ".join(pages(data)).split())


def test_a_chinese_name_in_an_english_report_is_written_in_a_font_that_has_it() -> None:
    marked = fonts.Fonts("Han", True).marked("囊肿 & cyst − 1")

    assert marked == '<font name="Han">囊肿</font> &amp; cyst – 1'


def test_the_first_page_is_not_blank() -> None:
    picture = drawn(pdf(case_report(case(), created=CREATED))[0])

    assert (picture.min(axis=2) < 128).mean() > 0.01
