"""On which line of a description a field is: from the YAML's events alone, without a value being made.

The description is hostile: whatever it holds, this ends soon and without recursion, and aliases are followed
along one path only.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

import msgspec
import yaml

_MAX_BYTES = 2_000_000
_MAX_NODES = 50_000
_MAX_DEPTH = 200  # for each level, libyaml looks at all levels above
_MAX_STEPS = 100
_MAX_MERGES = 10
_LONGEST_NAME = 200
_STEP = re.compile(r"[^.\[\]]+")
_NAMED_BY = ("id", "name")
_MERGE = "<<"
# libyaml's events need no recursion either, and come ten times as fast.
_LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = (
    yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
)


class _Node(msgspec.Struct):
    """A value: its text, or what it holds by key or in order, each with the line on which it begins."""

    text: str = ""
    fields: dict[str, tuple[int, _Node]] | None = None
    items: list[tuple[int, _Node]] | None = None
    key: str | None = None  # of a mapping that is being read: the key whose value comes next


class YamlLines:
    """The lines of one description. Of what is no YAML, those before the error are known."""

    def __init__(self, content: bytes) -> None:
        self._lines = content.count(b"\n") + 1
        self._root = _read(content[:_MAX_BYTES])

    def clamped(self, line: int) -> int:
        """The line, or the last one if there are not so many."""
        return max(1, min(line, self._lines))

    def line_of(self, field: str) -> int:
        """The line (from 1) of a field such as ``inputs[0].axes[2].size``, or of what should hold it.

        Entries of a list are named by number, id or name.
        """
        line, node = 1, self._root
        for step in _STEP.findall(field)[:_MAX_STEPS]:
            found = _child(node, step)
            if found is None:
                break
            line, node = found
        return self.clamped(line)


def _child(node: _Node, step: str) -> tuple[int, _Node] | None:
    if node.items is not None:
        if step.isdecimal() and len(step) < 9 and int(step) < len(node.items):
            return node.items[int(step)]
        return next((item for item in node.items if _is_named(item[1], step)), None)
    sources = [node]
    for source in sources:  # grows by what is merged into it
        fields = source.fields or {}
        if step in fields:
            return fields[step]
        if _MERGE in fields and len(sources) < _MAX_MERGES:
            merged = fields[_MERGE][1]
            sources += [merged] if merged.items is None else [item for _, item in merged.items[:_MAX_MERGES]]
    return None


def _is_named(node: _Node, name: str) -> bool:
    return any((node.fields or {}).get(field, (0, _NOTHING))[1].text == name for field in _NAMED_BY)


_NOTHING = _Node()


def _read(content: bytes) -> _Node:
    """The first document as nodes; an alias is the node that it names."""
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    # YAML also breaks lines at characters such as U+2028, GitHub does not: lines are counted by place.
    breaks = [found.start() for found in re.finditer("\n", text)]
    root = _Node(items=[])
    open_nodes = [root]
    anchors: dict[str | None, _Node] = {}
    for event in _events(text):
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            open_nodes.pop()
            continue
        anchor = getattr(event, "anchor", None)
        alias = isinstance(event, yaml.AliasEvent)
        node = anchors.get(anchor) if alias else _begun(event)
        if node is None:
            continue
        _place(
            open_nodes[-1], node, bisect_left(breaks, event.start_mark.index) + 1 if event.start_mark else 1
        )
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            open_nodes.append(node)
            if len(open_nodes) > _MAX_DEPTH:
                break
        if anchor and not alias:
            anchors[anchor] = node
    return root.items[0][1] if root.items else root


def _events(text: str) -> Iterator[yaml.Event]:
    """Those of the first document, as far as it can be read and is not larger than a description can be."""
    try:
        for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            if isinstance(event, yaml.DocumentEndEvent) or count > _MAX_NODES * 2:
                return
            yield event
    except (yaml.YAMLError, ValueError, RecursionError):
        return


def _begun(event: yaml.Event) -> _Node | None:
    if isinstance(event, yaml.MappingStartEvent):
        return _Node(fields={})
    if isinstance(event, yaml.SequenceStartEvent):
        return _Node(items=[])
    if isinstance(event, yaml.ScalarEvent):
        return _Node(text=str(event.value)[:_LONGEST_NAME])
    return None


def _place(parent: _Node, node: _Node, line: int) -> None:
    """Put a node into the one that is open; in a mapping, keys and values take turns."""
    if parent.items is not None:
        parent.items.append((line, node))
    elif parent.fields is not None and parent.key is None:
        parent.key = node.text
        parent.fields.setdefault(parent.key, (line, node))
    elif parent.fields is not None and parent.key is not None:
        key_line = parent.fields[parent.key][0]
        parent.fields[parent.key] = (key_line, node)
        parent.key = None
