"""The report of a case as one HTML file that opens without a server and loads nothing.

Everything is in the file, plotly's script too (4.7 MB), and a policy in its head forbids it to load anything else.
Without JavaScript, and on paper, a picture stands where the labels can be turned.
"""

import base64
from pathlib import Path

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from core.imaging.picture import png
from core.reporting import scene
from core.reporting.case import CaseReport

_HERE = Path(__file__).parent
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


def page(case: CaseReport) -> str:
    """Return the whole document.

    Args:
        case: From `case.case_report`; titles and names in it are escaped.
    """
    sections = ["image", "labels", "lesions", "pictures", "scene", "making", "scores", "definitions", "origin"]
    figure = scene.figure(case.meshes).to_html(
        full_html=False, include_plotlyjs=False, config={"displayModeBar": False, "responsive": True}
    )
    style = "".join((_HERE / name).read_text("utf-8") for name in ("scores.css", "case.css"))
    return _TEMPLATES.get_template("case.html").render(
        case=case,
        say=case.tell,
        sections=[name for name in sections if name != "scores" or case.scores_note],
        shots=[(_jpeg(pair.before), _jpeg(pair.after), pair.caption) for pair in case.pairs],
        still="data:image/png;base64," + base64.b64encode(png(scene.picture(case.meshes))).decode(),
        scene=Markup(figure),  # noqa: S704 - plotly writes "<" of a name as a code
        style=Markup(style),  # noqa: S704 - Lobule's own
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - plotly's own
    )


def _jpeg(data: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()
