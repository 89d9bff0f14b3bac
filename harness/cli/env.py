"""``harness env``: list, lock, build, show, compare and prune environments."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import TYPE_CHECKING, NamedTuple

from harness.cell import Backend
from harness.cli import options
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.environments.built import BuiltEnvironment
    from harness.environments.spec import EnvironmentSpec


class _Action(NamedTuple):
    """Which function does it, one line of help, and an example."""

    does: str
    summary: str
    example: str


_ACTIONS = {
    "list": _Action("harness.cli.env_show:list_all", "one line for each environment", "list"),
    "show": _Action(
        "harness.cli.env_show:show",
        "packages, sizes, digests, who uses it, when it was built and used last",
        "show pytorch",
    ),
    "diff": _Action(
        "harness.cli.env_diff:diff",
        "what differs between two environments; exit code 1 if anything does",
        "diff onnx pytorch",
    ),
    "lock": _Action("harness.cli.env:lock", "solve the requirements and write the locks", "lock --upgrade"),
    "versions": _Action(
        "harness.cli.env_versions:versions",
        "look for new releases of the tools and packages that are kept in several versions",
        "versions --add",
    ),
    "build": _Action(
        "harness.cli.env:build", "build now; a run builds what it needs", "build --digest 3b3a84a47c80"
    ),
    "prune": _Action(
        "harness.cli.env_prune:prune", "remove what is not needed any more", "prune --older-than 30 --dry-run"
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True)
    for name, action in _ACTIONS.items():
        sub = actions.add_parser(
            name,
            help=action.summary,
            description=f"{action.summary[0].upper()}{action.summary[1:]}.",
            epilog=f"example:\n  harness env {action.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _add_options(name, sub)
        sub.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks")


def _add_options(action: str, parser: argparse.ArgumentParser) -> None:
    options.add_environments(parser)
    if action == "diff":
        for name in ("before", "after"):
            parser.add_argument(
                name, metavar=name[0].upper(), help="an environment's name, or the beginning of a digest"
            )
    elif action != "prune":
        parser.add_argument(
            "names", nargs="*", default=[], metavar="NAME", help="environments (default: all of them)"
        )
    if action == "lock":
        parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    if action == "versions":
        parser.add_argument("--add", action="store_true", help="write new releases into environment.toml")
        parser.add_argument(
            "--lock",
            action="store_true",
            help="with --add: solve them, too, and take out again what has no solution",
        )
    if action == "build":
        parser.set_defaults(backend=None)
        parser.add_argument(
            "--digest",
            metavar="DIGEST",
            help="make exactly the environment that a record names, by its first 6 or more digits; with "
            "--backend, the same source by another back-end",
        )
        options.add_offline(parser)
    if action == "prune":
        _add_limits(parser)
    if action in ("list", "show", "diff", "build"):
        options.add_output(parser)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--older-than",
        type=options.not_negative,
        metavar="DAYS",
        help="also what was used last more than so many days ago (environments as described: 30, if this is "
        "not given)",
    )
    parser.add_argument(
        "--max-size",
        type=options.not_negative,
        metavar="GB",
        help="also what was used least recently, until the rest takes no more than this on the disk",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")


def main(args: argparse.Namespace) -> int:
    """Do the action."""
    module, _, function = _ACTIONS[args.action].does.partition(":")
    return int(getattr(importlib.import_module(module), function)(args))


def chosen(args: argparse.Namespace) -> list[EnvironmentSpec]:
    """The environments that are named, or else all."""
    from harness.environments import backend as backends
    from harness.environments.spec import choose_all, load_all

    if args.backend is not None:
        backends.choose(args.backend)
    specs = load_all(options.environments_folder(args.environments))
    return [spec for name in args.names for spec in choose_all(specs, name)] or list(specs.values())


def lock(args: argparse.Namespace) -> ExitCode:
    """Solve each environment, and print what is otherwise than in the lock that was there."""
    done = [lock_one(spec, args.backend, upgrade=args.upgrade) for spec in chosen(args)]
    return ExitCode.SATISFIED if all(done) else ExitCode.FAILED


def lock_one(spec: EnvironmentSpec, backend: Backend, *, upgrade: bool = False) -> bool:
    """Solve an environment, and say so; False if it has no solution."""
    from harness.cli.env_diff import print_changes
    from harness.environments import lock as locks
    from harness.environments.conda import refresh as conda_lock
    from harness.environments.difference import changes
    from harness.environments.failure import EnvironmentBuildError
    from harness.paths import cache_folder

    say(f"{spec.name}: solving")
    before = spec.recipe(backend) if spec.lock.exists() else None
    log = cache_folder() / "locks" / f"{spec.name}.log"
    try:
        if backend is Backend.CONDA:
            written = conda_lock.refresh(spec, log=log, upgrade=upgrade)
        else:
            locks.refresh(spec, log=log, upgrade=upgrade)
            written = spec.lock
    except EnvironmentBuildError as error:
        say(f"{error.message}\n{spec.name}: the complete output is in {error.log}")
        return False
    say(f"{spec.name}: wrote {written}")
    if before is not None:
        print_changes(spec.name, "now", changes(before, spec.recipe(backend)))
    return True


def build(args: argparse.Namespace) -> ExitCode:
    """Build each environment, or the one with a digest."""
    options.apply_offline(args)
    if args.digest is None:
        backend = args.backend or Backend.VENV
        return _worst([build_one(spec, backend) is not None for spec in chosen(args)])
    if args.names:
        raise UsageError(f"--digest names the environment already; leave out {' '.join(args.names)}")
    from harness.cli.replaying import build_again

    return _worst([build_again(args)])


def _worst(done: list[bool]) -> ExitCode:
    return ExitCode.SATISFIED if all(done) else ExitCode.NO_VERDICT


def build_one(spec: EnvironmentSpec, backend: Backend) -> BuiltEnvironment | None:
    """Build and say where it is; None if it cannot be built."""
    from harness.environments import store
    from harness.environments.failure import EnvironmentBuildError

    try:
        built = store.ensure(spec, backend, on_progress=say)
    except EnvironmentBuildError as error:
        say(f"{error.message}\n{spec.name}: the complete output is in {error.log}")
        return None
    print(f"{spec.name}: {built.image or built.prefix} ({size(built.size_bytes)})")  # noqa: T201
    return built


def say(line: str) -> None:
    """Tell people, who are not the ones that read standard output."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def size(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1e6:,.0f} MB"
