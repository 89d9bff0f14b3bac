"""``harness env``: list, lock, build and show environments."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from harness.cell import Backend
from harness.cli import options
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.environments.spec import EnvironmentSpec


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("action", choices=["list", "lock", "build", "show", "prune"])
    parser.add_argument(
        "names", nargs="*", default=[], metavar="NAME", help="environments (default: all of them)"
    )
    parser.add_argument("--upgrade", action="store_true", help="lock: take the newest versions that fit")
    options.add_environments(parser)


def main(args: argparse.Namespace) -> int:
    """Do the action for every environment that is named."""
    from harness.environments import backend as backends
    from harness.environments.spec import choose, load_all

    backends.choose(args.backend)
    specs = load_all(options.environments_folder(args.environments))
    chosen = [choose(specs, name) for name in args.names] or list(specs.values())
    actions = {"list": _list, "lock": _lock, "build": _build, "show": _show, "prune": _prune}
    if args.action == "prune" and args.names:
        raise UsageError("env prune takes no names: it removes what no environment asks for any more")
    return int(actions[args.action](chosen, args))


def _list(specs: list[EnvironmentSpec], args: argparse.Namespace) -> ExitCode:
    from rich.table import Table

    from harness.cli.progress import console_for_tables
    from harness.environments import store

    table = Table("name", "python", "weights formats", "consumers", "digest", "built", box=None)
    for spec in specs:
        built = store.find(spec, args.backend)
        table.add_row(
            spec.name,
            spec.python,
            " ".join(weights.value for weights in spec.weights_formats),
            " ".join(spec.consumers),
            spec.digest(args.backend)[:12],
            f"yes, {_size(built.size_bytes)}" if built else "no",
        )
    console_for_tables().print(table)
    return ExitCode.SATISFIED


def _lock(specs: list[EnvironmentSpec], args: argparse.Namespace) -> ExitCode:
    from harness.environments import lock
    from harness.environments.conda import refresh as conda_lock
    from harness.environments.failure import EnvironmentBuildError
    from harness.paths import cache_folder

    code = ExitCode.SATISFIED
    for spec in specs:
        _say(f"{spec.name}: solving")
        log = cache_folder() / "locks" / f"{spec.name}.log"
        try:
            if args.backend is Backend.CONDA:
                written = conda_lock.refresh(spec, log=log, upgrade=args.upgrade)
            else:
                lock.refresh(spec, log=log, upgrade=args.upgrade)
                written = spec.lock
        except EnvironmentBuildError as error:
            _say(f"{error.message}\n{spec.name}: the complete output is in {error.log}")
            code = ExitCode.FAILED
        else:
            _say(f"{spec.name}: wrote {written}")
    return code


def _build(specs: list[EnvironmentSpec], args: argparse.Namespace) -> ExitCode:
    from harness.environments import store
    from harness.environments.failure import EnvironmentBuildError

    code = ExitCode.SATISFIED
    for spec in specs:
        try:
            built = store.ensure(spec, args.backend, on_progress=_say)
        except EnvironmentBuildError as error:
            _say(f"{error.message}\n{spec.name}: the complete output is in {error.log}")
            code = ExitCode.NO_VERDICT
        else:
            print(f"{spec.name}: {built.prefix} ({_size(built.size_bytes)})")  # noqa: T201
    return code


def _show(specs: list[EnvironmentSpec], args: argparse.Namespace) -> ExitCode:
    from harness.environments import lock, store
    from harness.environments.spec import read_text

    for spec in specs:
        built = store.find(spec, args.backend)
        packages = built.packages if built else lock.pins(read_text(spec.lock))
        lines = [
            f"{spec.name}: {spec.description}",
            f"  python     {built.python_version if built else spec.python}",
            f"  weights    {', '.join(weights.value for weights in spec.weights_formats)}",
            f"  consumers  {', '.join(spec.consumers)}",
            f"  digest     {spec.digest(args.backend)}",
            f"  built      {built.prefix if built else 'not yet; `harness env build ' + spec.name + '`'}",
            f"  packages   {len(packages)}",
            *(f"    {name}=={version}" for name, version in packages.items()),
        ]
        print("\n".join(lines))  # noqa: T201
    return ExitCode.SATISFIED


def _prune(specs: list[EnvironmentSpec], args: argparse.Namespace) -> ExitCode:
    """Remove every built environment that no folder asks for any more (an older lock, say)."""
    from harness.environments import inventory
    from harness.environments.backend import BACKENDS

    del args
    before = {stored.folder: stored for stored in inventory.stored()}
    asked_for = ((spec, backend) for spec in specs for backend in BACKENDS if spec.serves(backend))
    gone = inventory.prune([spec.ref(backend) for spec, backend in asked_for])
    for folder in gone:
        name = f"{before[folder].ref.name}: " if folder in before else "leftovers: "
        print(f"{name}removed {folder}")  # noqa: T201
    freed = sum(before[folder].size_bytes for folder in gone if folder in before)
    print(f"{len(gone)} removed, {_size(freed)}")  # noqa: T201
    return ExitCode.SATISFIED


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def _size(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
