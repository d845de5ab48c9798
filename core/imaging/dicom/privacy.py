"""Keeps out of a series description whatever could tell who the patient is."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pydicom

_NAMES = ("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName")
_NUMBERS = ("PatientID", "OtherPatientIDs", "AccessionNumber")
TAGS = (*_NAMES, *_NUMBERS, "OtherPatientIDsSequence", "PatientBirthDate")
_LONGEST = 64
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def described(data: pydicom.Dataset) -> str:
    """Return a series description fit for the screen; see `shown`."""
    return shown(str(data.get("SeriesDescription") or ""), data)


def shown(words: str, data: pydicom.Dataset) -> str:
    """Return words of a file fit for the screen: one short line, empty if it may name the patient.

    Names are compared whatever their case and accents, identifiers whatever their punctuation, the birth date in
    any order. A false alarm costs no more than the description. Numbers of six digits or more are dropped.

    Args:
        words: What the file says.
        data: Must have been read with `TAGS`.
    """
    text = " ".join(re.sub(r"[^\w\s.,;:/+()%-]", " ", words).split())
    said = _spellings(text)
    private = [
        spelling for tag in (*_NAMES, *_NUMBERS) for value in _values(data, tag) for spelling in _spellings(value)
    ]
    if any(_tells(spelling, line) for spelling in private for line in said):
        return ""
    if _tells_birth(str(data.get("PatientBirthDate") or ""), said[0]):
        return ""
    return " ".join(re.sub(r"\d{6,}", " ", text).split())[:_LONGEST].rstrip()


def _values(data: pydicom.Dataset, tag: str) -> Iterator[str]:
    value: Any = data.get(tag)
    several = isinstance(value, pydicom.multival.MultiValue | list)
    yield from (str(v) for v in (value if several else [value]) if v)
    if tag == "PatientID":
        yield from (str(item.get(tag) or "") for item in data.get("OtherPatientIDsSequence") or ())


def _spellings(text: str) -> list[str]:
    """Return a text without case and accents, and as Germans write it without umlauts."""
    small = unicodedata.normalize("NFC", text).casefold()
    decomposed = (unicodedata.normalize("NFKD", spelling) for spelling in (small, small.translate(_GERMAN)))
    bare = ("".join(c for c in spelling if not unicodedata.combining(c)) for spelling in decomposed)
    return [spelling.translate(_PLAIN) for spelling in bare]


def _tells(private: str, text: str) -> bool:
    """Say whether a text holds one of the words of a name or identifier, or all of them run together."""
    words, said = re.findall(r"[^\W_]+", private), re.findall(r"[^\W_]+", text)
    together = ["".join(words), "".join(words[::-1])]
    if any(len(whole) >= 4 and whole in "".join(said) for whole in together):
        return True
    long = [word for word in words if len(word) >= 3 or not word.isascii()]
    return any(word in text for word in long) or any(word in said for word in words if word.isalpha())


def _tells_birth(date: str, text: str) -> bool:
    """Say whether a text holds the year of birth, or the day, month and last digits of the year side by side."""
    digits = re.sub(r"\D", "", date)
    if len(digits) != 8:
        return False
    year, month, day = int(digits[2:4]), int(digits[4:6]), int(digits[6:])
    parts = re.findall(r"\d+|[^\W\d_]+", text)
    for three in zip(parts, parts[1:], parts[2:], strict=False):
        numbers = sorted(int(part) for part in three if part.isdecimal())
        if numbers in (sorted((year, month, day)), sorted((year, day))):  # two numbers: the month is a word
            return True
    return digits[:4] in parts
