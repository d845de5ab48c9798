"""The ``report`` command: one case as a page or a PDF."""

import argparse
from datetime import datetime
from pathlib import Path

from core.errors import WriteError
from core.reporting.given import add_inputs, opened, refuse_overwriting

_KINDS = (".html", ".pdf")
EXAMPLES = """examples:
  python -m core report sample:phantom sample:phantom -o phantom.html
  python -m core report dicom_folder mask.nii.gz --prompts mask-prompts.json -o report.html
  python -m core report ct.nii.gz mask.nii.gz --reference drawn.nii.gz --language zh -o report.pdf
  python -m core report 3f2a91 -o report.html

Nothing of the patient is taken from the image; a title is yours to choose. A PDF in Chinese embeds a Chinese font
of this computer; without one it names a font that the reader's program has to have.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_inputs(command)
    command.add_argument("--reference", type=Path, metavar="FILE", help="labels to compare the mask with")
    command.add_argument("--title", default="", help="the title, instead of “Segmentation report”")
    command.add_argument("--language", choices=("en", "zh"), default="en", help="English (default) or Chinese")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="ends in .html or .pdf")
    command.set_defaults(run=report)


def report(chosen: argparse.Namespace) -> int:
    """Write the report; return 0."""
    suffix = chosen.output.suffix.lower()
    if suffix not in _KINDS:
        raise WriteError(f"A report ends in {' or '.join(_KINDS)}, not as in {chosen.output.name}. Change -o.")
    refuse_overwriting(chosen, chosen.reference)
    segmented = opened(chosen, chosen.reference)
    from core.reporting import case, case_html, case_pdf  # numba, plotly, reportlab: 2 s
    from core.reporting.export.bundle import save
    from core.scoring.evidence import used

    sources = {"ct": chosen.ct, "mask": chosen.mask, "reference": chosen.reference, "prompts": chosen.prompts}
    files = [used(role, Path(path)) for role, path in sources.items() if path and Path(path).exists()]
    told = case.case_report(
        segmented,
        language=chosen.language,
        title=chosen.title.strip(),
        created=datetime.now().astimezone(),
        files=files,
    )
    if suffix == ".html":
        save(case_html.page(told).encode(), chosen.output, "The report")
    else:
        data, font = case_pdf.pdf(told)
        save(data, chosen.output, "The report")
        if font.warning:
            print(f"note: {font.warning}")
    print(f"saved {chosen.output}")
    return 0
