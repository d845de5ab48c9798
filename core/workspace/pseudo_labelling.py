"""The ``pseudo`` command: labels for CTs nobody has labelled, where a trained network is sure, to learn from."""

import argparse
import sys
from pathlib import Path

EXAMPLES = """examples:
  python -m core train samunet --data labelled --name teacher
  python -m core pseudo unlabelled_cts --model teacher --cut 0.9 -o pseudo
  python -m core train samunet --data labelled --extra pseudo --name pupil

Slices on which the network is less sure than --cut are left out. Whether the pupil is better than its teacher tells
their validation, which both trainings print: it may well not be.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    command.add_argument("source", type=Path, metavar="DIR", help="folder of CTs, or of pictures NAME_slice12.png")
    command.add_argument("--model", required=True, metavar="NAME", help="a trained network, by its name or its file")
    command.add_argument("--cut", type=float, default=0.9, help="least sureness of a slice, 0 to 1 (default 0.9)")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="new folder for the labels")
    command.set_defaults(run=pseudo)


def pseudo(chosen: argparse.Namespace) -> int:
    """Label, and print how many slices were kept."""
    from core.imaging.files import counted
    from core.learning.finders import Tidied
    from core.learning.networkfinders import network_finder
    from core.learning.pseudo import pseudo_label
    from core.learning.trained import load_network
    from core.segmentation.sam import choose_device

    name = chosen.model
    trained = load_network(Path(name) if name.endswith(".safetensors") else name)
    finder = Tidied(network_finder(trained, "cuda" if choose_device() == "cuda" else "cpu"))
    kept = pseudo_label(
        chosen.source, finder, trained.card.window, chosen.output, cut=chosen.cut,
        model=f"{trained.card.title}, sha256 {trained.card.sha256}", progress=_said,
    )  # fmt: skip
    for sentence in kept.skipped:
        print(f"note: {sentence}", file=sys.stderr)
    print(f"{counted(kept.kept, 'slice')} of {kept.slices} kept, {kept.tumour} with tumour")
    print(f"saved {chosen.output}")
    return 0


def _said(done: int, total: int, what: str) -> None:
    print(f"{done + 1} of {total}: {what}", file=sys.stderr, flush=True)
