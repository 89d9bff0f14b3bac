"""Conda's environment files: ``channels`` and ``dependencies``, with a ``pip:`` section among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from harness.collection.description_yaml import parse_any
from harness.collection.fault import ModelFault
from harness.environments.declared import match_spec, pythons, requirements_txt
from harness.environments.declared.declaration import Declaration, Notes, RefusedError, quoted

_FIELDS = {"channels", "dependencies", "variables"}
_OWN = {"name", "prefix"}
_TOOLS = {"bioimageio.core", "bioimageio.spec"}
_NO_DEFAULTS, _DEFAULTS, _COMMUNITY = "nodefaults", "defaults", "conda-forge"
_NAME = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_MOST = 2_000
_ADDRESS = re.compile(r"https://conda\.anaconda\.org/")


def read(text: str, notes: Notes) -> Declaration:
    """The declaration in a file; raises RefusedError if it is none, or asks for what is not done here."""
    content = _mapping(text)
    if content.get("variables"):
        raise RefusedError("field variables: is not set here; set it in the model's code", malformed=False)
    for field in [field for field in content if field not in _FIELDS]:
        notes.add(f"{field}:", "the author's own" if field in _OWN else "without a meaning here")
    plain, lines = _dependencies(content.get("dependencies"))
    specs = [match_spec.parsed(text, notes) for text in plain]
    packages = set()
    for spec in specs:
        if spec.name in _TOOLS and (requirement := match_spec.as_requirement(spec)):
            notes.add(requirement, "the wheel: the tool is installed as such")
            lines.append(requirement)
        elif spec.name not in {"python", "pip"}:
            packages.add(match_spec.normalised(spec))
    fits = [pythons.fitting(spec.versions, notes) for spec in specs if spec.name == "python"]
    found = requirements_txt.read_lines(lines, notes)
    channels = _channels(content.get("channels"), specs, notes)
    not_asked = {_DEFAULTS} & set(channels) if packages else set()
    return Declaration(
        pythons=_common([*fits, found.pythons]),
        channels=tuple(name for name in channels if name != _DEFAULTS) if packages else (),
        conda=tuple(sorted(packages)),
        pip=found.pip,
        elsewhere=tuple(sorted({*found.elsewhere, *not_asked})),
    )


def _mapping(text: str) -> dict[Any, Any]:
    try:
        content = parse_any(text.encode("utf-8", "surrogatepass"), shown="")
    except ModelFault as fault:
        raise RefusedError(fault.message.removeprefix(": "), malformed=True) from fault
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise RefusedError(
            "holds no mapping of fields; conda's environment files have `dependencies:`", malformed=True
        )
    return content


def _dependencies(listed: object) -> tuple[list[str], list[str]]:
    """The packages of conda's, and the lines of the ``pip:`` sections."""
    plain: list[str] = []
    lines: list[str] = []
    for item in _list(listed, "dependencies"):
        if isinstance(item, str):
            plain.append(item)
        elif isinstance(item, dict) and set(item) == {"pip"}:
            lines += _texts(item["pip"], "dependencies: pip")
        else:
            raise RefusedError(f"dependencies: {quoted(str(item))} is no package", malformed=True)
    return plain, lines


def _channels(listed: object, specs: Iterable[match_spec.Spec], notes: Notes) -> tuple[str, ...]:
    """The channels by name, those of single packages and ``conda-forge`` last, which has most packages."""
    found: dict[str, None] = {}
    for text in _texts([listed] if isinstance(listed, str) else listed, "channels"):
        channel = _ADDRESS.sub("", text.strip(), count=1).strip("/")
        if channel == _DEFAULTS:
            notes.add("channel defaults", "left out: its terms do not let everybody use it")
            found[channel] = None
        elif text.startswith((".", "/", "~")) or not _NAME.fullmatch(channel):
            raise RefusedError(
                f"channels: {quoted(text)} is not asked; name a public channel such as conda-forge",
                malformed=False,
            )
        elif channel != _NO_DEFAULTS:
            found[channel] = None
    found.update(dict.fromkeys(spec.channel for spec in specs if spec.channel))
    found[_COMMUNITY] = None
    return tuple(found)


def _common(fits: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The versions of Python that fit everything that is said about it."""
    said = [set(versions) for versions in fits if versions]
    if not said:
        return ()
    common = set.intersection(*said)
    if not common:
        raise RefusedError("python: no version fits all that is said about it", malformed=True)
    return tuple(version for version in pythons.KNOWN if version in common)


def _texts(listed: object, field: str) -> list[str]:
    texts = _list(listed, field)
    for item in texts:
        if not isinstance(item, str):
            raise RefusedError(f"{field}: {quoted(str(item))} is no text", malformed=True)
    return [str(item) for item in texts]


def _list(listed: object, field: str) -> list[object]:
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise RefusedError(f"field {field}: is no list", malformed=True)
    if len(listed) > _MOST:
        raise RefusedError(f"field {field}: has more than {_MOST:,} entries", malformed=False)
    return listed
