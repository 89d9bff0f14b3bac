"""A large collection and a ledger that fits it, made from one small model that was run for real."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness import jsonio
from harness.cell import WeightsFormat
from harness.ledger.query import current
from harness.ledger.record import Record
from harness.ledger.store import read_records
from harness.plan.plan import Plan


def make_collection(model: Path, folder: Path, *, count: int) -> None:
    """``count`` copies of a model, each with an id of its own; the files are hard links to the first copy."""
    description = (model / "rdf.yaml").read_text("utf-8")
    for number in range(count):
        copy = folder / f"model-{number:05}"
        copy.mkdir(parents=True)
        text = description.replace(f"id: {model.name}", f"id: {copy.name}", 1)
        (copy / "rdf.yaml").write_text(text, "utf-8")
        for file in model.iterdir():
            if file.name != "rdf.yaml":
                (copy / file.name).hardlink_to(_first(file, folder))


def make_ledger(plan: Plan, templates: Mapping[WeightsFormat | None, Record], segment: Path) -> int:
    """A record for each planned cell of which there is a template with its weights; returns how many."""
    segment.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with segment.open("wb") as stream:
        for planned in plan.cells:
            cell = planned.cell
            template = templates.get(cell.weights_format)
            if template is not None:
                record = msgspec.structs.replace(
                    template, key=planned.key, model=cell.model, environment=cell.environment
                )
                stream.write(jsonio.dumps(record) + b"\n")
                count += 1
    return count


def templates(output: Path) -> dict[WeightsFormat | None, Record]:
    """The newest record of each weights format of a run of one model."""
    return {record.weights_format: record for record in current(read_records(output / "ledger"))}


def _first(file: Path, folder: Path) -> Path:
    """The copy of a file that the others are links to, beside the collection and so on its file system."""
    first = folder.parent / f"{folder.name}-files" / file.name
    if not first.exists():
        first.parent.mkdir(exist_ok=True)
        first.write_bytes(file.read_bytes())
        os.utime(first, (0, 0))
    return first
