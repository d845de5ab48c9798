"""Opens files in the test's own process, without the half second that the guarded one costs."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.imaging import reading
from core.imaging.decoding import Decoded, decode
from core.imaging.job import Job
from core.imaging.volume import Mask, Volume


def opened(source: Path | Sequence[Path], **options: Any) -> Volume:
    """Do what `read_volume` does."""
    with patch.object(reading, "decode_guarded", _here):
        return reading.read_volume(source, **options)


def opened_mask(source: Path | Sequence[Path], volume: Volume, **options: Any) -> Mask:
    """Do what `read_mask` does."""
    with patch.object(reading, "decode_guarded", _here):
        return reading.read_mask(source, volume, **options)


def opened_labels(source: Path | Sequence[Path], **options: Any) -> Mask:
    """Do what `read_labels` does."""
    with patch.object(reading, "decode_guarded", _here):
        return reading.read_labels(source, **options)


def _here(paths: Sequence[Path], job: Job) -> Decoded:
    with tempfile.TemporaryDirectory() as folder:
        return decode(paths, job, Path(folder))
