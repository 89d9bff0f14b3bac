"""The text of a traceback, as Python writes it where nobody catches an error."""

from __future__ import annotations

import re

_BEGIN = "Traceback (most recent call last):"
_FRAME = re.compile(r'^\s*File "(.+?)", line \d+', re.MULTILINE)
# What Python writes between an error and the one that it led to.
_LED_TO = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)


def files(text: str) -> list[str]:
    """The files of the last traceback of a text, and of those that led to it, as it names them."""
    found: list[str] = []
    for number, block in enumerate(reversed(text.split(_BEGIN)[1:])):
        if number and not block.rstrip().endswith(_LED_TO):
            break
        found += _FRAME.findall(block)
    return found
