"""What the second model of each tool costs over its bare prediction: ``python -m benchmarks.consumers``.

The first model of a tool pays for imports; a worker that has them serves the others.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from benchmarks.main_job import bare_seconds, run
from harness import jsonio
from harness.cell import Depth
from harness.consumers import CONSUMERS, REFERENCE
from harness.ledger.query import current
from harness.ledger.record import Record
from harness.ledger.store import read_records
from harness.plan.plan import PlannedCell, read_plan
from harness.verdict import Status

_ROOT = Path(__file__).parent.parent
ASKED = 1.5


class Figures(TypedDict):
    """Seconds of wall time of two cells of one tool, one after the other, of copies of one model.

    Attributes:
        first: from reading the first one's files to its record.
        second: the same of the second.
        bare: what the second one's tool needed to open the model and predict, as the worker measured it.
        ratio: of second to bare.
    """

    tool: str
    model: str
    first: float
    second: float
    bare: float
    ratio: float


def measure(folder: Path, tool: str, example: PlannedCell) -> Figures:
    """Run a tool on two copies of a model."""
    source, weights = example.cell.model.source, example.cell.weights_format
    if weights is None:
        raise SystemExit(f"{source} cannot be read")
    for name in ("first", "second"):
        _copy(_ROOT / "collection" / source, folder / "models" / name)
    selected = ("--weights", weights.value, "--consumer", tool, "--versions", "first", "--jobs", "1")
    run(folder / "models", folder / "output", *selected)
    first, second = sorted(_of(folder / "output", tool), key=lambda record: record.started_at)
    bare = bare_seconds(second)
    return Figures(
        tool=f"{tool} {second.consumer.version}",
        model=f"{source} · {weights.value}",
        first=first.seconds,
        second=second.seconds,
        bare=bare,
        ratio=second.seconds / bare,
    )


def examples(output: Path) -> dict[str, PlannedCell]:
    """For each tool that runs anything, the first cell of the collection that passes in it."""
    run(_ROOT / "collection", output, "--versions", "first")
    passed = {r.key for r in current(read_records(output / "ledger")) if r.status is Status.PASSED}
    found: dict[str, PlannedCell] = {}
    for entry in read_plan(output / "plan.json").cells:
        if entry.key in passed and entry.settled is None and entry.depth is not Depth.STATIC:
            found.setdefault(entry.cell.consumer.name, entry)
    return found


def _copy(model: Path, folder: Path) -> None:
    """A copy of a model, in a folder or a package, with its new folder's name as its id."""
    if model.is_dir():
        shutil.copytree(model, folder)
    else:
        with zipfile.ZipFile(model) as package:
            package.extractall(folder)
    (description,) = (path for path in folder.iterdir() if path.name in ("rdf.yaml", "bioimageio.yaml"))
    text = re.sub(r"(?m)^id: .*$", f"id: {folder.name}", description.read_text("utf-8"))
    description.write_text(text, "utf-8")


def _of(output: Path, tool: str) -> Iterable[Record]:
    records = [record for record in current(read_records(output / "ledger")) if record.environment]
    return [record for record in records if record.consumer.name == tool][:2]


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.consumers",
        epilog="example: python -m benchmarks.consumers --consumer careamics --consumer biapy",
    )
    parser.add_argument("--consumer", action="append", choices=sorted(CONSUMERS), help="default: all")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as folder:
        found = examples(Path(folder, "collection"))
        figures = [
            measure(Path(folder, tool), tool, example)
            for tool, example in found.items()
            if tool in (args.consumer or found)
        ]
    print(jsonio.dumps({"asked": ASKED, "reference": REFERENCE, "tools": figures}, indent=2).decode())


if __name__ == "__main__":
    main()
