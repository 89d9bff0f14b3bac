"""``harness doctor``: what this machine can do."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness import jsonio
from harness.cli import doctor_isolation, options
from harness.errors import ExitCode

_GIB = 1024**3


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report; ``needed`` findings decide whether the main job can run here."""

    what: str
    ok: bool
    says: str
    needed: bool = True


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that is found out.

    Attributes:
        ready: whether the main job can run here.
        isolation: every level, from the weakest to the strongest.
        asked: the level that this command asks for, or "auto".
        holds: whether that level holds.
    """

    schema: int = 1
    ready: bool
    asked: str
    holds: bool
    findings: tuple[Finding, ...]
    isolation: tuple[doctor_isolation.LevelReport, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_environments(parser)
    options.add_output(parser)
    parser.add_argument(
        "--isolation",
        choices=["auto", *doctor_isolation.LEVELS],
        default="auto",
        help="exit with code 2 unless this level holds here (default: auto, the strongest that holds)",
    )
    parser.add_argument("--format", choices=["table", "json"], default="table")


def main(args: argparse.Namespace) -> int:
    """Print a report; exit code 2 if the level does not hold, 3 if the main job cannot run here."""
    findings = (*_machine(), *_folders(args), *_environments(args), *_back_ends(), *_packages())
    isolation = doctor_isolation.levels()
    report = Report(
        ready=all(finding.ok for finding in findings if finding.needed),
        asked=args.isolation,
        holds=doctor_isolation.holds(args.isolation, isolation),
        findings=findings,
        isolation=isolation,
    )
    if args.format == "json":
        sys.stdout.write(jsonio.dumps(report).decode())
    else:
        _print(report)
    if not report.holds:
        return int(ExitCode.USAGE)
    return int(ExitCode.SATISFIED if report.ready else ExitCode.NO_VERDICT)


def _print(report: Report) -> None:
    from rich.table import Table
    from rich.text import Text

    from harness.cli.progress import console_for_tables

    table = Table("what", "", "says", box=None)
    for finding in report.findings:
        mark = ("✓", "green") if finding.ok else ("✗", "red") if finding.needed else ("–", "dim")
        table.add_row(finding.what, Text(*mark), Text(finding.says))
    console = console_for_tables()
    console.print(table)
    doctor_isolation.show(report.isolation, report.asked, console)
    console.print(
        "the main job can run here" if report.ready else "the main job cannot run here: see ✗ above"
    )


def _machine() -> Iterator[Finding]:
    import psutil

    yield Finding(what="Python", ok=True, says=f"{sys.version.split()[0]} at {sys.executable}")
    yield Finding(what="processors", ok=True, says=f"{options.default_jobs()}")
    memory = psutil.virtual_memory()
    says = f"{memory.total / _GIB:.0f} GiB, {memory.available / _GIB:.0f} GiB of it free"
    yield Finding(what="memory", ok=memory.available > _GIB, says=says, needed=False)
    yield from _gpus()


def _gpus() -> Iterator[Finding]:
    from harness.gpu.detect import gpus

    every = gpus()
    for gpu in every.found:
        says = f"{gpu.words}: not used, {gpu.trouble}" if gpu.trouble else gpu.words
        yield Finding(what="GPU", ok=not gpu.trouble, says=says, needed=False)
    if not every.found:
        says = f"{every.why_none}; cells for cuda are left out"
        yield Finding(what="GPU", ok=False, says=says, needed=False)


def _folders(args: argparse.Namespace) -> Iterator[Finding]:
    from harness.paths import cache_folder

    for what, folder, needed in (("output", args.output, 10**9), ("cache", cache_folder(), 10**10)):
        existing = next(
            parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists()
        )
        writable = os.access(existing, os.W_OK)
        free = shutil.disk_usage(existing).free
        says = f"{folder}: {'writable' if writable else 'not writable'}, {free / 1e9:.0f} GB free"
        enough = free >= needed
        says = says if enough else f"{says}; {needed / 1e9:.0f} GB are needed"
        yield Finding(what=what, ok=writable and enough, says=says)


def _environments(args: argparse.Namespace) -> Iterator[Finding]:
    from harness.environments import store
    from harness.environments.spec import load_all

    for spec in load_all(options.environments_folder(args.environments)).values():
        built = store.find(spec, args.backend)
        says = f"built, Python {built.python_version}" if built else "not built yet; a run builds it"
        yield Finding(what=f"environment {spec.name}", ok=built is not None, says=says, needed=False)


def _back_ends() -> Iterator[Finding]:
    from uv import find_uv_bin

    from harness.cell import Backend
    from harness.environments.backend import BACKENDS

    try:
        yield Finding(what="uv", ok=True, says=find_uv_bin())
    except FileNotFoundError:
        yield Finding(what="uv", ok=False, says="not found; install it with `python -m pip install uv`")
    for name, package in (("bwrap", "bubblewrap"), ("docker", "a Docker client")):
        found = shutil.which(name)
        says = found or f"not found; isolation needs {package}"
        yield Finding(what=name, ok=found is not None, says=says, needed=False)
    for backend in Backend:
        ready = backend in BACKENDS
        says = "ready" if ready else "not in this version"
        yield Finding(what=f"back-end {backend.value}", ok=ready, says=says, needed=backend is Backend.VENV)


def _packages() -> Iterator[Finding]:
    """Whether uv finds a package where pip is configured to look."""
    import tempfile

    from harness.environments import uv_command
    from harness.environments.attempt import Attempt
    from harness.environments.failure import EnvironmentBuildError

    with tempfile.TemporaryDirectory(prefix="harness-doctor-") as name:
        folder = Path(name)
        (folder / "wanted.in").write_text("six\n", "utf-8")
        attempt = Attempt(log=folder / "log", cwd=folder, on_progress=lambda _: None)
        try:
            settings = uv_command.settings()
            command = ["pip", "compile", "--no-cache", "--python", sys.executable, *settings.arguments]
            uv_command.run(
                [*command, "wanted.in", "--output-file", "found.txt"],
                attempt,
                what="looking up a package",
                variables=settings.variables,
            )
        except EnvironmentBuildError as error:
            says = f"cannot be reached: {error.message.splitlines()[-1]}"
            yield Finding(what="packages", ok=False, says=says)
        else:
            yield Finding(what="packages", ok=True, says="can be reached")
