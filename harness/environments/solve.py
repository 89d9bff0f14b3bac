"""From what an author declares to exact versions, by uv's solver, when the environment is built."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

import msgspec
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from harness import jsonio
from harness.environments import interpreter, lock, torch_backend, uv_command
from harness.environments.attempt import Attempt
from harness.environments.declared.pythons import nearest
from harness.environments.declared.solution import Solution
from harness.environments.declared.spec import DeclaredSpec
from harness.environments.failure import EnvironmentBuildError
from harness.verdict import Reason

_NOTHING: Mapping[str, str] = MappingProxyType({})
# The solver's words where a package is only there as source, which is never built here.
_ONLY_SOURCE = ("no usable wheels", "building from source is disabled")


def solved(spec: DeclaredSpec, attempt: Attempt) -> DeclaredSpec:
    """Write ``requirements.in`` and the lock into the spec's folder; answers with the Python that was chosen.

    Of the versions of Python that the declaration leaves open, the first one wins that has a solution and is
    to be had on this machine.

    Raises:
        EnvironmentBuildError: no version of Python has a solution, and the declaration is at fault
            (``declared_so``) if it has none by itself either; or none of those that have one is here.
        OSError: uv cannot be started.
        Interrupted: the attempt was cancelled.
    """
    if spec.solution is not None:
        return take(spec, spec.solution)
    attempt.on_progress(f"{spec.name}: solving what the author declares")
    wanted = (*spec.declaration.pip, *spec.needs)
    missing: list[EnvironmentBuildError] = []
    unsolved: list[EnvironmentBuildError] = []
    for candidate in candidates(spec):
        error = solve(candidate, wanted, attempt)
        if error is not None:
            unsolved.append(error)
            continue
        try:
            interpreter.find(candidate.python, attempt, variables=uv_command.settings().variables)
        except EnvironmentBuildError as not_found:
            missing.append(not_found)
        else:
            return candidate
    raise missing[0] if missing else _blamed(spec, unsolved[0], attempt)


def take(spec: DeclaredSpec, solution: Solution) -> DeclaredSpec:
    """Write a solution's lock in place of one that is solved now; answers with its Python.

    Raises:
        ConfigurationError: the lock names a place, or leaves a version open.
        OutputError: it cannot be written.
    """
    jsonio.write_bytes(spec.lock, solution.lock.encode())
    lock.refuse_places(spec)
    return msgspec.structs.replace(spec, python=solution.python)


def _blamed(spec: DeclaredSpec, unsolved: EnvironmentBuildError, attempt: Attempt) -> EnvironmentBuildError:
    """Whose fault it is that there is no solution: found out by solving the declaration by itself."""
    alone: list[EnvironmentBuildError] = []
    for candidate in candidates(spec):
        error = solve(candidate, spec.declaration.pip, attempt)
        if error is None:
            what = f"what the author declares can be installed with Python {candidate.python}, but not beside"
            return told(f"{spec.name}: {what} what the cell needs ({', '.join(spec.needs)})", unsolved)
        alone.append(error)
    return of_declaration(spec, alone)


def of_declaration(spec: DeclaredSpec, errors: Sequence[EnvironmentBuildError]) -> EnvironmentBuildError:
    """What a declaration that has no solution by itself comes to.

    Args:
        errors: the solver's, one for each version of Python that may be taken.
    """
    first = errors[0]
    if len(errors) > 1:
        first = told(f"{spec.name}: there is no solution with any Python that may be taken", first)
    if any(words in error.message for error in errors for words in _ONLY_SOURCE):
        return told("what is distributed as source alone is not built, since that runs its code", first)
    if spec.declaration.elsewhere:
        places = ", ".join(spec.declaration.elsewhere)
        return told(f"further places that the declaration names are not asked: {places}", first)
    return EnvironmentBuildError(first.reason, first.message, first.log, declared_so=spec.by_author)


def told(what: str, error: EnvironmentBuildError) -> EnvironmentBuildError:
    """The same error, nobody's fault so far, with a line before the solver's words."""
    return EnvironmentBuildError(error.reason, f"{what}\n{error.message}", error.log)


def candidates(spec: DeclaredSpec) -> list[DeclaredSpec]:
    """The spec with each Python that may be taken, in the order in which they are tried."""
    pythons = nearest(spec.declaration.pythons, spec.python)
    return [msgspec.structs.replace(spec, python=python) for python in pythons]


def solve(
    spec: DeclaredSpec,
    requirements: Sequence[str],
    attempt: Attempt,
    *,
    provided: Mapping[str, str] = _NOTHING,
) -> EnvironmentBuildError | None:
    """Solve for the spec's Python into its lock; answers with the solver's error if there is no solution.

    Args:
        provided: what is installed already, name to version; nothing else of these packages will do.

    Raises:
        EnvironmentBuildError: the solver could not say.
        OSError: uv cannot be started.
        Interrupted: the attempt was cancelled.
    """
    settings = uv_command.settings()
    constraints = spec.folder / "provided.txt"
    jsonio.write_bytes(constraints, _lines(_pins(provided)))
    jsonio.write_bytes(spec.requirements, _lines(requirements))
    jsonio.write_bytes(spec.lock, spec.preferences.encode())
    arguments = ["pip", "compile", spec.requirements.name, "--output-file", spec.lock.name, "--quiet"]
    # Any interpreter will do to ask for another version's solution.
    arguments += ["--python", sys.executable, "--python-version", spec.python, "--only-binary", ":all:"]
    arguments += ["--constraints", constraints.name, "--annotation-style", "line"]
    arguments += ["--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
    arguments += settings.arguments
    arguments += torch_backend.arguments(spec, settings.variables, wanted=_torch(requirements))
    what = f"{spec.name}: solving {', '.join(requirements)} for Python {spec.python}"
    with attempt.log.open("a", encoding="utf-8") as log:
        log.write(f"{what}\n")
    try:
        uv_command.run(arguments, attempt, what=what, variables=settings.variables)
    except EnvironmentBuildError as error:
        if error.reason is Reason.ENVIRONMENT_UNSATISFIABLE:
            return error
        raise
    jsonio.write_bytes(spec.lock, lock.strip_labels(spec.lock.read_text("utf-8")).encode())
    return None


def _pins(provided: Mapping[str, str]) -> Iterator[str]:
    """What is installed as pip would say it; conda has packages with versions that pip knows nothing of."""
    for name, version in provided.items():
        with suppress(InvalidVersion):
            yield f"{name}=={Version(version).public}"


def _torch(requirements: Sequence[str]) -> SpecifierSet:
    """The versions of torch that the requirements allow."""
    allowed = SpecifierSet()
    for requirement in map(Requirement, requirements):
        if requirement.name == "torch":
            allowed &= requirement.specifier
    return allowed


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
