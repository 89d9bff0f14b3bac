"""``harness plan``: write plan.json and say why each cell is in it or left out."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.cli import options
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.environments.spec import EnvironmentSpec
    from harness.plan.make import Planned
    from harness.plan.plan import Plan
    from harness.policy import Policy

THREADS = 1


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
        "--durations",
        type=Path,
        metavar="LEDGER",
        help="folder of records by which to expect how long cells take (default: guess by weights and tool)",
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
    from harness.cli.columns import print_lines
    from harness.cli.progress import console_for_tables

    policy = options.policy_for(args)
    repeat = options.repeat_for(args, policy)
    planned, _ = plan_for(args, policy, repeat=repeat, recorded=_recorded(args.durations))
    path = args.output / "plan.json"
    jsonio.write(path, planned.plan)
    print_plan(planned.plan)
    print_lines(
        console_for_tables(), [*_of_this_machine(planned.plan), f"{counted(planned.plan)}; written to {path}"]
    )
    return int(ExitCode.SATISFIED)


def _recorded(ledger: Path | None) -> Mapping[tuple[str, ...], float]:
    """Seconds that cells took, by their names."""
    from harness.ledger.durations import needed_by_names
    from harness.ledger.store import read_records

    if ledger is None:
        return {}
    if not ledger.is_dir():
        raise UsageError(f"--durations {ledger}: is no folder; name one with records, such as reports/ledger")
    return {names: needed.seconds for names, needed in needed_by_names(read_records(ledger)).items()}


def print_plan(plan: Plan, *, most: int | None = None) -> None:
    """Every cell, and what is left out, with the reason; at most so many of each."""
    from harness.cli.columns import print_columns, print_lines
    from harness.cli.progress import console_for_tables

    console = console_for_tables()
    print_columns(
        console,
        ("model", "weights", "consumer", "environment", "device", "why"),
        [
            (
                entry.cell.model.id,
                entry.cell.weights_format.value if entry.cell.weights_format else "–",
                f"{entry.cell.consumer.name} {entry.cell.consumer.version}",
                entry.cell.environment.name if entry.cell.environment else "–",
                entry.cell.device.value,
                entry.settled.message if entry.settled else entry.why,
            )
            for entry in plan.cells[:most]
        ],
    )
    print_lines(console, (f"left out: {left.what}: {left.why}" for left in plan.left_out[:most]))


def _of_this_machine(plan: Plan) -> Iterator[str]:
    """What cannot run here although it is planned."""
    from harness.execute.on_gpu import missing_devices
    from harness.plan.devices import devices_of

    for device, why in missing_devices(devices_of(plan)).items():
        yield (
            f"{device.value} cannot be used on this machine: {why}; "
            "run the plan where it can: harness run --plan FILE"
        )


def counted(plan: Plan) -> str:
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
    recorded: Mapping[tuple[str, ...], float] = MappingProxyType({}),
    on_likely: Callable[[EnvironmentSpec, str], None] = lambda _spec, _consumer: None,
) -> tuple[Planned, dict[str, EnvironmentSpec]]:
    """The plan that the options ask for, and the environments that it refers to.

    Args:
        recorded: seconds that cells took, by their names.
        on_likely: hears as soon as can be of an environment and a consumer that cells will likely need.
    """
    from harness.cell import Device
    from harness.cli.progress import reading
    from harness.environments import backend
    from harness.environments.expected import expected
    from harness.environments.published import load_published
    from harness.environments.spec import load_all
    from harness.execute import clock
    from harness.execute.deciding import deciding_settings
    from harness.plan.expect import expect
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
    specs = {**specs, **planned.declared}
    used = {environment.name: environment.backend for environment in planned.plan.environments}
    setup_seconds = {name: expected(specs[name], used_backend).seconds for name, used_backend in used.items()}
    plan = expect(planned.plan, recorded=recorded, setup_seconds=setup_seconds)
    return planned._replace(plan=plan), specs
