"""Where the Python of an environment comes from: found on this machine, or else installed by uv.

uv knows the places itself (the PATH, the launcher and registry of Windows, what it has installed) but for
those of other version managers, which are added to its PATH here.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from uv import find_uv_bin

from harness import network, proc
from harness.environments.attempt import Attempt
from harness.environments.failure import EnvironmentBuildError
from harness.limits import LOG_BYTES, Limits
from harness.verdict import Reason

_FIND_LIMITS = Limits(seconds=60, log_bytes=LOG_BYTES)
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")
_INSTALL_LIMITS = Limits(seconds=900, log_bytes=LOG_BYTES)
# Where version managers keep the real programs; what they put on the PATH are shims, which are scripts that
# fail or answer with another version depending on the folder that they are called in.
_MANAGED = (  # variable that moves it, where it is otherwise (below the home folder), and the rest
    ("PYENV_ROOT", ".pyenv", "versions"),
    ("ASDF_DATA_DIR", ".asdf", "installs/python"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/python"),
)


def find(python: str, attempt: Attempt, *, variables: Mapping[str, str], preferred: str = "") -> Path:
    """Full path of an interpreter of version ``python`` ("3.11").

    System-wide ones come first: a sandboxed user cannot read those below a private home folder. If there is
    none, uv installs one, unless the user has set UV_PYTHON_DOWNLOADS=never or wants nothing downloaded.

    Args:
        variables: what uv gets.
        preferred: the full version to take if it is on this machine ("3.11.9"), and not in a private folder.

    Raises:
        EnvironmentBuildError: there is none and none can be had; says how to get one.
        Interrupted: the attempt was cancelled.
    """
    path = os.pathsep.join(search_path(python, os.environ))
    search = {"UV_PYTHON_PREFERENCE": "system", **variables, "PATH": path}
    if preferred.startswith(f"{python}."):
        found = _ask_uv(preferred, log=attempt.log, variables=search)
        if found and _is_open(found):
            return found
    if found := _ask_uv(python, log=attempt.log, variables=search):
        return found
    missing = f"there is no Python {python} on this machine"
    advice = _advice(python)
    downloads = os.environ.get("UV_PYTHON_DOWNLOADS") or "automatic"
    if downloads == "never" or network.is_on(variables.get("UV_OFFLINE", "")):
        message = f"{missing} and downloads are switched off: {advice}"
        raise EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, message, attempt.log)
    attempt.on_progress(f"downloading Python {python}")
    ended = proc.run(
        [find_uv_bin(), "python", "install", "--no-bin", f"cpython@{python}"],
        log=attempt.log,
        env={**search, "UV_PYTHON_DOWNLOADS": downloads},
        cwd=attempt.cwd,
        limits=_INSTALL_LIMITS,
        cancel=attempt.cancel,
    )
    if ended.ok and (found := _ask_uv(python, log=attempt.log, variables=search)):
        return found
    message = f"{missing} and it could not be downloaded: {advice}\n{proc.tail(attempt.log)}"
    raise EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, message, attempt.log)


def search_path(python: str, environ: Mapping[str, str]) -> list[str]:
    """Folders to look in: the PATH without shims, then the running interpreter's, then version managers'."""
    folders = [folder for folder in environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    real = [folder for folder in folders if Path(folder).name != "shims"]
    real.append(str(Path(sys.base_prefix) / "bin"))
    home = Path(environ.get("HOME") or Path.home())
    for variable, usual, versions in _MANAGED:
        folder = Path(environ.get(variable) or home / usual) / versions
        found = [path for path in folder.glob(f"{python}*") if _VERSION.fullmatch(path.name)]
        real += [str(path / "bin") for path in sorted(found, key=_newest_first)]
    return list(dict.fromkeys(real))


def _newest_first(folder: Path) -> tuple[int, ...]:
    return tuple(-int(number) for number in folder.name.split("."))


def _is_open(python: Path) -> bool:
    """Whether every user may reach the program."""
    return all(folder.stat().st_mode & 0o001 for folder in python.resolve().parents)


def _advice(python: str) -> str:
    """How to get one, as is usual on this system."""
    ways = [f"'uv python install {python}'", f"'pyenv install {python}'"]
    ways += [f"'apt install python{python}'"] if shutil.which("apt") else []
    ways += [f"'brew install python@{python}'"] if shutil.which("brew") else []
    ways += [f"'winget install Python.Python.{python}'"] if sys.platform == "win32" else []
    return f"install one, for example with {' or '.join([', '.join(ways[:-1]), ways[-1]])}"


def _ask_uv(python: str, *, log: Path, variables: Mapping[str, str]) -> Path | None:
    """The path that uv answers; warnings are on other lines of the same output."""
    with tempfile.TemporaryDirectory(prefix="harness-python-") as scratch:
        answer = Path(scratch) / "answer"
        argv = [find_uv_bin(), "python", "find", "--system", "--no-project", f"cpython@{python}"]
        ended = proc.run(argv, log=answer, env=variables, cwd=Path(scratch), limits=_FIND_LIMITS)
        text = answer.read_text("utf-8", errors="replace")
    with log.open("a", encoding="utf-8") as stream:
        stream.write(text)
    lines = [Path(line.strip()) for line in text.splitlines() if Path(line.strip()).is_absolute()]
    return next((line for line in reversed(lines) if ended.ok and os.access(line, os.X_OK)), None)
