"""Where things are in the site: file-safe names for untrusted ids, and the address of every page.

An address is relative to the site's root and needs no quoting, neither as a path nor in a URL.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

from harness.cell import ConsumerRef, ModelRef
from harness.ledger.record import Record

_LONGEST = 96
_PLAIN = re.compile(r"[a-z0-9.-]")
_DEVICE_NAME = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


def slug(text: str) -> str:
    """A name for ``text`` that is safe on every file system and unique for it.

    Lower-case letters, digits, ``.`` and ``-`` stay; ``/`` becomes ``__``, ``_`` becomes ``_-``, any other
    character its code point as ``_3a_``. The code can be read back, so two texts never share a name, also
    where the file system ignores case. Long names end in ``~`` and a digest instead.
    """
    if not text:
        return "_empty"
    name = "".join(map(_encoded, text))
    if text[0] in ".-" or _DEVICE_NAME.match(name):
        name = f"_{ord(text[0]):x}_{name[1:]}"
    if name.endswith("."):
        name = f"{name[:-1]}_2e_"
    if len(name) > _LONGEST:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        name = f"{name[: _LONGEST - 33]}~{digest[:32]}"
    return name


def _encoded(character: str) -> str:
    if _PLAIN.match(character):
        return character
    return {"/": "__", "_": "_-"}.get(character, f"_{ord(character):x}_")


def model_page(model: ModelRef) -> str:
    """The page of one version of a model."""
    return f"models/{_model_name(model)}.html"


def consumer_page(name: str) -> str:
    """The page of a consumer in all its versions."""
    return f"consumers/{slug(name)}.html"


def record_address(record: Record) -> str:
    """The section about a record on the page of its model."""
    return f"{model_page(record.model)}#{record_anchor(record)}"


def record_anchor(record: Record) -> str:
    """The fragment of a record within its model's page; the same for all records of a cell."""
    return "cell-" + hashlib.sha256(record.key.encode()).hexdigest()[:16]


def model_badge(model: ModelRef) -> str:
    """Where a model's badge is, without ``.svg`` or ``.json``."""
    return f"badges/models/{_model_name(model)}"


def consumer_badge(name: str) -> str:
    """Where the badge of a consumer's newest version is, without ``.svg`` or ``.json``."""
    return f"badges/consumers/{slug(name)}"


def consumer_version_badge(consumer: ConsumerRef) -> str:
    """Where the badge of one version of a consumer is, without ``.svg`` or ``.json``."""
    return f"badges/consumers/{slug(consumer.name)}@{slug(consumer.version)}"


def evidence_file(path: str, suffix: str) -> str:
    """Where the copy of an artifact is."""
    return f"files/{slug(path.removesuffix(suffix))}{suffix}"


def web_link(text: str) -> str:
    """``text`` if it is an http(s) URL that may become a link, else empty (``javascript:`` and the like)."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    plain = text.isprintable() and not any(character.isspace() for character in text)
    return text if plain and parts.scheme in ("http", "https") and parts.netloc else ""


def _model_name(model: ModelRef) -> str:
    return f"{slug(model.id)}@{slug(model.version)}" if model.version else slug(model.id)
