"""The workflows and composite actions of this checkout, and what ``harness init`` writes, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.conftest import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))


class Step(NamedTuple):
    """A step, and where it is, for messages."""

    where: str
    step: dict[str, Any]


class Source(NamedTuple):
    """A file; every scalar is text, as GitHub hands it to actions."""

    name: str
    text: str

    @property
    def content(self) -> dict[str, Any]:
        """The parsed file."""
        parsed: dict[str, Any] = yaml.load(self.text, yaml.BaseLoader)  # noqa: S506  makes text alone
        return parsed

    @property
    def events(self) -> dict[str, Any]:
        """What starts the workflow, with its filters."""
        events: dict[str, Any] = self.content.get("on", {})
        return events

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """Jobs by id; empty for an action."""
        jobs: dict[str, dict[str, Any]] = self.content.get("jobs", {})
        return jobs

    @property
    def steps(self) -> Iterator[Step]:
        """All of a workflow or a composite action."""
        for number, step in enumerate(self.content.get("runs", {}).get("steps", ()), 1):
            yield Step(f"step {number}", step)
        for name, job in self.jobs.items():
            for number, step in enumerate(job.get("steps", ()), 1):
                yield Step(f"{name}, step {number}", step)


def read(path: Path) -> Source:
    """A file of ``.github``, named as in its folder."""
    name = path.name if path.parent.name == "workflows" else f"{path.parent.name}/{path.name}"
    return Source(name, path.read_text("utf-8"))


def all_sources() -> list[Source]:
    """Every workflow and composite action of this checkout."""
    return [read(path) for path in (*WORKFLOWS, *ACTIONS)]
