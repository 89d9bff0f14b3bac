"""Every command of a workflow is run by a test, or it is said here why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.github.double import Double
from tests.github.workflows.answering import comments, tell
from tests.github.workflows.hosted import MORE, Hosted, put_model
from tests.github.workflows.sources import all_sources

_HOSTED = "changes the machine: for those of GitHub alone"
_RELEASES = "run by test_tool_release.py"
_INSTALLS = "installs the harness from the internet, as the environment of these tests was"

# By how the command begins. One that is run, or is no more, must not be here.
NOT_RUN = {
    "python -I -m pip install --disable-pip-version-check --quiet --require-hashes": _INSTALLS,
    "python -I -m pip install --disable-pip-version-check --quiet --no-deps": _INSTALLS,
    "sudo apt-get update": _HOSTED,
    "sudo apt-get install": _HOSTED,
    "sudo sysctl": _HOSTED,
    "harness doctor --isolation sandbox": "in the action that installs; tests/cli/test_doctor.py",
    "harness env versions --add --lock": _RELEASES,
    "git diff --exit-code --stat -- environments": _RELEASES,
    "harness compare": _RELEASES,
    "python -m pip install nox": "begins the tests",
    "python -m nox --session unit": "is what runs the tests",
    'sudo env "PATH=$PATH" .ci/run': "is what runs the tests",
}


@pytest.mark.slow
def test_every_command_is_run(hosted: Hosted, double: Double) -> None:
    """A pull request with a model and one without, a comment, and a night."""
    for number, change in enumerate((adds_a_model, changes_a_text), 1):
        run, _ = hosted.run("pull-request.yml", hosted.propose(number, change))
        hosted.run("pull-request-report.yml", tell(double.state, run, hosted.path))
    double.state.permissions["maintainer"] = "write"
    hosted.run("command.yml", comments(double.state, 1, "maintainer", "/harness help"))
    hosted.run("nightly.yml", hosted.night())

    ran = set().union(*(run.commands for run in hosted.runs))
    stated = {
        (where, step["run"]): f"{source.name}: {where}: {step['run']}"
        for source in all_sources()
        for where, step in source.steps
        if "run" in step
    }
    assert ran <= set(stated)
    assert [text for command, text in stated.items() if command not in ran and not reasons(command)] == []
    assert [text for command, text in stated.items() if command in ran and reasons(command)] == []


def test_every_reason_is_about_one_that_is_there() -> None:
    there = [step["run"] for source in all_sources() for _, step in source.steps if "run" in step]
    assert [begin for begin in NOT_RUN if not any(command.startswith(begin) for command in there)] == []


def adds_a_model(checkout: Path) -> None:
    put_model(checkout / "collection", MORE)


def changes_a_text(checkout: Path) -> None:
    (checkout / "README.md").write_text("# The same zoo\n")


def reasons(command: tuple[str, str]) -> list[str]:
    """Why it is not run."""
    return [why for begin, why in NOT_RUN.items() if command[1].startswith(begin)]
