"""``harness plan``: write plan.json and say why each cell is in it or left out."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from harness.cli import options
from harness.errors import ExitCode
from harness.verdict import Status

if TYPE_CHECKING:
    from harness.environments.spec import EnvironmentSpec
    from harness.plan.make import Planned
    from harness.plan.plan import Plan, PlannedCell
    from harness.policy import Policy

THREADS = 1
_Entry = TypeVar("_Entry")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_collection(parser)
    options.add_environments(parser)
    options.add_policy(parser)
    options.add_repeat(parser)
    options.add_as_described(parser)
    options.add_versions(parser)
    add_verify_files(parser)
    parser.add_argument(
        "--all",
        action="store_true",
        help="one line for each cell (default: one for each reason why a tool does not open something, "
        "or why something is left out)",
    )
    options.add_output(parser)


def add_verify_files(parser: argparse.ArgumentParser) -> None:
    """``--verify-files``."""
    parser.add_argument(
        "--verify-files",
        action="store_true",
        help="hash every file again (default: as the policy says, else one whose size, times and inode are "
        "those of an earlier run is taken to be unchanged)",
    )


def main(args: argparse.Namespace) -> int:
    """Write ``DIR/plan.json`` and print it as a table."""
    from harness import jsonio
    from harness.cli.columns import print_columns, print_lines
    from harness.cli.progress import console_for_tables

    policy = options.policy_for(args)
    planned, _ = plan_for(args, policy, repeat=options.repeat_for(args, policy))
    path = args.output / "plan.json"
    jsonio.write(path, planned.plan)
    console = console_for_tables()
    cells, left_out = planned.plan.cells, planned.plan.left_out
    told = [entry for entry in cells if args.all or not _not_applicable(entry)]
    print_columns(console, ("model", "weights", "consumer", "environment", "device", "why"), map(_row, told))
    if args.all:
        print_lines(console, (f"left out: {left.what}: {left.why}" for left in left_out))
    else:
        print_lines(console, _in_groups("not applicable", filter(_not_applicable, cells), _told_of_cell))
        print_lines(console, _in_groups("left out", left_out, lambda left: (left.what, left.why)))
    print_lines(console, _of_this_machine(planned.plan))
    print_lines(console, [f"{_counted(planned.plan)}; written to {path}"])
    return int(ExitCode.SATISFIED)


def _row(entry: PlannedCell) -> tuple[str, ...]:
    cell = entry.cell
    return (
        cell.model.id,
        cell.weights_format.value if cell.weights_format else "–",
        f"{cell.consumer.name} {cell.consumer.version}".rstrip(),
        cell.environment.name if cell.environment else "–",
        cell.device.value,
        entry.settled.message if entry.settled else entry.why,
    )


def _not_applicable(entry: PlannedCell) -> bool:
    return entry.settled is not None and entry.settled.verdict.status is Status.NOT_APPLICABLE


def _told_of_cell(entry: PlannedCell) -> tuple[str, str]:
    model, weights, consumer, *_, why = _row(entry)
    return f"{model} · {weights} · {consumer}", why


def _in_groups(
    heading: str, entries: Iterable[_Entry], told: Callable[[_Entry], tuple[str, str]]
) -> Iterator[str]:
    """What is alike in one line: why, the first that it is so for, and how many more."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        what, why = told(entry)
        groups.setdefault(why, []).append(what)
    for why, (first, *others) in groups.items():
        yield f"{heading}: {first}{f' and {len(others)} more' if others else ''}: {why}"


def _of_this_machine(plan: Plan) -> Iterator[str]:
    """What cannot run here although it is planned."""
    from harness.execute.on_gpu import missing_devices
    from harness.plan.devices import devices_of

    for device, why in missing_devices(devices_of(plan)).items():
        yield (
            f"{device.value} cannot be used on this machine: {why}; "
            "run the plan where it can: harness run --plan FILE"
        )


def _counted(plan: Plan) -> str:
    """How much there is: "7 cells planned in 3 environments (1 as described), 2 left out"."""
    cells = len(plan.cells)
    found = plan.environments
    described = sum(environment.as_described for environment in found)
    of_these = f" ({described} as described)" if described else ""
    return (
        f"{cells} cell{'s' * (cells != 1)} planned in {len(found)} environment{'s' * (len(found) != 1)}"
        f"{of_these}, {len(plan.left_out)} left out"
    )


def plan_for(
    args: argparse.Namespace,
    policy: Policy,
    *,
    repeat: int,
    on_likely: Callable[[EnvironmentSpec, str], None] = lambda _spec, _consumer: None,
) -> tuple[Planned, dict[str, EnvironmentSpec]]:
    """The plan that the options ask for, and the environments that it refers to.

    Args:
        on_likely: hears as soon as can be of an environment and a consumer that cells will likely need.
    """
    from harness.cell import Device
    from harness.cli.progress import reading
    from harness.environments import backend
    from harness.environments.published import load_published
    from harness.environments.spec import load_all
    from harness.execute import clock
    from harness.execute.deciding import deciding_settings
    from harness.plan.make import make_plan
    from harness.plan.matrix import Selection
    from harness.policy import Versions

    backend.choose(args.backend)
    folder = options.environments_folder(args.environments)
    specs = load_all(folder)
    wanted = Versions(args.versions or policy.versions)
    specs = {name: spec for name, spec in specs.items() if wanted is Versions.ALL or not spec.newer}
    with reading() as on_model:
        planned = make_plan(
            args.collection or options.DEFAULT_COLLECTION,
            specs=specs,
            backend=args.backend,
            selection=Selection(
                models=tuple(args.select),
                consumers=tuple(args.consumer),
                weights=tuple(args.weights),
                devices=tuple(dict.fromkeys(args.device or [Device.CPU])),
            ),
            settings=deciding_settings(threads=THREADS, repeat=repeat, policy=policy),
            policy=policy,
            created_at=clock.now(),
            as_described=args.as_described or policy.as_described,
            published=load_published(folder),
            verify_files=options.verify_files_for(args, policy),
            on_model=on_model,
            on_likely=lambda environment, consumer: on_likely(specs[environment], consumer),
        )
    return planned, {**specs, **planned.declared}
