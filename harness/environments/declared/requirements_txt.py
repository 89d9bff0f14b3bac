"""The lines of a requirements file of pip's; the ``pip:`` section of conda's files holds such lines, too."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import msgspec

from harness.environments.declared import pythons
from harness.environments.declared.declaration import Declaration, Notes, RefusedError, quoted
from harness.environments.declared.requirement import normalised

_MOST_LINES = 5_000
_COMMENT = re.compile(r"(^|\s)#.*$")
_OPTIONS = re.compile(r"(^|\s)-")
_PLACES = {"-i", "-f", "--index-url", "--pypi-url", "--extra-index-url", "--find-links", "--no-index"}
_IGNORED = {
    "--only-binary": "only wheels are installed anyway",
    "--prefer-binary": "only wheels are installed anyway",
    "--hash": "which files come is not compared",
    "--require-hashes": "which files come is not compared",
    "--trusted-host": "whom to trust is for the machine to say",
}
_REFUSED = {
    "-e": "is installed from source, which runs its code; name a release on a package index",
    "-r": "names another file, which is not declared; write its lines into this one",
    "-c": "names another file, which is not declared; write its constraints into this one",
}
_LONG = {"--editable": "-e", "--requirement": "-r", "--constraint": "-c"}
_WITHOUT_VALUE = {"--prefer-binary", "--require-hashes", "--no-index"}
# What they hold is on the default index, too, but for local labels, which are dropped.
_KNOWN_HOSTS = re.compile(r"(pypi|pypi\.python|download\.pytorch)\.org")


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """What lines ask for; ``pythons`` are those that fit a requirement called python, none without one."""

    pip: tuple[str, ...]
    pythons: tuple[str, ...]
    elsewhere: tuple[str, ...]


def read(text: str, notes: Notes) -> Declaration:
    """The declaration in a whole file; raises RefusedError as :func:`read_lines`."""
    found = read_lines(text.splitlines(), notes)
    return Declaration(pythons=found.pythons, pip=found.pip, elsewhere=found.elsewhere)


def read_lines(lines: Iterable[str], notes: Notes) -> Lines:
    """The requirements in lines.

    Raises:
        RefusedError: a line is none, or asks for what is not done here.
    """
    requirements: set[str] = set()
    elsewhere: set[str] = set()
    versions: tuple[str, ...] = ()
    for line in _joined(lines):
        where = _OPTIONS.search(line)
        text, options = (line[: where.start()], line[where.start() :]) if where else (line, "")
        elsewhere.update(_places(options, notes))
        if not text.strip():
            continue
        requirement = normalised(text.strip(), notes)
        if requirement.name == "python":
            notes.add(text.strip(), "taken for the version of Python, which is no package of an index")
            versions = pythons.fitting(requirement.versions, notes)
        else:
            requirements.add(requirement.text)
    return Lines(pip=tuple(sorted(requirements)), pythons=versions, elsewhere=tuple(sorted(elsewhere)))


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """The lines that say something: a backslash at the end continues a line, ``#`` begins a comment."""
    begun = ""
    for number, line in enumerate(lines):
        if number >= _MOST_LINES:
            raise RefusedError(f"has more than {_MOST_LINES:,} lines", malformed=False)
        whole = begun + line
        begun = ""
        if whole.endswith("\\") and not whole.lstrip().startswith("#"):
            begun = whole[:-1] + " "
        elif said := _COMMENT.sub("", whole).strip():
            yield said
    if said := _COMMENT.sub("", begun).strip():
        yield said


def _places(options: str, notes: Notes) -> Iterator[str]:
    """The places that options name and that are not asked; all other options are ignored or refused."""
    try:
        words = iter(shlex.split(options))
    except ValueError as error:
        raise RefusedError(f"{quoted(options)}: has a quote without its end", malformed=True) from error
    for word in words:
        name, value = _split(word)
        option = _LONG.get(name, name)
        if not value and name not in _WITHOUT_VALUE:
            value = next(words, "")
        shown = f"{name} {value}".strip()
        if option in _PLACES:
            place = _place(value)
            notes.add(
                f"{name} {place}".strip(), "not asked: packages come from where this machine looks for them"
            )
            if not _KNOWN_HOSTS.fullmatch(place):
                yield place or option
        elif option in _IGNORED:
            notes.add(name, _IGNORED[option])
        elif option in _REFUSED:
            raise RefusedError(f"{quoted(shown)}: {_REFUSED[option]}", malformed=False)
        else:
            raise RefusedError(
                f"{quoted(shown)}: this option cannot be followed; leave it out", malformed=False
            )


def _split(word: str) -> tuple[str, str]:
    """An option and the value that is written with it: ``--name=value``, ``-fvalue``."""
    if word.startswith("--"):
        name, _, value = word.partition("=")
        return name, value
    return word[:2], word[2:]


def _place(address: str) -> str:
    """An address as it is recorded: its host alone, since the rest may hold a password."""
    try:
        return urlsplit(address).hostname or quoted(address)
    except ValueError:
        return quoted(address)
