"""Which fonts a PDF is written in: Helvetica for what it has, and a Chinese font for the rest.

Helvetica needs no file. No Chinese font comes with Lobule, as they are large: one of this computer's is embedded, cut
down to the letters that are used. Where there is none, the PDF names STSong, which Acrobat and most other programs
replace by a font of the reader's computer; letters are missing where that has none either.
"""

import html
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

LATIN, LATIN_BOLD = "Helvetica", "Helvetica-Bold"
_OTHER, _NAMED_ONLY = "LobuleHan", "STSong-Light"
_FILES = (
    *("msyh.ttc", "simhei.ttf", "simsun.ttc", "Deng.ttf"),  # Windows
    *("STHeiti Light.ttc", "STHeiti Medium.ttc", "Songti.ttc", "Arial Unicode.ttf"),  # macOS
    *("wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf"),  # Linux
)
_SAMPLE = "肝脏肿瘤体积径线说明"
_WARNING = (
    "No Chinese font that can be embedded was found on this computer. The PDF names one that the reader's program has "
    "to have. Install one, such as WenQuanYi Zen Hei, or send the HTML report."
)


@dataclass(frozen=True)
class Fonts:
    """The font for what Helvetica does not have.

    Attributes:
        other: Its name in a PDF.
        is_embedded: Whether the PDF holds its letters.
    """

    other: str
    is_embedded: bool

    @property
    def warning(self) -> str:
        """What a reader may miss, ``""`` if nothing."""
        return "" if self.is_embedded else _WARNING

    def marked(self, text: str) -> str:
        """Return plain text as a paragraph of reportlab, each run of letters in a font that has them."""
        runs = groupby(text.replace("−", "–"), key=_is_latin)  # Helvetica has no minus sign
        return "".join(self._run("".join(letters), latin) for latin, letters in runs)

    def _run(self, text: str, is_latin: bool) -> str:
        plain = html.escape(text, quote=False)
        return plain if is_latin else f'<font name="{self.other}">{plain}</font>'


@lru_cache
def fonts() -> Fonts:
    """Find the font for what is not Latin; once for the life of the program."""
    for path in _installed():
        if _registered(path):
            return Fonts(_OTHER, True)
    pdfmetrics.registerFont(UnicodeCIDFont(_NAMED_ONLY))
    return Fonts(_NAMED_ONLY, False)


def _registered(path: Path) -> bool:
    """Say whether a file holds a font that can be embedded and has Chinese letters."""
    try:
        font = TTFont(_OTHER, str(path))
    except (TTFError, OSError, ValueError, KeyError):
        return False
    if not all(ord(letter) in font.face.charToGlyph for letter in _SAMPLE):
        return False
    pdfmetrics.registerFont(font)
    return True


def _is_latin(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _installed() -> Iterator[Path]:
    """Yield the files of known Chinese fonts that are there, the best first."""
    found: dict[str, Path] = {}
    for folder in _folders():
        for where, _, names in os.walk(folder):
            for name in names:
                found.setdefault(name.casefold(), Path(where) / name)
    known = [found[name.casefold()] for name in _FILES if name.casefold() in found]
    yield from known
    yield from (
        path for name, path in sorted(found.items()) if re.search(r"han|cjk|sc-|gb", name) and path not in known
    )


def _folders() -> list[Path]:
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"]
    home = Path.home()
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    return [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local" / "share" / "fonts",
        home / ".fonts",
    ]
