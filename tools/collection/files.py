"""Files of a package: hashes, archives that come out the same each time, YAML with comments."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from ruyaml import YAML
from ruyaml.comments import CommentedMap

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""What a description consists of."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can name: archives made twice have to be the same bytes."""


def sha256(path: Path) -> str:
    """The file's SHA-256 in lower-case hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_archive(folder: Path, archive: Path) -> None:
    """Zips a folder's files, in sorted order and without their times; paths are relative to the folder."""
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
                entry.external_attr = 0o644 << 16
                target.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)


def drop_entries(archive: Path, suffix: str) -> None:
    """Rewrites an uncompressed zip without the entries whose names end so."""
    with zipfile.ZipFile(archive) as source:
        kept = {name: source.read(name) for name in source.namelist() if not name.endswith(suffix)}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for name, content in kept.items():
            target.writestr(zipfile.ZipInfo(name, EPOCH), content)


def commented(content: Mapping[str, Json], key: str, comment: str) -> CommentedMap:
    """The mapping with a comment above one of its keys; lines of the comment are broken at newlines."""
    result = CommentedMap(content)
    # "config: bioimageio:" is the only place with comments, so its keys are indented by two levels
    result.yaml_set_comment_before_after_key(key, before=comment, indent=4)
    return result


def write_yaml(content: Mapping[str, Json], path: Path) -> None:
    """Writes a mapping as YAML, keys in the order given, lists of numbers and words in one line."""
    yaml = YAML()
    yaml.width = 110  # type: ignore[assignment]  # ruyaml infers None from its default
    yaml.indent(mapping=2, sequence=4, offset=2)
    # a step used twice is written out twice: anchors are hard to read and some readers refuse them
    yaml.representer.ignore_aliases = lambda *_: True
    yaml.representer.add_representer(list, _represent_list)
    yaml.representer.add_representer(tuple, _represent_list)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        yaml.dump(content, stream)


def _represent_list(representer, items):  # type: ignore[no-untyped-def]  # ruyaml is not annotated
    plain = all(not isinstance(item, (list, tuple, dict)) for item in items)
    return representer.represent_sequence("tag:yaml.org,2002:seq", list(items), flow_style=plain)
