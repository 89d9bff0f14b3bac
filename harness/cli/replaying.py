"""What commands share that make an environment of the records again."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.cli import options
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.environments.known import Known, Places
    from harness.environments.replay import Replayed
    from harness.environments.spec import EnvironmentSpec
    from harness.ledger.record import Record


def places_of(args: argparse.Namespace, records: Iterable[Record]) -> Places:
    """Where an environment may be known: folders, the ledger of ``--output`` with its records, the store."""
    from harness.environments.known import Places
    from harness.environments.spec import load_all

    recorded, commits = {}, {}
    for record in records:
        if record.environment:
            recorded[record.environment.digest] = record.environment
            commits[record.environment.digest] = record.harness.commit
    return Places(
        specs=load_all(options.environments_folder(args.environments)),
        ledger=args.output / "ledger",
        recorded=recorded,
        commits=commits,
    )


@contextmanager
def environment_of(
    args: argparse.Namespace, recorded: Record, records: Iterable[Record]
) -> Iterator[Replayed | None]:
    """The record's environment as it was, by ``--backend`` if that is given; None for a cell without one.

    None, too, for one that an author declares: it follows from the model, and is made for its cells.

    Raises:
        UsageError: it cannot be made any more.
        ConfigurationError: its recipe was changed.
    """
    from harness.environments.known import known
    from harness.environments.replay import replay

    if recorded.environment is None or recorded.environment.as_described:
        yield None
        return
    places = places_of(args, records)
    try:
        found = known(recorded.environment, places)
    except UsageError as error:
        raise UsageError(f"{recorded.model.id}: the record cannot be reproduced: {error}") from error
    with replay(
        found,
        args.backend or recorded.environment.backend,
        places.recipes,
        weights_formats=(recorded.weights_format,) if recorded.weights_format else (),
        consumers=(recorded.consumer.name,),
        devices=(recorded.device,),
        python_full=recorded.machine.python,
    ) as again:
        yield again


def exact(
    args: argparse.Namespace, recorded: Record, declared: Mapping[str, EnvironmentSpec]
) -> dict[str, EnvironmentSpec]:
    """The environments that authors declare, that of the record in the versions that it had.

    If these were not stored, the environment is made in the versions that the declaration comes to now.
    """
    from harness.environments import recipe
    from harness.environments.declared.spec import DeclaredSpec
    from harness.environments.replay import exactly

    specs = {**declared}
    ref = recorded.environment
    spec = declared.get(ref.name) if ref else None
    if ref and isinstance(spec, DeclaredSpec):
        stored = args.output / "ledger" / recipe.FOLDER
        try:
            specs[ref.name] = exactly(spec, ref.backend, stored, python_full=recorded.machine.python)
        except UsageError as error:
            print(f"note: {error}")  # noqa: T201
    return specs


def build_again(args: argparse.Namespace) -> bool:
    """``env build --digest``: whether it could be built. Says what is otherwise than with the record."""
    from harness.cli.env import build_one, say
    from harness.environments.known import find_digest
    from harness.environments.replay import replay

    records = records_of(args)
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


def records_of(args: argparse.Namespace) -> list[Record]:
    """All records of the ledger of ``--output``; none if there is no ledger."""
    from harness.ledger.store import read_records

    return list(read_records(args.output / "ledger"))
