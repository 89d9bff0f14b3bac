"""``harness scan``: look for dangerous content without running anything."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Literal

import msgspec

from harness.cli import options
from harness.collection.index import find_models
from harness.collection.model import Model, Unreadable, read_models
from harness.collection.scan import scan_weights, sha256_of
from harness.collection.scan.sources import SourceImports, sources_of
from harness.errors import ExitCode
from harness.policy.scan import ScanRules
from harness.verdict import Status


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report: a model's weights of one format, or a model that could not be read.

    Attributes:
        weights_format: None for a model that could not be read.
        status: what was found, whether or not the policy lets it through.
        verdict: what a run with the policy makes of it: passed, failed (it is not loaded) or inconclusive.
        found: dangerous things that the policy does not let through.
        unreadable: likewise what could not be scanned.
        allowed: what the policy lets through, with its reason.
        sha256: of the files that any of it is in, by name: an entry of the policy needs it.
        sources: Python files of the model and what they import, for a reviewer.
    """

    model: str
    version: str
    source: str
    weights_format: str | None
    status: Literal["clean", "dangerous", "failed"]
    verdict: Status
    message: str
    found: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    sha256: dict[str, str] = {}
    sources: tuple[SourceImports, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "collection",
        metavar="MODEL",
        help="a model's folder, an rdf.yaml, a .zip package, a folder of models, or an index.json",
    )
    options.add_policy(parser)
    parser.add_argument("--format", choices=["text", "json"], default="text")


def main(args: argparse.Namespace) -> int:
    """Print what was found; exit code 1 if anything is not to be loaded, else 3 if a scan failed, else 0.

    What the policy lets through is as good as clean.
    """
    from harness import jsonio
    from harness.cli.progress import reading

    policy = options.policy_for(args)
    found = find_models(args.collection)
    with reading() as show:
        number = count()
        models = read_models(
            found,
            verify_files=policy.verify_files,
            on_model=lambda source: show(next(number), len(found), source),
        )
    scanned = [line for model in models for line in _scan(model, policy.scan)]
    if args.format == "json":
        sys.stdout.write(jsonio.dumps(scanned, indent=2).decode())
    else:
        _print(scanned)
    verdicts = {line.verdict for line in scanned}
    if Status.FAILED in verdicts:
        return int(ExitCode.FAILED)
    return int(ExitCode.NO_VERDICT if Status.INCONCLUSIVE in verdicts else ExitCode.SATISFIED)


def _scan(model: Model | Unreadable, rules: ScanRules) -> Iterator[Scanned]:
    from harness.execute.conclude.scanned import verdict_of_scan

    ref = model.ref
    if isinstance(model, Unreadable):
        yield Scanned(
            model=ref.id, version=ref.version, source=ref.source, weights_format=None,
            status="failed", verdict=Status.INCONCLUSIVE, message=model.message,
        )  # fmt: skip
        return
    for weights_format in model.description.weights:
        result = scan_weights(model, weights_format, rules)
        yield Scanned(
            model=ref.id, version=ref.version, source=ref.source, weights_format=weights_format.value,
            status=result.status, verdict=verdict_of_scan(result, rules).status, message=result.message,
            found=result.found, unreadable=result.unreadable, allowed=result.allowed,
            sha256={name: sha256_of(model.paths[name]) for name in result.files},
            sources=sources_of(model, weights_format),
        )  # fmt: skip


def _print(scanned: Sequence[Scanned]) -> None:
    from harness.cli.progress import STYLES, QuietConsole

    console = QuietConsole(highlight=False, soft_wrap=True)
    for line in scanned:
        what = f"{line.model} · {line.weights_format}" if line.weights_format else line.model
        told = (*line.found, *line.unreadable, *line.allowed)
        says = "".join(f"\n    {each}" for each in told) or f" {line.message}"
        let_through = line.status != "clean" and line.verdict is Status.PASSED
        word = f"{line.status}, but let through" if let_through else line.status
        console.print(f"{what}: {word}:{says}", style=STYLES[line.verdict], markup=False)
        lines = [f"{name} has sha256 {digest}" for name, digest in line.sha256.items()]
        for more in (*lines, *(source.words for source in line.sources)):
            console.print(f"    {more}", markup=False)
