"""Read a description's YAML as the description format means it: YAML 1.2, bounded, without surprises."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import yaml

from harness.collection.fault import ModelFault
from harness.verdict import Reason

MAX_BYTES = 2_000_000
MAX_NODES = 50_000
_MAX_DEPTH = 2_000
FILE_NAMES = ("bioimageio.yaml", "rdf.yaml", "model.yaml")
_TAG = "tag:yaml.org,2002:"
_RESOLVED_AS_1_2 = ("bool", "int", "float")
_OLD_BREAKS = re.compile("[\x85\u2028\u2029\ufeff]")
_READ_OTHERWISE = re.compile(r"\t|[\[{].*\?", re.DOTALL)  # libyaml takes them where PyYAML does not
_KNOWN_TAGS = ("null", "bool", "int", "float", "timestamp", "str", "seq", "map")


class _Loader(yaml.SafeLoader):
    """PyYAML follows YAML 1.1, where ``1e-5`` is a string and ``no`` is false; descriptions are YAML 1.2.

    The patterns are those of ruyaml, which the format's own library reads with. Tags of other types (sets,
    bytes) are refused: a description has none.
    """

    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """As PyYAML, but ends early where there is more than a description can hold."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise yaml.YAMLError(f"holds more than {MAX_NODES:,} values")
        return super().compose_node(parent, index)


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    """Without the octal ``010`` and the sexagesimal ``1:30`` of YAML 1.1."""
    text = str(loader.construct_scalar(node)).replace("_", "").lower()
    digits = text.lstrip("+-")
    base = {"0b": 2, "0o": 8, "0x": 16}.get(digits[:2], 10)
    return int(text, base)


_Loader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.removeprefix(_TAG) in _KNOWN_TAGS
}
_Loader.add_constructor(_TAG + "int", _construct_int)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.removeprefix(_TAG) not in _RESOLVED_AS_1_2]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    _TAG + "bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    _TAG + "float",
    re.compile(
        r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
        r"|[-+]?\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+0123456789."),
)
_Loader.add_implicit_resolver(
    _TAG + "int",
    re.compile(
        r"^(?:[-+]?0b[01_]*[01]_*|[-+]?0o[0-7_]*[0-7]_*|[-+]?[0-9][0-9_]*|[-+]?0x[0-9a-fA-F_]*[0-9a-fA-F]_*)$"
    ),
    list("-+0123456789"),
)


if yaml.__with_libyaml__:

    class _FastLoader(yaml.CSafeLoader):
        """The same in C, ten times as fast; it does not bound what it reads."""

        yaml_constructors = _Loader.yaml_constructors
        yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


class Dumper(yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper):  # type: ignore[misc]
    """Writes what ``read_description`` reads back as the same values."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """As PyYAML, but escapes the line breaks that only YAML 1.1 knows: readers fold them into a space."""
        style = '"' if _OLD_BREAKS.search(data) else None
        scalar: yaml.ScalarNode = self.represent_scalar(_TAG + "str", data, style=style)
        return scalar


Dumper.add_representer(str, Dumper.represent_str)


def read_description(path: Path, *, shown: str) -> dict[str, Any]:
    """The mapping in ``path``; ``shown`` is how messages name the file.

    Raises:
        ModelFault: as ``read_bytes`` and ``parse``.
    """
    return parse(read_bytes(path, shown=shown), shown=shown)


def read_bytes(path: Path, *, shown: str) -> bytes:
    """The file's content.

    Raises:
        ModelFault: it cannot be read, or is larger than a description can be.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
            size = stream.seek(0, 2)
    except OSError as error:
        raise ModelFault(Reason.FILE_MISSING, f"{shown}: cannot be read ({error.strerror})") from error
    if len(data) > MAX_BYTES:
        raise _invalid(shown, f"is {size:,} bytes; a description has at most {MAX_BYTES:,}")
    return data


def parse(data: bytes, *, shown: str) -> dict[str, Any]:
    """The mapping that a description's YAML holds.

    Raises:
        ModelFault: as ``parse_any``, or no mapping.
    """
    content = parse_any(data, shown=shown)
    if not isinstance(content, dict):
        raise _invalid(shown, "holds no mapping of fields; a description begins with `format_version: ...`")
    return content


def parse_any(data: bytes, *, shown: str) -> object:
    """The value that YAML of an unknown author holds, made of plain types.

    Raises:
        ModelFault: not UTF-8, not YAML, a key that is there twice, or aliases that multiply (refused before
            they are expanded).
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(shown, f"is not UTF-8 (byte {error.start}); save it as UTF-8 text") from error
    try:
        return _construct(text, shown)
    except (ModelFault, MemoryError):  # the latter says nothing about the description
        raise
    except RecursionError as error:
        raise _invalid(shown, "is nested too deeply") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise _invalid(shown, f"is not valid YAML: {where}{error.problem or error.context}") from error
    except Exception as error:  # explicit tags make the constructors raise whatever their text makes them
        raise _invalid(shown, f"is not valid YAML: {_first_line(error)}") from error


def _construct(text: str, shown: str) -> object:
    if yaml.__with_libyaml__ and _is_plain(text):
        with contextlib.suppress(yaml.YAMLError):  # the other one says better what is wrong
            return _constructed(_FastLoader(text), shown)
    return _constructed(_Loader(text), shown)


def _is_plain(text: str) -> bool:
    """Whether both loaders read it alike, and it holds neither more values than it may nor deeper ones.

    A value takes a character, and each level of nesting a bracket or a column.
    """
    if _READ_OTHERWISE.search(text):
        return False
    brackets = text.count("[") + text.count("{")
    return len(text) <= MAX_NODES and brackets <= _MAX_DEPTH and max(map(len, text.split("\n"))) <= _MAX_DEPTH


def _constructed(loader: Any, shown: str) -> object:
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
    if isinstance(node, yaml.ScalarNode):
        node.value = _unicode(node, shown)
    if isinstance(node, yaml.MappingNode):
        keys = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _invalid(shown, f"line {line}: a key is a list or a mapping; write it as text")
            key.value = _unicode(key, shown)
            if key.value in keys:
                raise _invalid(shown, f"line {line}: the key {key.value!r} is there twice")
            keys.add(key.value)
            size += 1 + _expanded_size(value, known, shown)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_expanded_size(item, known, shown) for item in node.value)
    known[id(node)] = size
    return size


def _unicode(node: yaml.ScalarNode, shown: str) -> str:
    r"""The text of a scalar; what JSON writes as two escapes (``"\ud83e\udd88"``) is one character."""
    text = str(node.value)
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        line = node.start_mark.line + 1
        raise _invalid(shown, f"line {line}: {text!r:.100} has half a character") from None


def _invalid(shown: str, what: str) -> ModelFault:
    return ModelFault(Reason.DESCRIPTION_INVALID, f"{shown}: {what}")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
