"""The normal form of what an author declares, what was changed on the way, and what is refused."""

from __future__ import annotations

import re

import msgspec

LABEL_DROPPED = "without the label, which names a build that few indexes have"
_LONGEST = 100
_MOST_NAMED = 4
_CREDENTIALS = re.compile(r"//[^/@\s]*@")


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """Declarations that ask for the same are equal.

    Attributes:
        pythons: versions of Python that fit, from old to new, such as ("3.9", "3.10"); none if nothing is
            said about it.
        channels: of conda, the first one is asked first; none where no conda package is declared.
        conda: match specifications of conda packages, without python and pip, sorted.
        pip: requirements, sorted.
        elsewhere: places that packages may come from and that are not asked.
    """

    pythons: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    conda: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration, and what of the author's own words was changed, one phrase each."""

    declaration: Declaration
    notes: tuple[str, ...] = ()


class RefusedError(Exception):
    """A declaration that no environment is made of.

    Attributes:
        message: what is in the way and what to change.
        malformed: whether no program could follow it, so that it is at fault.
    """

    def __init__(self, message: str, *, malformed: bool) -> None:
        super().__init__(message)
        self.message = message
        self.malformed = malformed


class Notes:
    """Collects what was changed; things that were changed alike share a phrase."""

    def __init__(self) -> None:
        self._subjects: dict[str, dict[str, None]] = {}

    def add(self, what: str, why: str) -> None:
        """Note that ``what`` was changed."""
        self._subjects.setdefault(why, {})[quoted(what)] = None

    def words(self) -> tuple[str, ...]:
        """One phrase for each kind of change, of bounded length."""
        return tuple(f"{_named(list(subjects))} ({why})" for why, subjects in self._subjects.items())


def quoted(text: str) -> str:
    """An author's words as messages show them: on one line, bounded, and without passwords in addresses."""
    line = " ".join(_CREDENTIALS.sub("//", text).split())
    printable = "".join(character if character.isprintable() else "?" for character in line)
    return printable if len(printable) <= _LONGEST else printable[: _LONGEST - 1] + "…"


def _named(subjects: list[str]) -> str:
    if len(subjects) <= _MOST_NAMED + 1:
        return ", ".join(subjects)
    return f"{', '.join(subjects[:_MOST_NAMED])} and {len(subjects) - _MOST_NAMED} more"
