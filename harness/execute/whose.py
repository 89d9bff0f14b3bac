"""Whose failure it is when another tool than the reference runtime fails: see :mod:`harness.ledger.whose`."""

from __future__ import annotations

from harness.consumers import CONSUMERS, REFERENCE
from harness.ledger.whose import Tool, Whose

WHOSE = Whose(
    reference=REFERENCE,
    tools={name: Tool(title=consumer.TITLE, home=consumer.HOME) for name, consumer in CONSUMERS.items()},
)
