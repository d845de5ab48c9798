"""The commands ``cases``, ``audit`` and ``replay``: the list of cases, how one came about, and doing that again."""

import argparse
import contextlib
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from core.errors import CaseError, WriteError
from core.imaging.files import counted
from core.imaging.volume import Volume
from core.imaging.writing import write_mask
from core.segmentation.cachefolder import replacing
from core.workspace.arguments import check_fit, check_output, open_ct
from core.workspace.audit import Record, audit_json, read_record
from core.workspace.caselist import CaseRow, Order, Status, Work, listed, worklist
from core.workspace.kept import Window
from core.workspace.ledger import Ledger, ledger
from core.workspace.library import Library


def add_cases(command: argparse.ArgumentParser) -> None:
    """Say what ``cases`` takes."""
    command.add_argument("--search", default="", metavar="WORDS", help="in name, format, status and readers")
    command.add_argument("--sort", type=Order, choices=list(Order), default=Order.CHANGED, help="default: changed")
    command.add_argument("--status", type=Status, choices=list(Status), help="only those")
    command.add_argument("--worklist", type=Path, metavar="FOLDER", help="list the CTs of a folder instead")
    command.add_argument("--json", action="store_true", help="print JSON")
    one = command.add_mutually_exclusive_group()
    one.add_argument("--mark", nargs=2, metavar=("CASE", "STATUS"), help="give a case a status")
    one.add_argument("--delete", metavar="CASE", help="put a case into the bin")
    one.add_argument("--bin", action="store_true", help="list what is in the bin")
    one.add_argument("--restore", metavar="NAME", help="take a case out of the bin, as --bin lists it")
    command.set_defaults(run=cases)


def add_audit(command: argparse.ArgumentParser) -> None:
    """Say what ``audit`` takes."""
    command.add_argument("case", metavar="CASE", help="the beginning of its key or its name, as `cases` lists it")
    command.add_argument("--reader", default="", metavar="INITIALS", help="whose masks, if there are several readers")
    command.add_argument("--initials", action="store_true", help="write the initials of the reader into the record")
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="save the record as .json, for `replay`")
    command.set_defaults(run=audit)


def add_replay(command: argparse.ArgumentParser) -> None:
    """Say what ``replay`` takes."""
    command.add_argument("record", type=Path, metavar="FILE", help="a record that `audit` or the page saved")
    command.add_argument("ct", nargs="?", metavar="CT", help="by default the one that is kept with the case")
    command.add_argument("--series", metavar="KEY", help="which series of CT, if there are several")
    command.add_argument("--recorded", action="store_true", help="take the model's answers from the record; no model")
    command.add_argument("-o", "--output", type=Path, metavar="MASK", help="save the mask")
    command.set_defaults(run=replay)


def cases(chosen: argparse.Namespace) -> int:
    """List cases, or move one."""
    library = Library()
    if chosen.mark:
        return _mark(library, *chosen.mark)
    if chosen.delete:
        print(f"Deleted. It comes back with: cases --restore {library.bin.discard(library.find(chosen.delete))}")
        return 0
    if chosen.restore:
        print(f"Restored {library.bin.restore(chosen.restore)[:12]}.")
        return 0
    if chosen.worklist:
        _print_work(worklist(chosen.worklist, library.cases()))
        return 0
    binned = library.bin.cases()
    names = {row.key: name for name, row in binned} if chosen.bin else {}
    rows = [row for _, row in binned] if chosen.bin else library.cases()
    rows = listed(rows, chosen.search, chosen.sort, chosen.status)
    if chosen.json:
        print(json.dumps([_plain(row) for row in rows], indent=1, ensure_ascii=False))
    else:
        _print_rows(rows, names)
    return 0


def audit(chosen: argparse.Namespace) -> int:
    """Print what a case cost, and save its record."""
    library = Library()
    window = Window(chosen.reader, only_looks=True)
    with contextlib.closing(library.reopen(library.find(chosen.case), window)) as kept:
        if not kept.seq:
            there = ", ".join(reader or "without initials" for reader in kept.readers) or "nobody"
            raise CaseError(f"This reader has drawn nothing on the case; {there} did. Choose with --reader.")
        _print_ledger(ledger(kept))
        if chosen.output:
            _save(audit_json(kept, initials=chosen.initials), chosen.output)
    return 0


def replay(chosen: argparse.Namespace) -> int:
    """Do what a record says again; return 0 if the mask is the same byte for byte, else 1."""
    if chosen.output:
        check_output(chosen.output, chosen.ct or "")
    record = read_record(chosen.record)
    volume = _ct(chosen, record)
    if chosen.output:
        check_fit(chosen.output, volume)
    from core.workspace.replaying import replay as do_again  # torch: seconds
    from core.workspace.replaying import weights_here

    started = time.perf_counter()
    found = do_again(record, volume, None if chosen.recorded else weights_here())
    seconds = time.perf_counter() - started
    print(
        f"{counted(len(record.actions), 'action')}: {found.repeated} done again, {counted(found.asked_again, 'answer')}"
        f" of a model asked for again, {found.taken} taken from the record; {seconds:.1f} s"
    )
    for difference in found.differences[:10]:
        print(difference, file=sys.stderr)
    if len(found.differences) > 10:
        print(f"... and {len(found.differences) - 10} more.", file=sys.stderr)
    if chosen.output:
        path = write_mask(found.annotation.label_map(), volume, chosen.output, found.annotation.labels)
        print(f"saved {path}")
    print("The mask is the same, byte for byte." if found.same else "The mask is NOT the same as in the record.")
    return 0 if found.same else 1


def _ct(chosen: argparse.Namespace, record: Record) -> Volume:
    if chosen.ct:
        return open_ct(chosen.ct, chosen.series)
    try:
        return Library().volume(record.image)
    except CaseError as error:
        raise CaseError(f"The CT of this record is not among the cases here ({error}) Give its file.") from error


def _mark(library: Library, case: str, status: str) -> int:
    if status not in list(Status):
        raise CaseError(f"“{status}” is no status. Choose one of: {', '.join(Status)}.")
    library.mark(library.find(case), Status(status))
    return 0


def _save(text: str, path: Path) -> None:
    if not path.parent.is_dir():
        raise WriteError(f"The folder {path.parent} does not exist. Create it or choose another one.")
    try:
        with replacing(path, durable=True) as file:
            file.write(text.encode())
    except OSError as error:
        raise WriteError(
            f"The record could not be saved as {path} ({error.strerror}). Choose another place."
        ) from error
    print(f"saved {path}")


def _print_rows(rows: Sequence[CaseRow], names: dict[str, str]) -> None:
    for row in rows:
        changed = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.changed))
        told = f"{row.status:<9}{row.lesions:>4} {_ml(row.lesion_ml):>11}  {changed}"
        print(f"{names.get(row.key, row.key[:12])}  {told}  {row.name}{_beside(row)}")
    print(f"{counted(len(rows), 'case')}")


def _beside(row: CaseRow) -> str:
    readers = [reader for reader in row.readers if reader]
    told = [row.trouble] if row.trouble else [f"readers {', '.join(readers)}"] if readers else []
    told += [] if row.has_volume else ["its CT was not kept"]
    return f" ({'; '.join(told)})" if told else ""


def _print_work(works: Sequence[Work]) -> None:
    for work in works:
        status, lesions = (work.row.status, work.row.lesions) if work.row else (Status.NEW, 0)
        print(f"{status:<9}{lesions:>4}  {work.name}")
    print(f"{counted(len(works), 'CT')}")


def _print_ledger(found: Ledger) -> None:
    for row in found.rows:
        print(
            f"object {row.object}, {row.label}: {row.seconds:.0f} s, {counted(row.prompts, 'prompt')}, "
            f"{row.carried} × carried, {counted(row.edits, 'edit')}, {row.undone} undone, "
            f"{counted(row.voxels, 'voxel')} on {counted(row.slices, 'slice')}, {row.by_hand:.0%} changed by hand"
        )
    print(f"{counted(found.actions, 'action')}, {found.seconds:.0f} s (of a pause, one minute counts)")


def _ml(millilitres: float) -> str:
    return "–" if math.isnan(millilitres) else f"{millilitres:.2f} ml"


def _plain(row: CaseRow) -> dict[str, object]:
    told = asdict(row) | {"thumbnail": str(row.thumbnail) if row.thumbnail else None}
    return told | {"lesion_ml": None if math.isnan(row.lesion_ml) else row.lesion_ml}
