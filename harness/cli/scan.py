"""``harness scan``: look for dangerous content without running anything."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Literal

import msgspec

from harness.collection.index import find_models
from harness.collection.model import Model, Unreadable, read_models
from harness.collection.scan import scan_weights
from harness.collection.scan.sources import SourceImports, sources_of
from harness.errors import ExitCode


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report: a model's weights of one format, or a model that could not be read.

    Attributes:
        weights_format: None for a model that could not be read.
        sources: Python files of the model and what they import, for a reviewer.
    """

    model: str
    version: str
    source: str
    weights_format: str | None
    status: Literal["clean", "dangerous", "failed"]
    message: str
    found: tuple[str, ...] = ()
    sources: tuple[SourceImports, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "collection",
        metavar="MODEL",
        help="a model's folder, an rdf.yaml, a .zip package, a folder of models, or an index.json",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text")


def main(args: argparse.Namespace) -> int:
    """Print what was found; exit code 1 if anything is dangerous, else 3 if a scan failed, else 0."""
    from harness import jsonio
    from harness.cli.progress import reading

    found = find_models(args.collection)
    with reading() as show:
        number = count()
        models = read_models(found, on_model=lambda source: show(next(number), len(found), source))
    scanned = [line for model in models for line in _scan(model)]
    if args.format == "json":
        sys.stdout.write(jsonio.dumps(scanned, indent=2).decode())
    else:
        _print(scanned)
    statuses = {line.status for line in scanned}
    if "dangerous" in statuses:
        return int(ExitCode.FAILED)
    return int(ExitCode.NO_VERDICT if "failed" in statuses else ExitCode.SATISFIED)


def _scan(model: Model | Unreadable) -> Iterator[Scanned]:
    ref = model.ref
    if isinstance(model, Unreadable):
        yield Scanned(
            model=ref.id, version=ref.version, source=ref.source, weights_format=None,
            status="failed", message=model.message,
        )  # fmt: skip
        return
    for weights_format in model.description.weights:
        result = scan_weights(model, weights_format)
        yield Scanned(
            model=ref.id, version=ref.version, source=ref.source, weights_format=weights_format.value,
            status=result.status, message=result.message, found=result.found,
            sources=sources_of(model, weights_format),
        )  # fmt: skip


def _print(scanned: Sequence[Scanned]) -> None:
    from harness.cli.progress import QuietConsole

    console = QuietConsole(highlight=False, soft_wrap=True)
    styles = {"clean": "green", "dangerous": "red", "failed": "yellow"}
    for line in scanned:
        what = f"{line.model} · {line.weights_format}" if line.weights_format else line.model
        says = "".join(f"\n    {each}" for each in line.found) or f" {line.message}"
        console.print(f"{what}: {line.status}:{says}", style=styles[line.status], markup=False)
        for source in line.sources:
            says = source.problem or f"imports {', '.join(source.imports) or 'nothing'}"
            console.print(f"    {source.file} {says}", markup=False)
