"""Bytecode of installed packages: compiled once for each file of a package cache, then linked.

Nothing that runs in an environment writes into it, so bytecode is made when it is built: without, every start
of a worker would compile all that it imports (torch: twice the time). To compile a large environment takes
half a minute. But its files are links into a cache of packages, and those that are in one environment are the
same files (by inode) as in the next.

What is kept is bytecode as Python makes it, with the time and size of its source: Python itself does not use
it should it ever not belong to the source beside it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness import proc
from harness.environments import compile_files, failure
from harness.environments.attempt import Attempt
from harness.environments.built import variables_for
from harness.limits import LOG_BYTES, Limits
from harness.paths import cache_folder

_TIMEOUT = 1800.0  # seconds


def make(prefix: Path, python: Path, attempt: Attempt) -> None:
    """Give every source in the site folders of an environment its bytecode.

    Args:
        python: an interpreter of the environment's version.

    Raises:
        EnvironmentBuildError: the disk is full, or the interpreter does not work.
        OSError: the same, found out here.
        Interrupted: the attempt was cancelled.
    """
    for site in sorted(prefix.glob("lib/python3.*/site-packages")):
        tag = f"cpython-{site.parent.name.removeprefix('python').replace('.', '')}"
        groups = [_Group(sources, tag) for sources in _sources(site, tag)]
        new = [group for group in groups if not group.link()]
        _compile([source for group in new for source in group.sources], python, attempt)
        for group in new:
            group.keep()


def forget_unused() -> None:
    """Remove what is kept and linked by no environment any more."""
    for folder in (cache_folder() / "bytecode").glob("*/*"):
        with os.scandir(folder) as entries:
            used = any(entry.stat().st_nlink > 1 for entry in entries)
        if not used:
            shutil.rmtree(folder, ignore_errors=True)


class _Group:
    """The sources of one package without bytecode, which are kept together or not at all."""

    def __init__(self, sources: list[os.DirEntry[str]], tag: str) -> None:
        self.sources = [source.path for source in sources]
        self._compiled = [_bytecode(path, tag) for path in self.sources]
        found = [source.stat() for source in sources]
        # A source that is no link is another file in every environment: nothing of it would be found again.
        self._linked = all(stat.st_nlink > 1 for stat in found)
        facts = [f"{stat.st_dev} {stat.st_ino} {stat.st_mtime_ns} {stat.st_size}" for stat in found]
        digest = hashlib.sha256("\n".join([tag, *facts]).encode()).hexdigest()
        self._kept = cache_folder() / "bytecode" / digest[:2] / digest

    def link(self) -> bool:
        """Take what is kept; whether there was anything."""
        if not self._linked or not self._kept.is_dir():
            return False
        for number, path in enumerate(self._compiled):
            _link(f"{self._kept}/{number}", path)
        return True

    def keep(self) -> None:
        """Keep what was compiled."""
        if not self._linked:
            return
        self._kept.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.mkdtemp(prefix=".new-", dir=self._kept.parent)
        for number, path in enumerate(self._compiled):
            _link(path, f"{scratch}/{number}")
        try:
            Path(scratch).replace(self._kept)
        except OSError:  # another process was faster
            shutil.rmtree(scratch, ignore_errors=True)


def _sources(site: Path, tag: str) -> Iterator[list[os.DirEntry[str]]]:
    """What has no bytecode yet, in the same order for the same packages: by folders, then loose files."""
    loose: list[os.DirEntry[str]] = []
    for entry in sorted(os.scandir(site), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            if sources := list(_below(entry.path, tag)):
                yield sources
        elif _lacks_bytecode(entry, tag):
            loose.append(entry)
    for source in loose:
        yield [source]


def _below(folder: str, tag: str) -> Iterator[os.DirEntry[str]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, tag)
        elif _lacks_bytecode(entry, tag):
            yield entry


def _lacks_bytecode(entry: os.DirEntry[str], tag: str) -> bool:
    return (
        entry.name.endswith(".py")
        and entry.is_file(follow_symlinks=False)
        and not os.path.exists(_bytecode(entry.path, tag))  # noqa: PTH110 - tens of thousands of files
    )


def _bytecode(source: str, tag: str) -> str:
    folder, name = os.path.split(source)
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc"


def _compile(sources: list[str], python: Path, attempt: Attempt) -> None:
    if not sources:
        return
    with tempfile.TemporaryDirectory(prefix="harness-bytecode-") as scratch:
        listed = Path(scratch) / "sources"
        listed.write_text("\n".join(sources), "utf-8")
        ended = proc.run(
            [str(python), "-I", "-S", str(Path(compile_files.__file__)), str(listed)],
            log=attempt.log,
            env=variables_for(python, {}, threads=1),
            cwd=Path(scratch),
            limits=Limits(seconds=_TIMEOUT, log_bytes=LOG_BYTES),
            cancel=attempt.cancel,
        )
    if not ended.ok:
        raise failure.from_process("compiling the packages", ended, attempt.log)


def _link(source: str, target: str) -> None:
    """A second name for a file, or a copy where the file system has no such thing; nothing for no file."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        if not os.path.exists(source):  # noqa: PTH110
            return  # it could not be compiled
        Path(target).parent.mkdir(exist_ok=True)
        _link(source, target)
    except FileExistsError:
        pass
    except OSError:
        shutil.copyfile(source, target)
