"""Arrows point one way: pages ask core, and a room of core imports only rooms above it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ["version", "errors", "imaging", "segmentation", "editing", "scoring", "learning", "workspace", "reporting"]
OUTER = [*ROOMS, "__main__"]
ONLY_IN = {
    "streamlit": ("app.py", "pages/"),
    "streamlit_drawable_canvas": ("pages/ui/",),
    "SimpleITK": ("core/imaging/", "core/reporting/export"),
    "pydicom": ("core/imaging/", "core/reporting/export"),
    "highdicom": ("core/reporting/export",),
    "reportlab": ("core/reporting/",),
    "torch": ("core/segmentation/", "core/learning/"),
    "segment_anything": ("core/segmentation/",),
}
SOURCES = sorted(p for p in [ROOT / "app.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")])


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def room(module: str) -> str:
    return module.split(".")[1] if module.startswith("core.") else ""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_what_lies_above_it(path: Path) -> None:
    here = str(path.relative_to(ROOT))
    names = imported(path)
    if here.startswith("core/"):
        assert not [n for n in names if n.split(".")[0] in ("pages", "app")]
        rooms = {room(n) for n in names} - {""}
        own = room(module_name(path)) or "__main__"
        assert rooms <= set(OUTER[: OUTER.index(own) + 1]), f"{here} imports {rooms}"
    for package, homes in ONLY_IN.items():
        if any(n.split(".")[0] == package for n in names):
            assert here.startswith(homes), f"{here} imports {package}; its home is {homes}"


def test_core_has_no_import_cycle() -> None:
    modules = {module_name(p): p for p in SOURCES if p.is_relative_to(ROOT / "core")}
    graph = {m: {n for n in imported(p) if n in modules and n != m} for m, p in modules.items()}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"cycle: {' -> '.join([*trail, module])}"
        if module not in done:
            for other in graph[module]:
                visit(other, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils.py", "helpers.py", "common.py", "constants.py", "manager.py"}
    assert not [p for p in SOURCES if p.name in vague]
