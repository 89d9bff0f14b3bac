"""Read a description's YAML as the description format means it: YAML 1.2, bounded, without surprises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from harness.collection.fault import ModelFault
from harness.verdict import Reason

MAX_BYTES = 2_000_000
MAX_NODES = 200_000
FILE_NAMES = ("bioimageio.yaml", "rdf.yaml", "model.yaml")


class _Loader(yaml.SafeLoader):
    """PyYAML follows YAML 1.1, where ``1e-5`` is a string and ``no`` is false; descriptions are YAML 1.2."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[-1] not in ("bool", "float")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+0123456789."),
)


class Dumper(yaml.SafeDumper):
    """Writes what ``read_description`` reads back as the same values."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


def read_description(path: Path, *, shown: str) -> dict[str, Any]:
    """The mapping in ``path``; ``shown`` is how messages name the file.

    Raises:
        ModelFault: too large, not UTF-8, not YAML, aliases that multiply (refused before they are expanded),
            keys that are not text, or no mapping.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelFault(Reason.FILE_MISSING, f"{shown}: cannot be read ({error.strerror})") from error
    if len(data) > MAX_BYTES:
        raise _invalid(shown, f"is {len(data):,} bytes; a description has at most {MAX_BYTES:,}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(shown, f"is not UTF-8 (byte {error.start}); save it as UTF-8 text") from error
    try:
        content = _construct(text, shown)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise _invalid(shown, f"is not valid YAML: {where}{error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _invalid(shown, f"is not valid YAML: {_first_line(error)}") from error
    if not isinstance(content, dict):
        raise _invalid(shown, "holds no mapping of fields; a description begins with `format_version: ...`")
    return content


def _construct(text: str, shown: str) -> object:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        if _expanded_size(root, {}, shown) > MAX_NODES:
            raise _invalid(
                shown, f"expands to more than {MAX_NODES:,} values through its aliases; write them out"
            )
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _expanded_size(node: yaml.Node, known: dict[int, int], shown: str) -> int:
    """How many values the node stands for once each alias is replaced by what it names."""
    if id(node) in known:
        size = known[id(node)]
        if size < 0:
            raise _invalid(shown, f"line {node.start_mark.line + 1}: an alias names a value that contains it")
        return size
    known[id(node)] = -1
    size = 1
    if isinstance(node, yaml.MappingNode):
        keys = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _invalid(shown, f"line {line}: a key is not plain text")
            if key.value in keys:
                raise _invalid(shown, f"line {line}: the key {key.value!r} is there twice")
            keys.add(key.value)
            size += 1 + _expanded_size(value, known, shown)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_expanded_size(item, known, shown) for item in node.value)
    known[id(node)] = size
    return size


def _invalid(shown: str, what: str) -> ModelFault:
    return ModelFault(Reason.DESCRIPTION_INVALID, f"{shown}: {what}")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
