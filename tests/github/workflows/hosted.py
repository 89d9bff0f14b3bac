"""A repository as GitHub would host it, with a small collection, and pull requests to it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.conftest import ROOT
from tests.github.double.server import TOKEN
from tests.github.workflows.events import REPOSITORY, event
from tests.github.workflows.graph import Outcome, inputs_of
from tests.github.workflows.javascript import Actions
from tests.github.workflows.repositories import commit, git, new_repository
from tests.github.workflows.runner import Run
from tests.github.workflows.sources import GITHUB, read

FORK = "stranger/fork"
MODELS = ("cells-two-channel", "foci-binary2d.zip", "membrane-unet2d")  # small, and each has ONNX weights
MORE = "nuclei-unet2d"
_POLICY = """\
schema = 1
versions = "first"

[isolation]
level = "sandbox"
"""


def put_model(collection: Path, name: str, as_name: str = "") -> Path:
    """Copy a model of the project's own collection."""
    source, target = ROOT / "collection" / name, collection / (as_name or name)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
    return target


class Hosted:
    """The repository. Models run in one environment, and so with their ONNX weights alone.

    Attributes:
        path: the working copy, on the branch ``main``.
        runs: all that ran, in order.
    """

    def __init__(self, folder: Path, actions: Actions, variables: Mapping[str, str]) -> None:
        self._folder, self._actions, self._variables = folder, actions, variables
        self.path = new_repository(folder / "repository")
        self.runs: list[Run] = []
        shutil.copytree(GITHUB, self.path / ".github")
        shutil.copytree(ROOT / "environments" / "onnx", self.path / "environments" / "onnx")
        collection = self.path / "collection"
        for name in MODELS:
            put_model(collection, name)
        commit(self.path, {"README.md": "# A zoo\n", "collection/policy.toml": _POLICY}, "Begin")
        self._programs = _programs(folder / "bin")

    @property
    def pages(self) -> Path:
        """What the site is served from."""
        return self._folder / "shared" / "pages"

    def propose(self, number: int, change: Callable[[Path], object], *, fork: bool = False) -> dict[str, Any]:
        """The context ``github`` of a pull request that makes a change; it is merged for a try."""
        base, branch = git(self.path, "rev-parse", "main"), f"change-{number}"
        git(self.path, "switch", "--quiet", "--create", branch, "main")
        change(self.path)
        head = commit(self.path, {}, f"Change {number}")
        git(self.path, "switch", "--quiet", "--detach", "main")
        git(self.path, "merge", "--quiet", "--no-ff", "--message", f"Merge {head} into {base}", branch)
        merged = git(self.path, "rev-parse", "HEAD")
        git(self.path, "update-ref", f"refs/pull/{number}/merge", merged)
        git(self.path, "switch", "--quiet", "main")
        return self._pull_request(number, base=base, head=head, merged=merged, fork=fork)

    def _pull_request(self, number: int, *, base: str, head: str, merged: str, fork: bool) -> dict[str, Any]:
        source = {"full_name": FORK if fork else REPOSITORY, "fork": fork}
        happened = event(
            "pull_request",
            action="synchronize",
            number=number,
            sender={"login": "stranger"},
            pull_request={
                "number": number,
                "state": "open",
                "draft": False,
                "head": {"ref": f"change-{number}", "sha": head, "repo": source},
                "base": {"ref": "main", "sha": base, "repo": {"full_name": REPOSITORY}},
                "user": {"login": "stranger"},
            },
        )
        refs = {"ref": f"refs/pull/{number}/merge", "head_ref": f"change-{number}", "base_ref": "main"}
        return {**happened, **refs, "sha": merged, "run_id": str(1000 + number)}

    def night(self) -> dict[str, Any]:
        """The context ``github`` of the nightly run."""
        sha = git(self.path, "rev-parse", "main")
        run = str(9000 + len(self.runs))
        return {**event("schedule", schedule="17 1 * * *"), "sha": sha, "run_id": run, "token": TOKEN}

    def run(
        self, workflow: str, github: Mapping[str, Any], *, left: Mapping[str, Path] = MappingProxyType({})
    ) -> tuple[Run, dict[str, Outcome]]:
        """Run a workflow for an event; ``left`` are artifacts of an attempt before, by name."""
        run = Run(
            folder=self._folder / f"run-{len(self.runs) + 1}",
            github=github,
            repositories={REPOSITORY: self.path},
            shared=self._folder / "shared",
            variables={"HARNESS_TARGET_MINUTES": "1"},
            environment={"PATH": f"{self._programs}{os.pathsep}{os.environ['PATH']}", **self._variables},
        )
        self.runs.append(run)
        for name, archive in left.items():
            run.artifacts.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(archive, run.artifacts / f"{name}.zip")
        path = GITHUB / "workflows" / workflow
        started = read(path).events.get(github["event_name"]) if "inputs" in github["event"] else None
        inputs = inputs_of(started or {}, github["event"].get("inputs") or {})
        return run, run.workflow(self._actions, path, inputs)


def _programs(folder: Path) -> Path:
    """A folder with the command ``harness`` of this checkout, as the set-up installs it."""
    folder.mkdir()
    program = folder / "harness"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m harness "$@"\n')
    program.chmod(0o755)
    return folder
