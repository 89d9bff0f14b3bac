"""``harness github matrix``: from an event to the plan, and to the jobs that run it."""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.cli import options
from harness.cli.plan import THREADS, add_verify_files
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.change import Change
    from harness.cli.github.asked import Asked
    from harness.cli.github.jobs import Job
    from harness.environments.spec import EnvironmentSpec
    from harness.ledger.record import Record
    from harness.plan.plan import Plan, PlannedCell
    from harness.plan.shard import Part
    from harness.policy import Policy

_MOST_JOBS = 256  # of one matrix
_TARGET_MINUTES = 15.0
_SHOWN = 1000  # cells; plan.json has all
_NO_POLICY = b"schema = 1\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_collection(parser)
    options.add_environments(parser)
    options.add_repeat(parser)
    options.add_as_described(parser)
    options.add_versions(parser)
    add_verify_files(parser)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("plan"),
        metavar="DIR",
        help="for plan.json, change.json, policy.toml, and ledger/ with what need not run (default: plan)",
    )
    parser.add_argument(
        "--base", default="", metavar="COMMIT", help="compare with it (default: as the event says)"
    )
    parser.add_argument(
        "--head", default="", metavar="COMMIT", help="what is checked out (default: as the event says)"
    )
    parser.add_argument(
        "--ledger",
        type=Path,
        metavar="DIR",
        help="what is published: cells with a conclusive record there need not run, and it tells how long "
        "others take; may be missing",
    )
    parser.add_argument(
        "--new-environments",
        action="store_true",
        help="only the columns of environments whose lock is not as in the commit that is checked out",
    )
    parser.add_argument(
        "--max-jobs", type=_jobs, default=_MOST_JOBS, metavar="N", help="at most so many jobs (default: 256)"
    )
    parser.add_argument(
        "--target-minutes",
        type=_minutes,
        default=_TARGET_MINUTES,
        metavar="M",
        help=f"what one job should take, its cells one after the other (default: {_TARGET_MINUTES:g})",
    )


def main(args: argparse.Namespace) -> int:
    """Write the plan folder and the outputs of this step, and say in words what they hold."""
    from harness import jsonio
    from harness.cli.actions import plain_text
    from harness.cli.github.asked import asked
    from harness.github.outputs import write_outputs

    args.collection = args.collection or options.DEFAULT_COLLECTION
    with plain_text():
        wish = asked(args.collection, base=args.base, head=args.head)
        change, plan, jobs = _planned(args, wish)
        jsonio.write(args.output / "change.json", change)
        _write(args.output / "plan.json", plan)
        _say(args, change, plan, jobs)
    if path := os.environ.get("GITHUB_OUTPUT"):
        outputs = {
            "shards": jsonio.dumps([job for job, _ in jobs]).decode(),
            "digest": hashlib.sha256((args.output / "plan.json").read_bytes()).hexdigest(),
            "count": jobs[0][0].shard.partition("/")[2] if jobs else "0",
        }
        write_outputs(Path(path), outputs)
    return int(ExitCode.SATISFIED)


def _planned(args: argparse.Namespace, wish: Asked) -> tuple[Change, Plan, list[tuple[Job, Part]]]:
    """What is handed on; policy and records are in the folder when this returns."""
    from harness.cli.github.jobs import jobs_of
    from harness.cli.github.reasons import wanted_of
    from harness.cli.plan import plan_for
    from harness.github.runners import FILE, read_runners
    from harness.ledger.durations import needed_by_names
    from harness.ledger.query import conclusive_by_key
    from harness.plan.narrow import narrowed, with_recorded

    policy = _keep_policy(args, wish)
    runners = read_runners(wish.rules(Path(FILE)))
    needed = needed_by_names(_published(args.ledger))
    specs: Mapping[str, EnvironmentSpec] = {}
    if wish.is_for_nothing:
        plan = _without_cells(args, policy)
    else:
        planned, specs = plan_for(
            args,
            policy,
            repeat=options.repeat_for(args, policy),
            recorded={names: known.seconds for names, known in needed.items()},
        )
        plan = planned.plan
    wanted, broad = wanted_of(wish, specs)
    if args.new_environments:
        plan, broad = _in_new_environments(args, plan, specs)
    plan = plan if wanted is None else narrowed(plan, wanted)
    # A ledger may hold more records than fit into memory. What a pull request changes is in none that counts:
    # nobody can tell later whether a record that this job hands on was published.
    keys = set() if wish.change.pull else {entry.key for entry in plan.cells}
    conclusive = conclusive_by_key(record for record in _published(args.ledger) if record.key in keys)
    plan = with_recorded(plan, conclusive, wanted)
    _keep_records(args.output, plan, conclusive)

    def memory_of(entry: PlannedCell) -> int:
        known = needed.get(entry.cell.names)
        allowed = [policy.limits_for(entry.cell).memory_bytes]
        if entry.cell.environment is not None:
            allowed.append(specs[entry.cell.environment.name].limits.memory_bytes)
        return max(known.memory_bytes if known else 0, *(stated or 0 for stated in allowed))

    jobs = jobs_of(
        plan,
        target_seconds=60 * args.target_minutes,
        most=args.max_jobs,
        runners=runners,
        memory_of=memory_of,
    )
    return msgspec.structs.replace(wish.change, broad=broad), plan, jobs


def _in_new_environments(
    args: argparse.Namespace, plan: Plan, specs: Mapping[str, EnvironmentSpec]
) -> tuple[Plan, str]:
    """The plan with no other cells than theirs, and in words why."""
    from harness.cli.github.new_environments import new_environments
    from harness.plan.narrow import columns_of

    new = new_environments(options.environments_folder(args.environments), specs)
    return columns_of(plan, new), f"new environments: {', '.join(sorted(new)) or 'none'}"


def _write(path: Path, plan: Plan) -> None:
    """Without indentation: thousands of models make hundreds of megabytes, and each job downloads it."""
    from harness import jsonio
    from harness.plan.plan import LARGEST_BYTES

    data = jsonio.dumps(plan) + b"\n"
    if len(data) > LARGEST_BYTES:
        raise UsageError(
            f"{path}: {len(plan.cells):,} cells are too many for one plan ({len(data):,} bytes, at most "
            f"{LARGEST_BYTES:,}); change fewer models at once, or name some with --select"
        )
    jsonio.write_bytes(path, data)


def _keep_policy(args: argparse.Namespace, wish: Asked) -> Policy:
    """The policy that decides, in the folder that is handed on."""
    from harness import jsonio
    from harness.policy import place_of_policy, read_policy

    place = place_of_policy(args.collection)
    content = wish.rules(place) if place else None
    path: Path = args.output / "policy.toml"
    jsonio.write_bytes(path, _NO_POLICY if content is None else content)
    return read_policy(path)


def _published(ledger: Path | None) -> Iterator[Record]:
    """The records of a published ledger: those of a run's output, or of the folder itself."""
    from harness.ledger.store import read_records

    if ledger is not None:
        inner = ledger / "ledger"
        yield from read_records(inner if inner.is_dir() else ledger)


def _keep_records(output: Path, plan: Plan, conclusive: Mapping[str, Record]) -> None:
    """Hand on the records of cells that need not run: the job that has such a cell takes over its record."""
    from harness import jsonio

    known = [conclusive[entry.key] for entry in plan.cells if entry.recorded]
    path = output / "ledger" / "published.jsonl"
    path.unlink(missing_ok=True)
    if known:
        jsonio.write_bytes(path, b"".join(jsonio.dumps(record) + b"\n" for record in known))


def _without_cells(args: argparse.Namespace, policy: Policy) -> Plan:
    """The plan of a change that touches nothing: no model is read for it."""
    import harness
    from harness.collection.index import find_models
    from harness.execute import clock
    from harness.execute.deciding import deciding_settings
    from harness.plan.plan import Plan

    repeat = options.repeat_for(args, policy)
    return Plan(
        collection=args.collection,
        created_at=clock.now(),
        harness=harness.__version__,
        sources=tuple(found.source for found in find_models(args.collection)),
        cells=(),
        settings=deciding_settings(threads=THREADS, repeat=repeat, policy=policy),
    )


def _say(args: argparse.Namespace, change: Change, plan: Plan, jobs: Sequence[tuple[Job, Part]]) -> None:
    """The plan and its jobs in words."""
    from harness.cli.columns import print_columns, print_lines
    from harness.cli.github.reasons import in_words
    from harness.cli.plan import counted
    from harness.cli.print_plan import print_plan
    from harness.cli.progress import console_for_tables

    console = console_for_tables()
    if jobs:
        print_plan(plan, most=_SHOWN)
        print_columns(
            console,
            ("shard", "expected", "what", "runs on"),
            [
                (job.shard, f"{part.seconds / 60:.1f} min", job.name, ", ".join(job.runner))
                for job, part in jobs
            ],
        )
    recorded = sum(entry.recorded for entry in plan.cells)
    print_lines(console, in_words(change))
    if recorded:
        print_lines(console, [f"{recorded} need not run: {args.ledger} has conclusive records of them"])
    if max(len(plan.cells), len(plan.left_out)) > _SHOWN:
        print_lines(console, [f"shown are {_SHOWN} of each; plan.json has all"])
    print_lines(console, [f"{counted(plan)}; written to {args.output}"])


def _jobs(text: str) -> int:
    number = options.positive(text)
    if number > _MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text}: a matrix of GitHub Actions has at most {_MOST_JOBS} jobs")
    return number


def _minutes(text: str) -> float:
    number = options.not_negative(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes of 1 or more")
    return number
