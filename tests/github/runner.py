"""How the runner of GitHub Actions reads a log, after its ``ActionCommand`` and ``ActionCommandManager``."""

from __future__ import annotations

import re
from typing import NamedTuple

_NEW = re.compile(r"\s*::(?P<name>[^ :]+)(?: (?P<properties>.*?))?::(?P<data>.*)", re.DOTALL)
_OLD = re.compile(r"##\[(?P<name>[^\] ]+)(?: (?P<properties>[^\]]*))?\](?P<data>.*)", re.DOTALL)


class Command(NamedTuple):
    """One command that the runner would obey."""

    name: str
    properties: dict[str, str]
    message: str


def commands_in(log: str) -> list[Command]:
    """The commands in the lines of one stream. An old one may stand anywhere in a line."""
    obeyed: list[Command] = []
    stopped_until = ""
    for line in re.split(r"\r\n|\n|\r", log):
        found = _NEW.match(line) or _OLD.search(line)
        if found is None:
            continue
        name = found["name"]
        if stopped_until:
            if name == stopped_until:
                stopped_until = ""
        elif name == "stop-commands":
            stopped_until = found["data"]
        else:
            obeyed.append(Command(name, _properties(found["properties"] or ""), _plain(found["data"])))
    return obeyed


def _properties(text: str) -> dict[str, str]:
    pairs = (pair.split("=", 1) for pair in text.split(",") if "=" in pair)
    return {name.strip(): _plain(value.replace("%3A", ":").replace("%2C", ",")) for name, value in pairs}


def _plain(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
