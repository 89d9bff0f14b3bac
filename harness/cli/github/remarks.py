"""Faults of descriptions on the lines of a pull request's own files, as GitHub has them: data, never run."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.github.client import Client
    from harness.github.message import Annotation
    from harness.github.values import ChangedFile
    from harness.ledger.record import Record

_MOST = 20  # descriptions that are read


def remarks(
    client: Client, head: str, files: Iterable[ChangedFile], records: Iterable[Record], collection: str
) -> tuple[Annotation, ...]:
    """What is wrong in the descriptions that are added or changed; what is no plain file is left out."""
    return tuple(_remarks(client, head, files, list(records), collection))


def _remarks(
    client: Client, head: str, files: Iterable[ChangedFile], records: list[Record], collection: str
) -> Iterator[Annotation]:
    from harness.errors import NotHandedOverError
    from harness.github.annotations import annotations_of
    from harness.verdict import Blame, Status

    changed = {file.path for file in files if file.status != "removed"}
    failed = [one for one in records if one.status is Status.FAILED and one.blame is Blame.METADATA]
    for source in sorted({one.model.source for one in failed})[:_MOST]:
        folder = posixpath.normpath(posixpath.join(collection, source))
        path = next((path for path in _descriptions(folder) if path in changed), "")
        try:
            content = client.content(path, head) if path else None
        except NotHandedOverError:
            continue
        if content is not None:
            mine = [one for one in failed if one.model.source == source]
            yield from annotations_of(mine, path=path, content=content)


def _descriptions(folder: str) -> list[str]:
    from harness.collection.description_yaml import FILE_NAMES

    return [posixpath.normpath(posixpath.join(folder, name)) for name in FILE_NAMES]
