"""What an author declares of conda's packages, and the wheels beside them.

An unknown author chooses the channels: nothing of the packages is started here, the Python among them
included, and they are kept apart from those of other environments. So uv installs the wheels from outside,
for the version of Python that conda has installed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from harness.environments import distributions, lock, solve, torch_backend, uv_command
from harness.environments.attempt import Attempt
from harness.environments.conda import channels, explicit, locks, platforms, rattler_process
from harness.environments.conda.explicit import LockedPackage
from harness.environments.conda.request import Request
from harness.environments.declared.needs import still_needed
from harness.environments.declared.spec import DeclaredSpec
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import read_text
from harness.errors import ConfigurationError
from harness.verdict import Reason

_CACHE = "conda-declared"
_OPERATORS = "<>=!~"


def build(spec: DeclaredSpec, prefix: Path, attempt: Attempt) -> None:
    """Make the environment; see :class:`harness.environments.backend.BackendModule`.

    Raises:
        EnvironmentBuildError: with the reason; ``declared_so`` if what is declared has no solution by itself.
    """
    packages = _install(spec, prefix, attempt)
    locks.write(prefix / locks.INSTALLED, packages, spec=spec, platform=platforms.current())
    version = next(package.version for package in packages if package.name == "python")
    python = ".".join(version.split(".")[:2])
    candidate = msgspec.structs.replace(spec, python=python)
    _add_wheels(candidate, prefix, attempt)


def _install(spec: DeclaredSpec, prefix: Path, attempt: Attempt) -> tuple[LockedPackage, ...]:
    """The conda packages: those of the first build, or else with the first Python that has a solution."""
    platform = platforms.current()
    locked, origin = _locked(spec, platform)
    asked = Request(
        environment=spec.name,
        channels=channels.locate(spec.declaration.channels, os.environ, origin=spec.name),
        specs=(),
        locked=explicit.parse(locked, origin=origin) if locked else (),
        platform=platform,
        cache=_CACHE,
    )
    if asked.locked:
        return rattler_process.install(asked, prefix, attempt)
    unsolved: list[EnvironmentBuildError] = []
    for candidate in solve.candidates(spec):
        attempt.on_progress(f"{spec.name}: solving conda packages for Python {candidate.python}")
        wanted = (f"python={candidate.python}", *map(_spaced, spec.declaration.conda))
        specs = tuple(channels.with_address(text, asked.channels) for text in wanted)
        try:
            return rattler_process.install(msgspec.structs.replace(asked, specs=specs), prefix, attempt)
        except EnvironmentBuildError as error:
            if error.reason is not Reason.ENVIRONMENT_UNSATISFIABLE:
                raise
            unsolved.append(error)
    raise solve.of_declaration(spec, unsolved)


def _locked(spec: DeclaredSpec, platform: str) -> tuple[str, str]:
    """The lock that is to be installed, empty if there is none, and where it is from.

    Raises:
        ConfigurationError: it is one for another platform, or cannot be read.
    """
    if spec.solution is not None:
        if spec.solution.platform != platform:
            raise ConfigurationError(
                f"{spec.name}: what conda installed was for {spec.solution.platform}, this is {platform}"
            )
        return spec.solution.conda, "the stored solution"
    kept = locks.kept(spec, platform)
    return (read_text(kept) if kept.exists() else ""), str(kept)


def _add_wheels(spec: DeclaredSpec, prefix: Path, attempt: Attempt) -> None:
    """What is declared for pip, and what the cell needs, beside what conda has installed."""
    provided = distributions.versions(prefix)
    if spec.solution is not None:
        solve.take(spec, spec.solution)
    else:
        needs = still_needed(spec.needs, provided)
        error = solve.solve(spec, (*spec.declaration.pip, *needs), attempt, provided=provided)
        if error is not None:
            raise _blamed(spec, error, attempt)
    pins = lock.pins(read_text(spec.lock))
    wheels = spec.folder / "wheels.lock"
    wheels.write_text(lock.without(read_text(spec.lock), provided), "utf-8")
    attempt.on_progress(f"{spec.name}: installing {len(lock.pins(wheels.read_text('utf-8')))} packages")
    settings = uv_command.settings()
    site = prefix / "lib" / f"python{spec.python}" / "site-packages"
    arguments = ["pip", "install", "--target", str(site), "--python", sys.executable]
    arguments += ["--python-version", spec.python, "--only-binary", ":all:", "--no-deps", *settings.arguments]
    arguments += torch_backend.arguments(spec, settings.variables, wanted=torch_backend.pinned(pins))
    arguments += ["--requirement", str(wheels.absolute())]
    what = f"{spec.name}: installing packages"
    uv_command.run(arguments, attempt, what=what, variables=settings.variables)


def _blamed(spec: DeclaredSpec, unsolved: EnvironmentBuildError, attempt: Attempt) -> EnvironmentBuildError:
    """Whose fault it is that the wheels have no solution: found out by solving those that are declared."""
    alone = solve.solve(spec, spec.declaration.pip, attempt)
    if alone is None:
        what = "the wheels that the author declares, and those that the cell needs"
        return solve.told(f"{spec.name}: {what}, do not all go with what conda has installed", unsolved)
    return solve.of_declaration(spec, [alone]) if len(spec.declaration.pythons) == 1 else alone


def _spaced(normal: str) -> str:
    """``numpy<2,>=1.22`` as conda reads it: with a space before the versions."""
    first = next((i for i, character in enumerate(normal) if character in _OPERATORS), len(normal))
    return f"{normal[:first]} {normal[first:]}".strip()
