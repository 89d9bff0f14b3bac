"""Which records the filters of the command line leave."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase

from harness.ledger.record import Record


def is_selected(record: Record, args: argparse.Namespace) -> bool:
    """Whether ``--select``, ``--consumer`` and ``--weights`` leave it."""
    return (
        (not args.select or any(fnmatchcase(record.model.id, glob) for glob in args.select))
        and (not args.consumer or any(_is_of(record, asked) for asked in args.consumer))
        and (not args.weights or record.weights_format in args.weights)
    )


def _is_of(record: Record, asked: str) -> bool:
    name, _, version = asked.partition("==")
    return record.consumer.name == name and version in ("", record.consumer.version)
