"""The version of Lobule, written into every record, and of the libraries that its figures rest on."""

from importlib.metadata import version

VERSION = "0.1.0"
_LIBRARIES = ("numpy", "scipy", "numba", "connected-components-3d", "SimpleITK", "pydicom")


def libraries() -> dict[str, str]:
    """Return the versions of what reads files and works out figures, by name."""
    return {name: version(name) for name in _LIBRARIES}
