"""New releases of the packages of which environments have several versions."""

from __future__ import annotations

import re
import tempfile
import threading
from pathlib import Path

import httpx
import msgspec
from packaging.version import InvalidVersion, Version

from harness import jsonio, network
from harness.environments import lock, uv_command
from harness.environments.attempt import Attempt
from harness.environments.spec import EnvironmentSpec, read_text
from harness.errors import ConfigurationError

TIMEOUT_SECONDS = 30.0
_LIST = re.compile(r"(?m)^versions\s*=\s*\[\s*")
_PACKAGE, _SOLVED = "package.in", "package.lock"


def newest(spec: EnvironmentSpec, *, log: Path, cancel: threading.Event | None = None) -> str:
    """The newest release for the environment's Python, as its team lists it, or else the package index.

    Raises:
        ConfigurationError: the team's list cannot be read.
        EnvironmentBuildError: the index has no such package, or cannot be asked.
    """
    if spec.versions_url:
        return str(max(listed(spec.versions_url)))
    settings = uv_command.settings()
    with tempfile.TemporaryDirectory(prefix="harness-release-") as name:
        folder = Path(name)
        (folder / _PACKAGE).write_text(f"{spec.versioned}\n", "utf-8")
        arguments = ["pip", "compile", _PACKAGE, "--output-file", _SOLVED, "--quiet", "--no-deps"]
        arguments += ["--python-version", spec.python, "--python-platform", lock.PLATFORM]
        arguments += ["--only-binary", ":all:", "--no-header", *settings.arguments]
        attempt = Attempt(log=log.absolute(), cwd=folder, on_progress=lambda _: None, cancel=cancel)
        what = f"{spec.name}: looking for releases of {spec.versioned}"
        uv_command.run(arguments, attempt, what=what, variables=settings.variables)
        (version,) = lock.pins((folder / _SOLVED).read_text("utf-8")).values()
    return version.partition("+")[0]


def listed(url: str) -> list[Version]:
    """The final releases in a team's own list: a JSON list of versions, or one version a line.

    Raises:
        ConfigurationError: it cannot be fetched, or holds something else.
    """
    if network.offline():
        raise ConfigurationError(f"{url}: cannot be asked, since downloads are switched off")
    try:
        answer = httpx.get(url, timeout=TIMEOUT_SECONDS, follow_redirects=True).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConfigurationError(f"{url}: the list of versions cannot be fetched ({error})") from error
    try:
        stated = msgspec.json.decode(answer.content, type=list[str])
    except msgspec.DecodeError:
        stated = [line.strip() for line in answer.text.splitlines() if line.strip()]
    try:
        versions = [Version(version) for version in stated]
    except InvalidVersion as error:
        raise ConfigurationError(f"{url}: is no list of versions ({error})") from error
    final = [version for version in versions if not version.is_prerelease]
    if not final:
        raise ConfigurationError(f"{url}: lists no release")
    return final


def add(spec: EnvironmentSpec, version: str) -> None:
    """Write a version in front of the others into ``environment.toml``: it is what users get from now on.

    Raises:
        ConfigurationError: the file has no line ``versions = [...]``.
        OutputError: it cannot be written.
    """
    path = spec.folder / "environment.toml"
    text, count = _LIST.subn(f'versions = ["{version}", ', read_text(path), count=1)
    if not count:
        raise ConfigurationError(
            f"{path}: has no line that begins with 'versions = ['; add {version} by hand"
        )
    jsonio.write_bytes(path, text.encode())
