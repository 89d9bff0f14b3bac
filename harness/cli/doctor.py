"""``harness doctor``: what this machine can do."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.cli import options
from harness.errors import ExitCode


class Finding(NamedTuple):
    """One line of the report; ``needed`` findings decide the exit code."""

    what: str
    ok: bool
    says: str
    needed: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_environments(parser)
    options.add_output(parser)


def main(args: argparse.Namespace) -> int:
    """Print a table; exit code 3 if the main job cannot run here."""
    from rich.table import Table
    from rich.text import Text

    from harness.cli.progress import console_for_tables

    findings = [*_machine(), *_folders(args), *_environments(args), *_back_ends(), *_packages()]
    table = Table("what", "", "says", box=None)
    for finding in findings:
        mark = ("✓", "green") if finding.ok else ("✗", "red") if finding.needed else ("–", "dim")
        table.add_row(finding.what, Text(*mark), Text(finding.says))
    console = console_for_tables()
    console.print(table)
    ready = all(finding.ok for finding in findings if finding.needed)
    console.print("the main job can run here" if ready else "the main job cannot run here: see ✗ above")
    return int(ExitCode.SATISFIED if ready else ExitCode.NO_VERDICT)


def _machine() -> Iterator[Finding]:
    yield Finding("Python", True, f"{sys.version.split()[0]} at {sys.executable}")
    yield Finding("processors", True, f"{options.default_jobs()}")
    gpu = shutil.which("nvidia-smi") is not None or Path("/dev/nvidia0").exists()
    yield Finding("GPU", gpu, "found" if gpu else "none; cells for cuda are left out", needed=False)


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
        yield Finding(
            what, writable and enough, says if enough else f"{says}; {needed / 1e9:.0f} GB are needed"
        )


def _environments(args: argparse.Namespace) -> Iterator[Finding]:
    from harness.environments import store
    from harness.environments.spec import load_all

    for spec in load_all(options.environments_folder(args.environments)).values():
        built = store.find(spec, args.backend)
        says = f"built, Python {built.python_version}" if built else "not built yet; a run builds it"
        yield Finding(f"environment {spec.name}", built is not None, says, needed=False)


def _back_ends() -> Iterator[Finding]:
    from uv import find_uv_bin

    from harness.cell import Backend
    from harness.environments.backend import BACKENDS

    try:
        yield Finding("uv", True, find_uv_bin())
    except FileNotFoundError:
        yield Finding("uv", False, "not found; install it with `python -m pip install uv`")
    for backend in Backend:
        ready = backend in BACKENDS
        says = "ready" if ready else "not in this version"
        yield Finding(f"back-end {backend.value}", ready, says, needed=backend is Backend.VENV)
    yield Finding("isolation", True, "process: for models that you trust; the only level in this version")


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
            yield Finding("packages", False, f"cannot be reached: {error.message.splitlines()[-1]}")
        else:
            yield Finding("packages", True, "can be reached")
