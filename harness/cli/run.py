"""``harness run``: the main job, from a collection to a site."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.cli.plan import THREADS, plan_for
from harness.errors import CollectionError, UsageError

if TYPE_CHECKING:
    from harness.cli.progress import RunDisplay
    from harness.environments.spec import EnvironmentSpec
    from harness.ledger.store import LedgerWriter
    from harness.plan.make import Planned
    from harness.plan.plan import LeftOut, PlannedCell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_collection(parser)
    options.add_environments(parser)
    options.add_output(parser)
    options.add_site(parser)
    parser.add_argument(
        "--isolation",
        choices=["auto", "process", "sandbox", "container"],
        default="auto",
        help="how far models are kept apart; this version has `process`: for models that you trust",
    )
    parser.add_argument(
        "--shard", type=_shard, metavar="K/N", default=(1, 1), help="run the K-th of N parts of the plan"
    )
    parser.add_argument(
        "--plan", type=Path, metavar="FILE", help="run this plan.json instead of making a plan"
    )
    parser.add_argument(
        "--jobs", type=_positive, metavar="N", help="cells at a time (default: one for each processor)"
    )
    parser.add_argument(
        "--rerun",
        choices=["all", "failed", "inconclusive"],
        default="inconclusive",
        help="which cells run again although nothing changed (default: inconclusive)",
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=600.0, metavar="SECONDS", help="for one cell (default: 600)"
    )


def main(args: argparse.Namespace) -> int:
    """Run what has no verdict yet, rebuild the site, and return the gate's exit code."""
    from harness.cli.finish import finish
    from harness.cli.progress import RunDisplay
    from harness.execute import origin
    from harness.execute.session import Rerun, to_run
    from harness.ledger.store import LedgerWriter, read_records
    from harness.ledger.survey import Survey
    from harness.plan.plan import collection_name
    from harness.plan.shard import shard

    if args.isolation in ("sandbox", "container"):
        raise UsageError(f"--isolation {args.isolation}: is not in this version; it has `process` only")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cancelled CI job stops like Ctrl-C
    run = origin.run_id()
    ledger = LedgerWriter(args.output / "ledger", run)  # before any work: it says if it cannot be written
    planned, specs = _planned(args)
    plan, at = planned.plan, origin.now()
    if not plan.cells:
        # The most telling example: what was selected and yet left out.
        left = sorted(plan.left_out, key=lambda left: left.why.startswith("not selected by --select"))
        why = f", e.g. {left[0].what}: {left[0].why}" if left else ""
        raise UsageError(f"{plan.collection}: no cell is left to run{why}; `harness plan` lists all")
    cells = shard(plan.cells, *args.shard)
    todo = to_run(cells, read_records(args.output / "ledger"), Rerun(args.rerun), timeout=args.timeout)
    with RunDisplay(total=len(todo)) as display:
        try:
            _execute(args, run, todo, planned, specs, ledger, display)
        finally:
            display.stop()
            survey = Survey(
                collection=collection_name(plan.collection),
                at=at,
                sources=plan.sources,
                keys=tuple(cell.key for cell in cells),
            )
            code = finish(
                cells, args.output, run=run, ran=display.done, survey=survey, site_url=args.site_url
            )
            _say_left_out(plan.left_out)
    return int(code)


def _say_left_out(left_out: Sequence[LeftOut]) -> None:
    """Say that cells are not in the plan for a reason that the user did not ask for."""
    unasked = [left for left in left_out if not left.why.startswith("not selected")]
    if unasked:
        example = f"{unasked[0].what}: {unasked[0].why}"
        print(f"{len(unasked)} left out, e.g. {example}; `harness plan` lists them")  # noqa: T201


def _planned(args: argparse.Namespace) -> tuple[Planned, dict[str, EnvironmentSpec]]:
    """The plan with its models, and the environments; a plan that was made here is stored."""
    from harness import jsonio
    from harness.cli.progress import reading
    from harness.environments.spec import load_all
    from harness.plan.make import Planned, models_of
    from harness.plan.plan import read_plan

    if args.plan is None:
        planned, specs = plan_for(args)
        jsonio.write(args.output / "plan.json", planned.plan)
        return planned, specs
    asked = (args.collection, *args.select, *args.consumer, *args.weights, *(args.device or ()))
    if any(asked):
        raise UsageError(
            f"{args.plan}: a plan holds its own selection; leave out COLLECTION, --select, --weights, "
            "--consumer and --device"
        )
    plan = read_plan(args.plan)
    specs = load_all(options.environments_folder(args.environments))
    for entry in plan.cells:
        environment = entry.cell.environment
        if environment and (
            environment.name not in specs or specs[environment.name].ref(environment.backend) != environment
        ):
            raise UsageError(
                f"{args.plan}: environment {environment.name} is not what it was; make the plan again"
            )
    with reading() as on_model:
        try:
            return Planned(plan, models_of(plan, on_model=on_model)), specs
        except CollectionError as error:
            raise UsageError(f"{args.plan}: {error}; run it where the plan was made") from error


def _execute(
    args: argparse.Namespace,
    run: str,
    todo: list[PlannedCell],
    planned: Planned,
    specs: dict[str, EnvironmentSpec],
    ledger: LedgerWriter,
    display: RunDisplay,
) -> None:
    from harness.execute.run_cell import Settings
    from harness.execute.session import Session
    from harness.plan.plan import collection_name

    session = Session(
        models=planned.models,
        specs=specs,
        ledger=ledger,
        settings=Settings(
            run=run,
            collection=collection_name(planned.plan.collection),
            artifacts=args.output / "artifacts",
            worker=Path(),
            timeout=args.timeout,
            threads=THREADS,
        ),
        observer=display,
        cancel=threading.Event(),
    )
    session.execute(todo, jobs=args.jobs or options.default_jobs())


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of 1 or more")
    return number


def _shard(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text} is not K/N with 1 ≤ K ≤ N, such as 2/8")
    return int(index), int(count)


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return number
