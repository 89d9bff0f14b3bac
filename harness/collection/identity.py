"""What a model is called: by its index, else by its description, else by its place (pure)."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from harness.cell import ModelRef
from harness.collection.described import Described
from harness.collection.description_yaml import FILE_NAMES
from harness.collection.index import Found

_LONGEST = 200
_UNPRINTABLE = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")


def ref_of(found: Found, described: Described, sha256: str) -> ModelRef:
    """The model's identity, as far as it is known; an id that nobody could print is not taken over."""
    stated = described.id
    return ModelRef(
        id=found.id or (stated if stated is not None and _is_printable(stated) else _name(found)),
        version=found.version or described.version[:_LONGEST],
        sha256=sha256,
        source=found.source,
    )


def _name(found: Found) -> str:
    place = PurePosixPath(urlsplit(found.url).path if found.url else found.source)
    place = place.parent if place.name in FILE_NAMES else place
    return place.stem if place.suffix.lower() == ".zip" else place.name


def _is_printable(text: str) -> bool:
    plain = text.isascii() and text.isprintable()  # as nearly every id is
    return 0 < len(text) <= _LONGEST and (
        plain or not any(unicodedata.category(character) in _UNPRINTABLE for character in text)
    )
