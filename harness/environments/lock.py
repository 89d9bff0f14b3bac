"""The lock of an environment: made by uv's solver, kept free of addresses, proved by reading it.

A lock is a requirements file with every package pinned, with the sha256 of its files. It must serve
everybody, so it names no index and no folder of the machine that made it, and no local version label
(``2.13.0+cpu``: only one index has that). **A package whose label was dropped has no hash**: the same
version is distributed as different files, one for each build, and it is the index of the chosen build
(torch_backend.py) that decides which one comes. So has none of torch's family, wherever it was solved.

An optional ``overrides.txt`` beside ``requirements.in`` replaces what packages ask for of each other, where
a tool works with more than it says.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness import jsonio
from harness.cell import Device
from harness.environments import npm, npm_lock, torch_backend, uv_command
from harness.environments.attempt import Attempt
from harness.environments.conda import environment_yml
from harness.environments.spec import EnvironmentSpec, read_text, without_comments
from harness.errors import ConfigurationError

PLATFORM = "x86_64-unknown-linux-gnu"
_LABEL = re.compile(r"^(?P<pin>[A-Za-z0-9._-]+==[^\s+;\\]+)\+[A-Za-z0-9.]+")
_ADDRESS = re.compile(r"[a-z+]+://|(^|\s)(-i|-f|-e|--(extra-)?index-url|--find-links|--editable)\b|@ ")
_CUDA = re.compile(r"^(nvidia-|cuda-|triton==)")
_OPTIONS = {"constraints.txt": "--constraints", "overrides.txt": "--overrides"}


def refresh(
    spec: EnvironmentSpec,
    *,
    log: Path,
    upgrade: bool = False,
    constraints: Path | None = None,
    cancel: threading.Event | None = None,
) -> str:
    """Solve ``requirements.in`` and write ``requirements.lock``; answers its text.

    The pins of an ``environment.yml`` are written anew, too.

    Args:
        log: the solver's output is appended to it.
        upgrade: take the newest versions; otherwise present pins are kept where they still fit.
        constraints: further version limits, in a requirements file.

    Raises:
        EnvironmentBuildError: there is no solution, or packages could not be looked up.
        ConfigurationError: the solution is no lock for everybody (see :func:`problems`).
    """
    files = {"requirements.in": spec.requirements_text()}
    before = _lock_before(spec)
    if before is not None and not upgrade:
        files["requirements.lock"] = preferences(read_text(before))
    if constraints is not None:
        files["constraints.txt"] = without_comments(read_text(constraints)) + "\n"
    if spec.overrides.exists():
        files["overrides.txt"] = without_comments(read_text(spec.overrides)) + "\n"
    with tempfile.TemporaryDirectory(prefix="harness-lock-") as name:
        scratch = Path(name)
        for file, text in files.items():
            (scratch / file).write_text(text, "utf-8")
        attempt = Attempt(log=log.absolute(), cwd=scratch, on_progress=lambda _: None, cancel=cancel)
        _solve(spec, attempt, limits=[file for file in _OPTIONS if file in files])
        solved = (scratch / "requirements.lock").read_text("utf-8")
        node = pins(solved).get(npm.NODE, "")
        npm.refresh(spec.folder, node, attempt, name=spec.name, upgrade=upgrade)
    lock = _header(spec) + strip_labels(solved, without_hash=torch_backend.family(spec))
    _refuse(spec, problems(spec, lock=lock))
    yml = spec.environment_yml
    text = environment_yml.text_for(spec)
    pinned = environment_yml.with_pins(text, pins(lock), origin=str(yml)) if text else ""
    jsonio.write_bytes(spec.lock, lock.encode())
    if pinned:
        jsonio.write_bytes(yml, pinned.encode())
    return lock


def _lock_before(spec: EnvironmentSpec) -> Path | None:
    """The present lock, or that of another version: two versions differ in no more than they have to."""
    others = sorted(spec.folder.glob("requirements-*.lock")) if spec.version else []
    return spec.lock if spec.lock.exists() else next(reversed(others), None)


def _solve(spec: EnvironmentSpec, attempt: Attempt, *, limits: Iterable[str]) -> None:
    """Turn the files in the attempt's folder, some of them ``limits``, into ``requirements.lock`` there."""
    settings = uv_command.settings()
    variables = _without_local_indexes(settings.variables)
    if Device.CUDA in spec.devices:
        variables = torch_backend.without_cpu_builds(variables)
    arguments = ["pip", "compile", "requirements.in", "--output-file", "requirements.lock", "--quiet"]
    arguments += ["--python-version", spec.python, "--python-platform", PLATFORM, "--only-binary", ":all:"]
    arguments += ["--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
    arguments += ["--annotation-style", "line", *settings.arguments]
    arguments += torch_backend.arguments(spec, variables)
    for file in limits:
        arguments += [_OPTIONS[file], file]
    uv_command.run(arguments, attempt, what=f"{spec.name}: solving requirements.in", variables=variables)


def check(spec: EnvironmentSpec) -> None:
    """Prove by reading that the lock satisfies ``requirements.in`` and would serve everybody.

    Raises:
        ConfigurationError: names the lock and everything that is wrong with it.
    """
    _refuse(spec, problems(spec, lock=read_text(spec.lock)))


def problems(spec: EnvironmentSpec, *, lock: str) -> list[str]:
    """What is wrong with the text of a lock, one phrase each; empty if it is good."""
    pinned = pins(lock)
    found: list[str] = []
    for text in without_comments(lock).splitlines():
        line = text.rstrip(" \\")
        if words := _out_of_place(line):
            found.append(words)
        elif _LABEL.match(line):
            found.append(f"a local version label: {line.strip()!r}")
        elif spec.torch_backend == torch_backend.CPU_ONLY and _CUDA.match(line):
            found.append(f"a CUDA package in a CPU environment: {line.strip()!r}")
    for line in without_comments(spec.requirements_text()).splitlines():
        try:
            wanted = Requirement(line)
        except InvalidRequirement as error:
            found.append(f"requirements.in: {line!r} is no requirement ({str(error).splitlines()[0]})")
            continue
        version = pinned.get(canonicalize_name(wanted.name))
        if version is None:
            found.append(f"{wanted.name} is missing")
        elif not wanted.specifier.contains(version, prereleases=True):
            found.append(f"{wanted.name} is {version}, requirements.in asks for {wanted.specifier}")
    return found + npm_lock.problems(spec.folder)


def refuse_places(spec: EnvironmentSpec) -> None:
    """Refuse a lock by which packages would come from a place that it names itself, or in any version.

    Raises:
        ConfigurationError: names the lock and every such line.
    """
    lines = without_comments(read_text(spec.lock)).splitlines()
    _refuse(spec, [words for line in lines if (words := _out_of_place(line.rstrip(" \\")))])


def _out_of_place(line: str) -> str:
    """What is wrong with a line, if it does not pin a package or state a hash."""
    option = line.lstrip().startswith("-") and not line.lstrip().startswith("--hash=")
    if option or _ADDRESS.search(line):
        return f"an address or a place: {line.strip()!r}"
    if not line.startswith((" ", "\t")) and "==" not in line and not _LABEL.match(line):
        return f"not pinned: {line.strip()!r}"
    return ""


def pins(lock: str) -> dict[str, str]:
    """Normalised package name to version."""
    lines = (line.split(";")[0].strip(" \\") for line in without_comments(lock).splitlines())
    pairs = (line.partition("==") for line in lines if "==" in line and not line.startswith("-"))
    return {
        canonicalize_name(name.strip()): version.split()[0] for name, _, version in pairs if version.strip()
    }


def strip_labels(lock: str, *, without_hash: frozenset[str] = frozenset()) -> str:
    """Drop local version labels, and the hashes of the packages that had one (see the module's docstring).

    Args:
        without_hash: names of further packages whose hashes are dropped.
    """
    kept: list[str] = []
    labelled = False
    for line in lock.splitlines():
        if line.lstrip().startswith("--hash="):
            if not labelled:
                kept.append(line)
            continue
        match = _LABEL.match(line)
        if not line.startswith((" ", "\t")):
            labelled = match is not None or line.partition("==")[0] in without_hash
        kept.append(match["pin"] if match else line.rstrip(" \\") if labelled else line)
    return "\n".join(kept) + "\n"


def preferences(lock: str) -> str:
    """The lock as versions to be preferred: without the packages that have no hash.

    Their label was dropped, so that the bare version would be looked for where the large builds are.
    """
    blocks = re.split(r"\n(?=\S)", without_comments(lock))
    return "\n".join(block for block in blocks if "--hash=" in block) + "\n"


def without(lock: str, names: Iterable[str]) -> str:
    """The lock without these packages, by whatever spelling of their names."""
    left_out = {canonicalize_name(name) for name in names}
    blocks = re.split(r"\n(?=\S)", without_comments(lock))
    return "\n".join(block for block in blocks if not pins(block).keys() & left_out) + "\n"


def _without_local_indexes(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables without extra indexes in folders of this machine, whose versions nobody else has."""
    indexes = [index for index in variables.get("UV_INDEX", "").split() if "file://" not in index]
    others = {name: value for name, value in variables.items() if name != "UV_INDEX"}
    return {**others, "UV_INDEX": " ".join(indexes)} if indexes else others


def _header(spec: EnvironmentSpec) -> str:
    return (
        f"# Made from requirements.in by 'harness env lock {spec.name}' for Python {spec.python}"
        f" on {PLATFORM}; do not edit.\n"
    )


def _refuse(spec: EnvironmentSpec, found: list[str]) -> None:
    if found:
        raise ConfigurationError(
            f"{spec.lock}: {'; '.join(found)}; correct requirements.in and run 'harness env lock {spec.name}'"
        )
