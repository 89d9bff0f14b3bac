"""From the bytes of a declared file to a declaration."""

from __future__ import annotations

import codecs
import functools

from harness.collection.dependencies import CONDA, PIP
from harness.environments.declared import environment_yaml, requirements_txt
from harness.environments.declared.declaration import Notes, Reading, RefusedError

MANAGERS = (CONDA, PIP)
MAX_BYTES = 1_000_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@functools.lru_cache(maxsize=256)  # models of a collection declare alike
def read(manager: str, data: bytes, *, shown: str) -> Reading:
    """What a file declares.

    Args:
        manager: whose file it is, one of ``MANAGERS``.
        data: its content, of which nothing is believed.
        shown: how messages name the file.

    Raises:
        RefusedError: no environment is made of it; the message begins with ``shown``.
    """
    notes = Notes()
    try:
        if len(data) > MAX_BYTES:
            raise RefusedError(f"has more than {MAX_BYTES:,} bytes", malformed=False)
        parse = environment_yaml.read if manager == CONDA else requirements_txt.read
        declaration = parse(_decoded(data, notes), notes)
    except RefusedError as refused:
        raise RefusedError(f"{shown}: {refused.message}", malformed=refused.malformed) from refused
    return Reading(declaration=declaration, notes=notes.words())


def _decoded(data: bytes, notes: Notes) -> str:
    """The text as pip and conda read it: UTF-8, or what a mark at the beginning says."""
    mark, encoding = next((known for known in _MARKS if data.startswith(known[0])), (b"", "utf-8"))
    if encoding != "utf-8":
        notes.add("the whole file", f"is {encoding}, read as such")
    try:
        return data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise RefusedError(
            f"is not {encoding.upper()} (byte {error.start}); save it as UTF-8 text", malformed=True
        ) from error
