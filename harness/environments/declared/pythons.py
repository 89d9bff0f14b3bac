"""Which versions of Python a declaration leaves open."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from harness.environments.declared.declaration import Notes, RefusedError, quoted

# The oldest is the worker's; newer ones are added when they are out.
KNOWN = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
_LONGEST = 64
_PATCHES = range(60)
_FUZZY = re.compile(r"=?\s*(?P<version>\d+(\.\d+)*)(\.\*|\*)?")
_EXACT = re.compile(r"={2,3}\s*(?P<minor>\d+\.\d+)(\.(\d+|\*))?")
_BUILD = re.compile(r"(?P<constraint>={0,2}\s*[\d.*]+)(=|\s+)[\w*]+")


def fitting(constraint: str, notes: Notes) -> tuple[str, ...]:
    """The known versions that fit what stands after the name ``python``; none if nothing stands there.

    A patch release counts as its minor version: which one is there, nobody can choose.

    Args:
        constraint: such as "=3.10", ">=3.9,<3.12", "3.10.4" or "=3.8=h12debd9_1".

    Raises:
        RefusedError: it is no constraint, or leaves no version that cells can run on.
    """
    text = constraint.strip()
    if not text:
        return ()
    if build := _BUILD.fullmatch(text):
        notes.add(f"python{text}", "without the build, which is of one platform")
        text = build["constraint"].strip()
    alternatives = [_specifiers(part, constraint) for part in text.split("|")]
    fits = tuple(version for version in KNOWN if any(_leaves(version, part) for part in alternatives))
    if not fits:
        raise RefusedError(
            f"python{quoted(constraint)}: cells run on Python {KNOWN[0]} to {KNOWN[-1]}; declare one of them",
            malformed=False,
        )
    exact = _EXACT.fullmatch(text) or _FUZZY.fullmatch(text)
    if exact and text.rstrip(".*").count(".") >= 2:
        notes.add(f"python{text}", f"any release of {fits[0]}")
    return fits


def nearest(pythons: tuple[str, ...], to: str) -> tuple[str, ...]:
    """The versions in the order in which they are tried: ``to`` and what is next to it first.

    Args:
        pythons: as declared; every known one if there is none.
    """
    middle = _minor(to)
    return tuple(sorted(pythons or KNOWN, key=lambda each: (abs(_minor(each) - middle), _minor(each))))


def _specifiers(part: str, constraint: str) -> SpecifierSet:
    text = part.strip()
    if exact := _EXACT.fullmatch(text):
        text = f"=={exact['minor']}.*"
    elif fuzzy := _FUZZY.fullmatch(text):
        text = f"=={fuzzy['version']}.*"
    try:
        if len(text) > _LONGEST:
            raise InvalidSpecifier(text)
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        raise RefusedError(
            f"python{quoted(constraint)}: is no version; write for example python=3.11", malformed=True
        ) from error


def _leaves(version: str, specifiers: SpecifierSet) -> bool:
    return any(specifiers.contains(f"{version}.{patch}", prereleases=True) for patch in _PATCHES)


def _minor(version: str) -> int:
    return int(version.partition(".")[2])
