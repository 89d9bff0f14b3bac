"""What an environment as described came to, read from what its build has left."""

from __future__ import annotations

from harness.environments.built import BuiltEnvironment
from harness.environments.conda import locks, platforms
from harness.environments.declared.solution import Solution
from harness.environments.spec import read_text


def of(built: BuiltEnvironment) -> Solution:
    """Its exact versions; raises ConfigurationError if they cannot be read any more."""
    conda = built.prefix / locks.INSTALLED
    made_by_conda = conda.exists()
    return Solution(
        python=".".join(built.python_version.split(".")[:2]),
        lock=read_text(built.prefix.parent / "requirements.lock"),
        conda=read_text(conda) if made_by_conda else "",
        platform=platforms.current() if made_by_conda else "",
    )
