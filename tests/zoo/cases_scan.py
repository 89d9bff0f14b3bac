"""Models whose files are dangerous, or cannot be looked into. Nothing of them is run."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

from harness.verdict import Reason
from tests.zoo.building import edit, package
from tests.zoo.case import Case

WEIGHTS = "weights_state_dict.pt"


class _Payload:
    """Unpickling it runs a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def _pickle_that_runs_a_command(folder: Path) -> None:
    """Weights as old versions of PyTorch saved them: a pickle and nothing else."""
    with package(folder, "pytorch_state_dict"):
        edit(folder / WEIGHTS, lambda _: pickle.dumps(_Payload(f"touch '{folder}/was-here'"), protocol=2))


def _archive_that_runs_a_command(folder: Path) -> None:
    """Weights as PyTorch saves them now: the pickle is in a ZIP archive."""
    with package(folder, "pytorch_state_dict"):
        payload = pickle.dumps(_Payload(f"touch '{folder}/was-here'"), protocol=2)
        (folder / WEIGHTS).unlink()
        with zipfile.ZipFile(folder / WEIGHTS, "w") as archive:
            archive.writestr("archive/data.pkl", payload)
            archive.writestr("archive/version", "3\n")


def _pickle_with_rubbish_after_it(folder: Path) -> None:
    """PyTorch stops reading where the pickle ends; a scanner must not, and cannot tell what follows."""
    with package(folder, "pytorch_state_dict"):
        with zipfile.ZipFile(folder / WEIGHTS) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(folder / WEIGHTS, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data + b"\xff rubbish" if name.endswith("/data.pkl") else data)


CASES = (
    Case(
        "pickle-that-runs-a-command",
        _pickle_that_runs_a_command,
        Reason.DANGEROUS_CONTENT,
        (WEIGHTS, "imports posix.system"),
    ),
    Case(
        "archive-that-runs-a-command",
        _archive_that_runs_a_command,
        Reason.DANGEROUS_CONTENT,
        (WEIGHTS, "imports posix.system"),
    ),
    Case(
        "pickle-with-rubbish-after-it",
        _pickle_with_rubbish_after_it,
        Reason.SCAN_FAILED,
        (WEIGHTS, "data.pkl cannot be scanned"),
    ),
)
