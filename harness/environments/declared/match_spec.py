"""One package of conda's: ``channel::name=version=build`` and its relatives, in one form."""

from __future__ import annotations

import re
from typing import NamedTuple

from harness.environments.declared.declaration import LABEL_DROPPED, Notes, RefusedError, quoted

_LONGEST = 500
_WHOLE = re.compile(
    r"(?:(?P<channel>[\w.-]+(?:/[\w.-]+)*)::)?\s*(?P<name>\w[\w.-]*)\s*(?P<rest>(?:[=<>!~\s].*)?)", re.ASCII
)
_SUBDIR = re.compile(r"/(noarch|(linux|osx|win|emscripten|wasi)-\w+)$")
_FUZZY = re.compile(r"=?\s*(?P<version>\w[\w.!]*?)(\.\*|\*)")
_ONE = re.compile(r"(?P<operator>={1,3})?\s*(?P<version>\w[\w.!]*)")
_BUILD = re.compile(r"(?P<constraint>.*[^\s=<>!~,|])(=|\s+)(?P<build>[\w.*+]+)")
_COMPARISON = re.compile(r"([<>=!~]{1,2}\s*)?\w[\w.!*]*")
_LABEL = re.compile(r"\+[A-Za-z0-9.]+")


class Spec(NamedTuple):
    """A package, and what is asked of its version as it was written ("=1.2"); ``channel`` may be empty."""

    channel: str
    name: str
    versions: str


def parsed(text: str, notes: Notes) -> Spec:
    """The parts of a match specification; a build is left out.

    Raises:
        RefusedError: it is none, or in the notation with brackets.
    """
    match = _WHOLE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        raise RefusedError(
            f"{quoted(text)}: is no package of conda's that is understood here; write for example numpy=1.26",
            malformed="[" not in text and "://" not in text,
        )
    channel, versions = match["channel"] or "", match["rest"].rstrip()
    if subdir := _SUBDIR.search(channel):
        notes.add(text, "for any platform")
        channel = channel[: subdir.start()]
    build = _BUILD.fullmatch(versions)
    if build and not _is_constraint(versions):
        notes.add(text, "without the build, which is of one platform")
        versions = build["constraint"]
    if _LABEL.search(versions):
        notes.add(text, LABEL_DROPPED)
        versions = _LABEL.sub("", versions)
    return Spec(channel, match["name"].lower(), versions)


def normalised(spec: Spec) -> str:
    """The specification in the one form that equal ones share: ``name``, ``name=1.2`` or ``name>=1,<2``.

    Raises:
        RefusedError: what is asked of the version is not understood.
    """
    channel = f"{spec.channel}::" if spec.channel else ""
    return f"{channel}{spec.name}{_versions(spec)}"


def name_of(normal: str) -> str:
    """The package's name in a normalised specification."""
    return re.split(r"[=<>!~]", normal.rpartition("::")[2], maxsplit=1)[0]


def as_requirement(spec: Spec) -> str:
    """What pip calls the same package; empty if its versions cannot be said in pip's words.

    Raises:
        RefusedError: what is asked of the version is not understood.
    """
    versions = _versions(spec)
    if "|" in versions:
        return ""
    fuzzy = re.fullmatch(r"=([^=].*)", versions)
    return f"{spec.name}=={fuzzy[1]}.*" if fuzzy else f"{spec.name}{versions}"


def _versions(spec: Spec) -> str:
    text = spec.versions
    if not text.strip():
        return ""
    if fuzzy := _FUZZY.fullmatch(text.strip()):
        return f"={fuzzy['version']}"
    if one := _ONE.fullmatch(text.strip()):
        return f"={one['version']}" if one["operator"] == "=" else f"=={one['version']}"
    if _is_constraint(text):
        alternatives = {",".join(sorted({_plain(c) for c in each.split(",")})) for each in text.split("|")}
        return "|".join(sorted(alternatives))
    raise RefusedError(
        f"{quoted(spec.name + text)}: {quoted(text)} is no version; write for example {spec.name}=1.2",
        malformed=True,
    )


def _is_constraint(text: str) -> bool:
    """Whether it is made of comparisons alone, such as ``>=1.2,<2``."""
    parts = [part.strip() for each in text.split("|") for part in each.split(",")]
    return all(_COMPARISON.fullmatch(part) for part in parts)


def _plain(comparison: str) -> str:
    """One comparison without spaces; a version alone is meant as such."""
    plain = "".join(comparison.split())
    if plain[0] in "<>=!~":
        return plain
    fuzzy = _FUZZY.fullmatch(plain)
    return f"={fuzzy['version']}" if fuzzy else f"=={plain}"
