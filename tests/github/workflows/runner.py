"""Runs workflows on this machine as GitHub does: each job in a folder of its own, one after the other.

``run:`` is run by bash with its files and variables. Actions of others are those of ``emulated``. What is
called by ``$/`` is run as it is, but for the set-up of the harness: that has to be in ``PATH``.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.github.workflows.emulated import ACTIONS, AFTERWARDS, ActionFailed, Place
from tests.github.workflows.graph import Job, Outcome, run_jobs
from tests.github.workflows.javascript import Actions
from tests.github.workflows.sources import GITHUB, read

SET_UP = "$/.github/actions/setup"
# What a job of GitHub does not see of this process: its own settings begin with other words.
_PASSED = ("HARNESS_CACHE_DIR", "LANG", "PATH", "SSL_CERT_FILE", "TMPDIR")


class Ran(NamedTuple):
    """One step that ran, with the name of its job; ``ok`` is False if it ended red."""

    job: str
    step: str
    ok: bool
    log: str


class Run(msgspec.Struct, kw_only=True):
    """One run of a workflow.

    Attributes:
        folder: of this run alone: its jobs' folders and artifacts.
        github: the context of that name: the event.
        repositories: git repositories by OWNER/NAME.
        shared: what outlives the run: caches and pages.
        variables: the repository's, which the context ``vars`` has.
        environment: further variables of every step, e.g. where GitHub's API is.
        steps: those that ran, in order.
        commands: what ended well of what ``run:`` states, each with where it is (``sources.Step``).
        summaries: what jobs wrote for the page of the run, by job.
    """

    folder: Path
    github: Mapping[str, Any]
    repositories: Mapping[str, Path]
    shared: Path
    variables: Mapping[str, str] = msgspec.field(default_factory=dict)
    environment: Mapping[str, str] = msgspec.field(default_factory=dict)
    steps: list[Ran] = msgspec.field(default_factory=list)
    commands: set[tuple[str, str]] = msgspec.field(default_factory=set)
    summaries: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def artifacts(self) -> Path:
        """Archives that the jobs uploaded."""
        return self.folder / "artifacts"

    @property
    def log(self) -> str:
        """What all steps said."""
        return "\n".join(f"{step.job}: {step.step}: {step.ok}\n{step.log}" for step in self.steps)

    def workflow(
        self, actions: Actions, path: Path, inputs: Mapping[str, Any] | None = None
    ) -> dict[str, Outcome]:
        """Run all jobs of a workflow; answers what became of them by id."""
        contexts = {"github": self.github, "vars": self.variables, "inputs": inputs or {}}
        return run_jobs(actions, read(path), contexts, lambda job: _Machine(actions, self, job).perform())


class _Machine:
    """One job."""

    def __init__(self, actions: Actions, run: Run, job: Job) -> None:
        self._actions, self._run, self._job = actions, run, job
        number = len(list(run.folder.glob("job-*"))) + 1
        self._folder = run.folder / f"job-{number}-{job.id}"
        self._workspace, self._files = self._folder / "workspace", self._folder / "files"
        for folder in (self._workspace, self._files, self._folder / "home", self._folder / "temp"):
            folder.mkdir(parents=True)
        self._event = self._folder / "event.json"
        self._event.write_text(json.dumps(run.github["event"]))
        self._exported: dict[str, str] = {}
        self._afterwards: list[tuple[str, Mapping[str, str]]] = []
        self._place = Place(
            workspace=self._workspace,
            home=self._folder / "home",
            repositories=run.repositories,
            repository=run.github["repository"],
            sha=run.github["sha"],
            artifacts=run.artifacts,
            caches=run.shared / "caches",
            pages=run.shared / "pages",
        )

    def perform(self) -> Outcome:
        """Run the steps, and what actions leave for the end."""
        contexts = {
            **self._job.contexts,
            "runner": {"os": "Linux", "arch": "X64", "environment": "self-hosted"},
        }
        result, outputs = self._steps(
            self._job.content["steps"], self._job.content, contexts, self._workspace
        )
        if result == "success":
            for action, given in reversed(self._afterwards):
                AFTERWARDS[action](self._place, given)
        summary = self._files / "summary"
        if summary.is_file():
            self._run.summaries[self._job.name] = summary.read_text()
        return Outcome(result, outputs)

    def _steps(
        self,
        steps: list[dict[str, Any]],
        owner: Mapping[str, Any],
        contexts: Mapping[str, Any],
        action: Path,
    ) -> tuple[str, dict[str, str]]:
        """Run steps of a job or of a composite action; answers the result, and the outputs of ``owner``."""
        status = "success"
        by_id: dict[str, dict[str, Any]] = {}
        for number, step in enumerate(steps, 1):
            seen = {**contexts, "steps": by_id, "env": self._exported}
            outputs: dict[str, str] = {}
            if not self._actions.holds(step.get("if", "success()"), seen, status):
                ended = "skipped"
            else:
                name = step.get("name") or step.get("uses") or step["run"]
                ended, outputs, log = self._step(step, seen, action)
                self._run.steps.append(Ran(self._job.name, name, ended == "success", log))
                if "run" in step and ended == "success":
                    where = f"{self._job.id}, " if owner is self._job.content else ""
                    self._run.commands.add((f"{where}step {number}", step["run"]))
            forgiven = step.get("continue-on-error") == "true"
            if ended == "failure" and not forgiven:
                status = "failure"
            by_id[step.get("id", f"__{number}")] = {
                "outcome": ended,
                "conclusion": "success" if forgiven and ended == "failure" else ended,
                "outputs": outputs,
            }
        declared = owner.get("outputs", {})
        values = {key: each["value"] if isinstance(each, dict) else each for key, each in declared.items()}
        told = self._actions.evaluate(values, {**contexts, "steps": by_id, "env": self._exported})
        return status, _texts(told)  # to GitHub every output is text

    def _step(
        self, step: Mapping[str, Any], seen: Mapping[str, Any], action: Path
    ) -> tuple[str, dict[str, str], str]:
        variables = _texts(self._actions.evaluate(step.get("env", {}), seen))
        if "run" in step:
            return self._command(self._actions.evaluate(step["run"], seen), variables, action)
        uses, given = step["uses"], _texts(self._actions.evaluate(step.get("with", {}), seen))
        if uses == SET_UP:
            return "success", {}, ""
        if uses.startswith("$/"):
            return self._composite(uses, given, seen)
        known = uses.partition("@")[0]
        try:
            outputs = ACTIONS[known](self._place, given)
        except ActionFailed as failed:
            return "failure", {}, str(failed)
        if known in AFTERWARDS:
            self._afterwards.append((known, given))
        return "success", outputs, ""

    def _composite(
        self, uses: str, given: Mapping[str, str], seen: Mapping[str, Any]
    ) -> tuple[str, dict[str, str], str]:
        folder = GITHUB.parent / uses.removeprefix("$/")
        content = read(folder / "action.yml").content
        defaults = {key: each.get("default", "") for key, each in content.get("inputs", {}).items()}
        result, outputs = self._steps(
            content["runs"]["steps"], content, {**seen, "inputs": {**defaults, **given}}, folder
        )
        return result, outputs, ""

    def _command(
        self, command: str, variables: Mapping[str, str], action: Path
    ) -> tuple[str, dict[str, str], str]:
        files = {name: self._files / name for name in ("output", "env", "path")}
        for file in files.values():
            file.write_text("")
        script = self._files / "script.sh"
        script.write_text(command)
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self._workspace,
            env={**self._variables(action, files), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self._exported.update(_pairs(files["env"]))
        return ("failure" if ended.returncode else "success"), _pairs(files["output"]), ended.stdout

    def _variables(self, action: Path, files: Mapping[str, Path]) -> dict[str, str]:
        github = self._run.github
        return {
            **{name: os.environ[name] for name in _PASSED if name in os.environ},
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_BASE_REF": github.get("base_ref", ""),
            "GITHUB_ENV": str(files["env"]),
            "GITHUB_EVENT_NAME": github["event_name"],
            "GITHUB_EVENT_PATH": str(self._event),
            "GITHUB_HEAD_REF": github.get("head_ref", ""),
            "GITHUB_JOB": self._job.id,
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_PATH": str(files["path"]),
            "GITHUB_REF": github["ref"],
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": github.get("run_id", "1"),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": github["sha"],
            "GITHUB_STEP_SUMMARY": str(self._files / "summary"),
            "GITHUB_WORKSPACE": str(self._workspace),
            "HOME": str(self._folder / "home"),
            "RUNNER_ARCH": "X64",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self._folder / "temp"),
            **self._run.environment,
            **self._exported,
        }


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def _pairs(file: Path) -> dict[str, str]:
    """NAME=VALUE a line, or NAME<<END, lines, END, as GitHub reads them."""
    found: dict[str, str] = {}
    lines = iter(file.read_text().splitlines())
    for line in lines:
        name, equals, value = line.partition("=")
        if equals and "<<" not in name:
            found[name] = value
            continue
        name, _, mark = line.partition("<<")
        assert mark, f"not NAME=VALUE: {line}"
        held = []
        for inner in lines:
            if inner == mark:
                break
            held.append(inner)
        else:
            raise AssertionError(f"{name}: no end {mark}")
        found[name] = "\n".join(held)
    return found
