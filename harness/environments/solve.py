"""From what an author declares to exact versions, by uv's solver, when the environment is built."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from harness import jsonio
from harness.environments import interpreter, lock, torch_backend, uv_command
from harness.environments.attempt import Attempt
from harness.environments.declared.pythons import nearest
from harness.environments.declared.spec import DeclaredSpec
from harness.environments.failure import EnvironmentBuildError
from harness.verdict import Reason

# The solver's words where a package is only there as source, which is never built here.
_ONLY_SOURCE = ("no usable wheels", "building from source is disabled")
_ALONE = "declared.in"


def solved(spec: DeclaredSpec, attempt: Attempt) -> DeclaredSpec:
    """Write ``requirements.in`` and the lock into the spec's folder; answers with the Python that was chosen.

    Of the versions of Python that the declaration leaves open, the first one wins that has a solution and is
    to be had on this machine.

    Raises:
        EnvironmentBuildError: no version of Python has a solution; the declaration is only at fault
            (``declared_so``) if it has none by itself either.
        OSError: uv cannot be started.
        Interrupted: the attempt was cancelled.
    """
    attempt.on_progress(f"{spec.name}: solving what the author declares")
    everything = (*spec.declaration.pip, *spec.needs)
    jsonio.write_bytes(spec.requirements, _lines(everything))
    unsolved: list[EnvironmentBuildError] = []
    missing: list[EnvironmentBuildError] = []
    for python in nearest(spec.declaration.pythons, spec.python):
        candidate = msgspec.structs.replace(spec, python=python)
        try:
            _solve(candidate, spec.requirements.name, everything, attempt)
        except EnvironmentBuildError as error:
            if error.reason is not Reason.ENVIRONMENT_UNSATISFIABLE:
                raise
            unsolved.append(error)
            continue
        try:
            interpreter.find(python, attempt, variables=uv_command.settings().variables)
        except EnvironmentBuildError as error:
            missing.append(error)
        else:
            return candidate
    if missing:
        raise missing[0]
    raise _told(spec, unsolved[0], attempt)


def _told(spec: DeclaredSpec, unsolved: EnvironmentBuildError, attempt: Attempt) -> EnvironmentBuildError:
    """Whose fault it is that there is no solution: found out by solving the declaration by itself."""
    alone = spec.declaration.pip
    jsonio.write_bytes(spec.folder / _ALONE, _lines(alone))
    errors: list[EnvironmentBuildError] = []
    for python in nearest(spec.declaration.pythons, spec.python):
        try:
            _solve(msgspec.structs.replace(spec, python=python), _ALONE, alone, attempt)
        except EnvironmentBuildError as error:
            if error.reason is not Reason.ENVIRONMENT_UNSATISFIABLE:
                return error
            errors.append(error)
        else:
            message = (
                f"{spec.name}: what the author declares can be installed with Python {python}, but not "
                f"beside what the cell needs ({', '.join(spec.needs)})\n{unsolved.message}"
            )
            return EnvironmentBuildError(unsolved.reason, message, attempt.log)
    first = errors[0]
    if any(words in error.message for error in errors for words in _ONLY_SOURCE):
        message = f"{first.message}\nwhat is distributed as source is not built: that would run its code"
        return EnvironmentBuildError(first.reason, message, attempt.log)
    if spec.declaration.elsewhere:
        places = ", ".join(spec.declaration.elsewhere)
        message = f"{first.message}\nthe declaration names further places, which are not asked: {places}"
        return EnvironmentBuildError(first.reason, message, attempt.log)
    return EnvironmentBuildError(first.reason, first.message, attempt.log, declared_so=True)


def _solve(spec: DeclaredSpec, file: str, requirements: Sequence[str], attempt: Attempt) -> None:
    """Solve a file of the spec's folder for one version of Python into ``requirements.lock``."""
    settings = uv_command.settings()
    jsonio.write_bytes(spec.lock, spec.preferences.encode())
    arguments = ["pip", "compile", file, "--output-file", spec.lock.name, "--quiet", "--no-header"]
    # Any interpreter will do to ask for another version's solution, and uv looks for none by itself.
    arguments += ["--python", sys.executable, "--python-version", spec.python, "--only-binary", ":all:"]
    arguments += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"]
    arguments += ["--annotation-style", "line", *settings.arguments]
    arguments += torch_backend.arguments(spec, settings.variables, wanted=_torch(requirements))
    what = f"{spec.name}: solving for Python {spec.python}"
    uv_command.run(arguments, attempt, what=what, variables=settings.variables)
    found = lock.strip_labels(spec.lock.read_text("utf-8"))
    jsonio.write_bytes(spec.lock, found.encode())


def _torch(requirements: Sequence[str]) -> SpecifierSet:
    """The versions of torch that the requirements allow."""
    allowed = SpecifierSet()
    for requirement in map(Requirement, requirements):
        if requirement.name == "torch":
            allowed &= requirement.specifier
    return allowed


def _lines(requirements: Sequence[str]) -> bytes:
    return "".join(f"{requirement}\n" for requirement in requirements).encode()
