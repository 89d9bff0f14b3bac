"""Commands of the workflows that test_pipeline.py does not run, each with the reason."""

from __future__ import annotations

_HOSTED = "changes the machine: for those of GitHub alone"
_INSTALLS = "installs the harness from the internet, as the environment of these tests was"

# Whole workflows, and which tests run them.
ELSEWHERE = {"command.yml": "test_command_pipeline.py", "tool-release.yml": "test_tool_release.py"}

# By how the command begins. One that is run, or is no more, must not be here.
NOT_RUN = {
    "python -I -m pip install --disable-pip-version-check --quiet --require-hashes": _INSTALLS,
    "python -I -m pip install --disable-pip-version-check --quiet --no-deps": _INSTALLS,
    "sudo apt-get update": _HOSTED,
    "sudo apt-get install": _HOSTED,
    "sudo sysctl": _HOSTED,
    "harness doctor --isolation sandbox": "in the action that installs; tests/cli/test_doctor.py",
    "python -m pip install nox": "begins the tests",
    "python -m nox --session unit": "is what runs the tests",
    'sudo env "PATH=$PATH" .ci/run': "is what runs the tests",
}


def has_reason(command: str) -> bool:
    """Whether it is told why the command is not run."""
    return command.startswith(tuple(NOT_RUN))
