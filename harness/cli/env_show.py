"""``harness env list`` and ``harness env show``."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.cli.env import chosen, size
from harness.errors import ExitCode

if TYPE_CHECKING:
    from harness.cell import Backend
    from harness.environments.inventory import Stored
    from harness.environments.recipe import Recipe
    from harness.environments.spec import EnvironmentSpec
    from harness.ledger.record import Record


def list_all(args: argparse.Namespace) -> ExitCode:
    """A table of the environments that are named."""
    from harness.cli.columns import print_columns
    from harness.cli.progress import console_for_tables
    from harness.environments import inventory

    records = _current(args)
    rows = []
    for spec in chosen(args):
        ref = spec.ref(args.backend)
        built = inventory.find(ref)
        cells = _cells(records, ref.digest)
        rows.append(
            (
                spec.name,
                spec.python,
                " ".join(weights.value for weights in spec.weights_formats),
                " ".join(spec.consumers),
                ref.digest[:12],
                f"yes, {size(built.size_bytes)}" if built else "no",
                _time(built.used_at) if built else "–",
                str(len(cells)),
            )
        )
    heading = ("name", "python", "weights formats", "consumers", "digest", "built", "used last", "cells")
    print_columns(console_for_tables(), heading, rows)
    return ExitCode.SATISFIED


def show(args: argparse.Namespace) -> ExitCode:
    """All that is known of each environment that is named."""
    from harness.cli.columns import print_lines
    from harness.cli.progress import console_for_tables

    records = _current(args)
    for spec in chosen(args):
        print_lines(console_for_tables(), _lines(spec, args, records))
    return ExitCode.SATISFIED


def _lines(spec: EnvironmentSpec, args: argparse.Namespace, records: list[Record]) -> Iterator[str]:
    from harness.environments import inventory, lock
    from harness.environments.backend import recipes_of
    from harness.environments.spec import read_text

    built = inventory.find(spec.ref(args.backend))
    packages = built.packages if built else lock.pins(read_text(spec.lock))
    recipes = recipes_of(spec)
    yield f"{spec.name}: {spec.description}"
    yield f"  python     {spec.python}"
    yield f"  weights    {', '.join(weights.value for weights in spec.weights_formats)}"
    yield f"  consumers  {', '.join(spec.consumers)}"
    for backend, recipe in recipes.items():
        yield f"  {backend.value:<9}  {recipe.digest}"
        yield f"             {_state(spec, backend, recipe)}"
    yield f"  used by    {_used_by(spec, recipes, args, records)}"
    yield f"  packages   {len(packages)}, as {'installed' if built else 'locked'}"
    yield from (f"    {name}=={version}" for name, version in packages.items())


def _state(spec: EnvironmentSpec, backend: Backend, recipe: Recipe) -> str:
    """Whether the environment is built, in words."""
    from harness.cell import EnvironmentRef
    from harness.environments import inventory

    built = inventory.find(EnvironmentRef(name=spec.name, backend=backend, digest=recipe.digest))
    if built is None:
        return f"not built; `harness env build {spec.name} --backend {backend.value}`"
    return (
        f"built {_time(built.built_at)} in {built.seconds:.0f} s with Python {built.python_version}, "
        f"used last {_time(built.used_at)}, {_on_disk(built)}: {built.folder}"
    )


def _on_disk(built: Stored) -> str:
    """Its size, and what the disk would get back."""
    from harness.environments import disk

    freed = disk.Together([disk.files_below(built.folder)]).freed
    return f"{size(built.size_bytes)} ({size(freed)} of them its own)"


def _used_by(
    spec: EnvironmentSpec, recipes: dict[Backend, Recipe], args: argparse.Namespace, records: list[Record]
) -> str:
    """The cells that a report shows now, and how many were run in what the folder asked for before."""
    named = [record for record in records if record.environment and record.environment.name == spec.name]
    mine = [record for recipe in recipes.values() for record in _cells(named, recipe.digest)]
    models = sorted({record.model.id for record in mine})
    words = f"{len(mine)} current cell{'s' * (len(mine) != 1)} of {args.output}"
    words += f", of {len(models)} model{'s' * (len(models) != 1)}: {', '.join(models)}" if models else ""
    before = len(named) - len(mine)
    return f"{words}; {before} ran in former versions of it" if before else words


def _cells(records: list[Record], digest: str) -> list[Record]:
    return [record for record in records if record.environment and record.environment.digest == digest]


def _current(args: argparse.Namespace) -> list[Record]:
    """What the site of ``--output`` shows, nothing if there is no ledger yet."""
    from harness.ledger.query import current
    from harness.ledger.store import read_records
    from harness.ledger.survey import read_surveys

    ledger = args.output / "ledger"
    return current(read_records(ledger), read_surveys(ledger))


def _time(seconds: float) -> str:
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc):%Y-%m-%d %H:%M} UTC"
