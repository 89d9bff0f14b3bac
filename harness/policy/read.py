"""Find and read ``policy.toml``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

import msgspec

from harness.cell import Device
from harness.errors import ConfigurationError
from harness.isolation import Level as IsolationLevel
from harness.policy.bounds import Bound, Bounds
from harness.policy.isolation import Containers, Isolation
from harness.policy.notify import Notify
from harness.policy.policy import FINDINGS, SCHEMA, Checks, Level, LimitsRule, Policy, Rule, Versions, Waiver
from harness.policy.scan import Allow, OnUnreadable, ScanRules

FILE_NAME = "policy.toml"
DESCRIPTIONS = ("bioimageio.yaml", "rdf.yaml", "model.yaml")  # a folder that holds one is a model

_ENTRIES: dict[str, type[msgspec.Struct]] = {
    "rule": Rule,
    "waiver": Waiver,
    "limits": LimitsRule,
    "scan.allow": Allow,
}
_TABLES: dict[str, type[msgspec.Struct]] = {
    "": Policy,
    "checks": Checks,
    "isolation": Isolation,
    "notify": Notify,
    "scan": ScanRules,
    "tolerance": Bounds,
    "tolerance.floor": Bound,
    "tolerance.ceiling": Bound,
}
_WORDS: dict[str, Iterable[Enum]] = {
    "rule.level": Level,
    "checks.required": FINDINGS,
    "isolation.level": IsolationLevel,
    "isolation.container": Containers,
    "scan.unreadable": OnUnreadable,
    "required_devices": Device,
    "versions": Versions,
}

_PATH = re.compile(r"(?s)(?P<what>.*?)(?: - at `\$\.(?P<path>.*)`)?")
_ENTRY = re.compile(r"(?s)(?P<table>[\w.]+)\[(?P<index>\d+)\]\.?(?P<field>.*)")
_INDEX = re.compile(r"\[\d+\]")
_FIELD = re.compile(r"(?s)(?P<field>[a-z0-9_.]+): (?P<what>.*)")  # how our own structs refuse a field
_MISSING = re.compile(r"(?s)Object missing required field `(?P<field>.*)`")
_UNKNOWN = re.compile(r"(?s)Object contains unknown field `(?P<field>.*)`")


class _Schema(msgspec.Struct):
    schema: int


def find_policy(collection: str, chosen: Path | None) -> Path | None:
    """The policy's file: as chosen, else in the collection's folder or beside its ``index.json``, else None.

    The folder of a single model is not looked into: no model excuses itself.
    """
    if chosen is not None:
        return chosen
    path = place_of_policy(collection)
    return path if path is not None and os.path.lexists(path) else None


def place_of_policy(collection: str) -> Path | None:
    """Where the policy of a collection lies if it has one; None for a single model."""
    place = Path(collection)
    folder = place.parent if place.suffix.lower() == ".json" else place
    single = any(os.path.lexists(folder / name) for name in DESCRIPTIONS)
    return None if single else folder / FILE_NAME


def read_policy(path: Path) -> Policy:
    """The policy in a file.

    Raises:
        ConfigurationError: one sentence with the file, the entry and the field that is wrong.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    return decode_policy(data, origin=str(path))


def decode_policy(data: bytes, *, origin: str) -> Policy:
    """The policy in TOML; raises as above, and names ``origin``."""
    try:
        text = data.decode("utf-8")
        schema = msgspec.toml.decode(text, type=_Schema).schema
        if schema != SCHEMA:
            raise ConfigurationError(f"{origin}: field schema: is {schema}, this harness reads {SCHEMA}")
        return msgspec.toml.decode(text, type=Policy)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{origin}: is not UTF-8 (byte {error.start})") from error
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{origin}: {_in_words(str(error))}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{origin}: is no TOML: {error}") from error


def _in_words(message: str) -> str:
    """What msgspec says about a path such as ``$.rule[1].level``, as a sentence with entry and field."""
    whole = _PATH.fullmatch(message)
    assert whole is not None, "every text matches"  # noqa: S101
    path = whole["path"] or ""
    words = _WORDS.get(_INDEX.sub("", path), ())
    entry = _ENTRY.fullmatch(path)
    if entry and entry["table"] in _ENTRIES:
        kind, path = _ENTRIES[entry["table"]], entry["field"]
        place = f"{entry['table']} {int(entry['index']) + 1}: "
    else:
        kind, place = _TABLES.get(path, Policy), ""
    field, what = _field_and_what(whole["what"], path, kind, words)
    named = ".".join(filter(None, (path, field)))
    return f"{place}field {named}: {what}" if named else f"{place}{what}"


def _field_and_what(
    what: str, path: str, kind: type[msgspec.Struct], words: Iterable[Enum]
) -> tuple[str, str]:
    """The field below ``path`` that a text names, empty if it names none, and what is wrong with it."""
    if missing := _MISSING.fullmatch(what):
        todo = f"; write `schema = {SCHEMA}`" if missing["field"] == "schema" else ""
        return missing["field"], f"is missing{todo}"
    if unknown := _UNKNOWN.fullmatch(what):
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        return unknown["field"], f"is unknown; known: {known}"
    if refused := _FIELD.fullmatch(what):
        return refused["field"], refused["what"]
    if what.startswith("Invalid enum value"):
        known = ", ".join(word.value for word in words)
        return "", f"{what.removeprefix('Invalid enum value ')} is none of them; known: {known}"
    return "", _wrong_type(what, path)


def _wrong_type(what: str, path: str) -> str:
    if path in _ENTRIES:
        return f"is no list; write each one below its own [[{path}]]"
    if what.startswith("Expected `date`"):
        return "is no date; write it like 2026-12-31, without quotes or time"
    return what.replace(" | null", "").replace("Expected", "expected")
