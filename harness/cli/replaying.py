"""What commands share that make an environment of the records again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.environments.known import Known, Places
    from harness.ledger.record import Record


def places_of(args: argparse.Namespace, records: Iterable[Record] | None = None) -> Places:
    """Where an environment may be known: folders, and the ledger of ``--output`` with its records."""
    from harness.environments.known import Places
    from harness.environments.spec import load_all

    return Places(
        specs=load_all(options.environments_folder(args.environments)),
        ledger=args.output / "ledger",
        recorded={
            record.environment.digest: record.environment
            for record in (_records(args) if records is None else records)
            if record.environment
        },
    )


def build_again(args: argparse.Namespace) -> bool:
    """``env build --digest``: whether it could be built. Says what is otherwise than with the record."""
    from harness.cli.env import build_one, say
    from harness.environments.known import find_digest
    from harness.environments.replay import replay

    records = _records(args)
    places = places_of(args, records)
    known = find_digest(args.digest, places)
    digest = known.ref.digest
    mine = [record for record in records if record.environment and record.environment.digest == digest]
    newest = max(mine, key=lambda record: record.started_at, default=None)
    python = newest.machine.python if newest else ""
    backend = args.backend or known.ref.backend
    with replay(known, backend, places.recipes, python_full=python) as again:
        say(_origin(known))
        if again.ref.digest != digest:
            say(f"{known.ref.name}: the same source by {backend.value} has digest {again.ref.digest[:12]}")
        built = build_one(again.spec, backend)
    if built is None:
        return False
    if python and built.python_version != python:
        say(f"note: the record's Python was {python}, this one is {built.python_version}")
    if newest and newest.platform and newest.platform != _platform():
        say(f"note: the record was made on {newest.platform}, this is {_platform()}")
    return True


def _origin(known: Known) -> str:
    where = f"as {known.spec.folder} asks for" if known.spec else "from its stored recipe"
    return f"{known.ref.name}: digest {known.ref.digest[:12]}, {where}"


def _platform() -> str:
    from harness.execute.machine import platform_name

    return platform_name()


def _records(args: argparse.Namespace) -> list[Record]:
    from harness.ledger.store import read_records

    return list(read_records(args.output / "ledger"))
