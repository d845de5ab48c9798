"""The report of a case as a PDF, for records that take no web page: the same words, tables and pictures."""

import io

from PIL import Image as Pillow
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    Image,
    KeepTogether,
    ListFlowable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Table as Grid

from core.imaging.picture import png
from core.reporting import scene
from core.reporting.case import CaseReport, Pair, Rows, Table
from core.reporting.fonts import LATIN, LATIN_BOLD, Fonts, fonts

_MARGIN = 16 * mm
_WIDE = A4[0] - 2 * _MARGIN - 12  # reportlab keeps 6 points free on each side of a frame
_INK, _SOFT, _LINE, _WASH, _MAIN = (
    colors.HexColor(code) for code in ("#1f2933", "#52606d", "#d9e2ec", "#f5f7fa", "#0f766e")
)
_NARROWEST, _WIDEST = 7, 16  # letters of a column that its width counts
_ROOM = 38 * mm  # that a section needs on a page to begin there
_TILES = 4  # in a row
_SCENE = (80 * mm, 99 * mm)


def pdf(case: CaseReport) -> tuple[bytes, Fonts]:
    """Return the document, and the font that it has for what is not Latin.

    Args:
        case: From `case.case_report`.
    """
    found = fonts()
    written = io.BytesIO()
    document = SimpleDocTemplate(
        written, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=18 * mm,
        title=case.title, author="Lobule", subject=case.tell("device"), lang="zh-CN" if case.language == "zh" else "en",
    )  # fmt: skip
    document.build(_Story(case, found).told(), canvasmaker=lambda *a, **k: _Numbered(case, found, *a, **k))
    return written.getvalue(), found


class _Numbered(Canvas):  # type: ignore[misc]  # reportlab comes without types
    """Writes the line at the foot of each page once it is known how many there are."""

    def __init__(self, case: CaseReport, found: Fonts, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._case, self._found = case, found
        self._pages: list[dict[str, object]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        """Keep the page for later."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write the pages, each with its foot."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._foot(number, len(self._pages))
            super().showPage()
        super().save()

    def _foot(self, number: int, pages: int) -> None:
        told = f"{self._case.tell('device')}   {self._case.tell('page', page=number, pages=pages)}"
        line = Paragraph(self._found.marked(told), ParagraphStyle("foot", fontName=LATIN, fontSize=8, textColor=_SOFT))
        line.wrapOn(self, _WIDE, 10 * mm)
        line.drawOn(self, _MARGIN + 6, 9 * mm)


class _Story:
    """Turns what the report says into the parts of a document."""

    def __init__(self, case: CaseReport, found: Fonts) -> None:
        self.case, self.found = case, found
        wrap = {"wordWrap": "CJK"} if case.language == "zh" else {}
        plain = ParagraphStyle("plain", fontName=LATIN, fontSize=9.5, leading=13, textColor=_INK, **wrap)
        self.styles = {
            "plain": plain,
            "soft": ParagraphStyle("soft", plain, textColor=_SOFT, fontSize=8.5, leading=12),
            "title": ParagraphStyle("title", plain, fontName=LATIN_BOLD, fontSize=19, leading=24),
            "section": ParagraphStyle(
                "section", plain, fontName=LATIN_BOLD, fontSize=13, leading=17, textColor=_MAIN, spaceBefore=12,
                spaceAfter=4,
            ),
            "device": ParagraphStyle(
                "device", plain, fontName=LATIN_BOLD, backColor=colors.HexColor("#fffbea"), borderPadding=4,
                spaceBefore=6, spaceAfter=8,
            ),
            "figure": ParagraphStyle("figure", plain, fontName=LATIN_BOLD, fontSize=14, leading=18),
            "cell": ParagraphStyle("cell", plain, fontSize=7.5, leading=9.5),
            "head": ParagraphStyle("head", plain, fontName=LATIN_BOLD, fontSize=7.5, leading=9.5),
            "name": ParagraphStyle("name", plain, fontName=LATIN_BOLD, fontSize=8.5, leading=11),
            "text": ParagraphStyle("text", plain, fontSize=8.5, leading=11),
        }  # fmt: skip

    def told(self) -> list[Flowable]:
        """Return the whole document, part by part."""
        case = self.case
        parts: list[Flowable] = [
            self._text(case.title, "title"),
            self._text(case.written, "soft"),
            self._text(case.tell("device"), "device"),
            self._text(case.tell("private"), "soft"),
            *self._tiles(),
            *([self._text(case.cut, "plain")] if case.cut else []),
            *self._section("image", self._facts(case.image)),
            *self._notes(),
            *self._section("labels", self._grid(case.labels)),
        ]
        lesions = self._grid(case.lesions) if case.lesions else self._text(case.tell("lesions.none"), "plain")
        parts += self._section("lesions", lesions)
        parts += self._pictures()
        parts += self._section("scene", self._scene(), self._text(case.tell("scene.note"), "soft"))
        made = self._facts(case.making) if case.making else self._text(case.tell("making.unknown"), "plain")
        parts += self._section("making", made)
        if case.scores_note:
            shown = [self._grid(case.scores)] if case.scores else []
            parts += self._section("scores", *shown, self._text(case.scores_note, "soft"))
        parts += self._section("definitions", self._facts(case.definitions))
        return parts + self._section("origin", self._facts(case.origin))

    def _text(self, text: str, style: str) -> Paragraph:
        return Paragraph(self.found.marked(text), self.styles[style])

    def _section(self, key: str, *parts: Flowable) -> list[Flowable]:
        return [CondPageBreak(_ROOM), self._text(self.case.tell(key), "section"), *parts]

    def _notes(self) -> list[Flowable]:
        if not self.case.notes:
            return []
        lines = [self._text(note, "text") for note in self.case.notes]
        return [self._text(self.case.tell("notes"), "name"), ListFlowable(lines, bulletType="bullet", leftIndent=10)]

    def _tiles(self) -> list[Flowable]:
        tiles = [[self._text(text, "figure"), self._text(name, "soft")] for name, text in self.case.tiles]
        if not tiles:
            return []
        rows = [tiles[at : at + _TILES] for at in range(0, len(tiles), _TILES)]
        full = [row + [""] * (min(_TILES, len(tiles)) - len(row)) for row in rows]
        table = Grid(full, colWidths=[_WIDE / len(full[0])] * len(full[0]), hAlign="LEFT")
        table.setStyle(_styled(("BOX", 0.4, _LINE), ("INNERGRID", 0.4, _LINE), ("BACKGROUND", _WASH)))
        return [Spacer(1, 6), table, Spacer(1, 4)]

    def _facts(self, rows: Rows) -> Flowable:
        lines = [[self._text(name, "name"), self._text(text, "text")] for name, text in rows]
        table = Grid(lines, colWidths=[0.32 * _WIDE, 0.68 * _WIDE], hAlign="LEFT")
        table.setStyle(_styled(*_RULED, ("TOPPADDING", 2), ("BOTTOMPADDING", 2)))
        return table

    def _grid(self, table: Table) -> Flowable:
        heads = [self._text(head, "head") for head in table.heads]
        lines = [[self._text(text, "cell") for text in row] for row in table.rows]
        drawn = Grid([heads, *lines], colWidths=_widths(table), repeatRows=1, hAlign="LEFT")
        drawn.setStyle(_styled(*_RULED, ("LEFTPADDING", 5), ("RIGHTPADDING", 3)))
        marks = [
            ("LINEBEFORE", (0, row), (0, row), 4, colors.HexColor(colour))
            for row, colour in enumerate(table.colours, start=1)
        ]
        drawn.setStyle(TableStyle([("BACKGROUND", (0, 0), (-1, 0), _WASH), *marks]))
        return drawn

    def _pictures(self) -> list[Flowable]:
        pairs = [self._pair(pair) for pair in self.case.pairs]
        more = [self._text(self.case.more, "soft")] if self.case.more else []
        head = self._section("pictures", self._legend(), self._text(self.case.pictures_note, "soft"), Spacer(1, 6))
        return [KeepTogether([*head[1:], *pairs[:1]]), *pairs[1:], *more]

    def _legend(self) -> Flowable:
        told = [
            f'<font name="ZapfDingbats" color="{css}">n</font> {self.found.marked(name)}'
            for name, css in self.case.legend
        ]
        return Paragraph("&nbsp;&nbsp;&nbsp;".join(told), self.styles["text"])

    def _pair(self, pair: Pair) -> Flowable:
        half = 0.46 * _WIDE  # so that the first two still fit on the first page
        pictures = [_picture(data, half, 75 * mm) for data in (pair.before, pair.after)]
        beside = Grid([pictures], colWidths=[half, half])
        beside.setStyle(_styled(("LEFTPADDING", 0), ("RIGHTPADDING", 2), ("BOTTOMPADDING", 2)))
        beside.hAlign = "LEFT"
        return KeepTogether([beside, self._text(pair.caption, "soft"), Spacer(1, 6)])

    def _scene(self) -> Flowable:
        return _picture(png(scene.picture(self.case.meshes, (840, 1040))), _SCENE[1], _SCENE[0])


_RULED: tuple[tuple[object, ...], ...] = (("LINEBELOW", 0.4, _LINE), ("VALIGN", "TOP"))


def _styled(*commands: tuple[object, ...]) -> TableStyle:
    """Return a style that says each thing for all cells."""
    return TableStyle([(name, (0, 0), (-1, -1), *values) for name, *values in commands])


def _widths(table: Table) -> list[float]:
    """Share out the width of the page by how much stands in each column."""
    columns = zip(table.heads, *table.rows, strict=True)
    longest = [max(map(len, (*head.split(), *texts))) for head, *texts in columns]
    letters = [min(max(_NARROWEST, count), _WIDEST) for count in longest]
    return [_WIDE * count / sum(letters) for count in letters]


def _picture(data: bytes, widest: float, tallest: float) -> Image:
    width, height = Pillow.open(io.BytesIO(data)).size
    scale = min(widest / width, tallest / height)
    return Image(io.BytesIO(data), width * scale, height * scale, hAlign="LEFT")
