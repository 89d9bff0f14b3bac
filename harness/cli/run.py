"""``harness run``: the main job, from a collection to a site."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.cli.plan import THREADS, add_verify_files
from harness.cli.work import Rules, Work, rules_for, work_for
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.cli.actions import Folds
    from harness.execute.clock import Clock
    from harness.execute.preparation import Preparation
    from harness.execute.settings import Settings
    from harness.ledger.store import LedgerWriter
    from harness.plan.plan import LeftOut


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_collection(parser)
    options.add_environments(parser)
    options.add_policy(parser)
    options.add_offline(parser)
    options.add_repeat(parser)
    options.add_as_described(parser)
    options.add_versions(parser)
    add_verify_files(parser)
    options.add_output(parser)
    options.add_site(parser)
    parser.add_argument(
        "--isolation",
        choices=["auto", "process", "sandbox", "container"],
        default="auto",
        help="how far models are kept from this machine and from each other (default: as the policy says, "
        "else the sandbox if it can be had here, else process: for models that you trust); `harness doctor` "
        "says what holds; images run in containers",
    )
    parser.add_argument(
        "--no-fork",
        action="store_true",
        help="start each cell in a new interpreter instead of forking it from one that has imported the "
        "framework: slower, same verdicts",
    )
    parser.add_argument(
        "--shard",
        type=shard_argument,
        metavar="K/N",
        default=(1, 1),
        help="run the K-th of N parts of the plan",
    )
    parser.add_argument(
        "--gate-later",
        action="store_true",
        help="leave what failed to `harness gate`: exit code 3 if a required cell has no verdict, else 0",
    )
    parser.add_argument(
        "--plan", type=Path, metavar="FILE", help="run this plan.json instead of making a plan"
    )
    parser.add_argument(
        "--jobs", type=options.positive, metavar="N", help="cells at a time (default: one for each processor)"
    )
    parser.add_argument(
        "--rerun",
        choices=["all", "failed", "inconclusive"],
        default="inconclusive",
        help="which cells run again although nothing changed (default: inconclusive)",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help="of wall time for one attempt at a cell (default: as policy or environment say, else 600)",
    )


def main(args: argparse.Namespace) -> int:
    """Run what has no verdict yet, rebuild the site, and return the gate's exit code."""
    from harness.cli.actions import one_stream
    from harness.cli.annotate import annotate_descriptions

    with one_stream():
        code = _main(args)
        annotate_descriptions(args.plan or args.output / "plan.json", args.output, os.environ)
    return code


def _main(args: argparse.Namespace) -> int:
    from harness.cli.actions import plain_text
    from harness.consumers import CONSUMERS
    from harness.execute import origin
    from harness.execute.preparation import Preparation
    from harness.ledger.store import LedgerWriter

    options.apply_offline(args)
    run = origin.run_id()
    ledger = LedgerWriter(args.output / "ledger", run)  # before any work: it says if it cannot be written
    rules = rules_for(args)
    with (
        plain_text() as folds,
        Preparation(
            isolation=rules.isolation,
            threads=THREADS,
            warm=not args.no_fork,
            one_container_per_cell=rules.policy.isolation.one_container_per_cell,
            cancel=threading.Event(),
        ) as preparation,
    ):
        work = work_for(
            args,
            rules,
            lambda spec, consumer: preparation.expect(spec, args.backend, CONSUMERS[consumer].RUNNER),
        )
        return _run(args, run, ledger, rules, work, preparation, folds)


def _run(
    args: argparse.Namespace,
    run: str,
    ledger: LedgerWriter,
    rules: Rules,
    work: Work,
    preparation: Preparation,
    folds: Folds,
) -> int:
    from harness.cli.before_run import lack_of_room, take_over
    from harness.cli.finish import finish
    from harness.cli.progress import RunDisplay
    from harness.execute.budget import Expectations
    from harness.execute.clock import Clock
    from harness.execute.rerun import Rerun, to_run
    from harness.execute.session import Session
    from harness.execute.whose import ReferenceRecords
    from harness.ledger.query import held
    from harness.ledger.store import read_records
    from harness.ledger.survey import Survey
    from harness.plan.plan import collection_name
    from harness.plan.shard import shard

    plan = work.planned.plan
    cells = shard(plan.cells, *args.shard)
    if args.plan is not None:
        take_over(cells, args.plan.parent / "ledger", ledger)
    known = held(read_records(args.output / "ledger"))
    clock = Clock(known.last_at)
    at = clock.now()
    if not plan.cells:
        # The most telling example: what was selected and yet left out.
        left = sorted(plan.left_out, key=lambda left: left.why.startswith("not selected by"))
        why = f", e.g. {left[0].what}: {left[0].why}" if left else ""
        raise UsageError(f"{plan.collection}: no cell is left to run{why}; `harness plan` lists all")
    with RunDisplay(folds) as display:
        session = Session(
            models=work.planned.models,
            specs=work.specs,
            ledger=ledger,
            settings=_settings(args, run, rules, work, clock),
            observer=display,
            preparation=preparation,
            reference=ReferenceRecords(known.by_key.values()),
        )
        todo = to_run(cells, known.by_key.values(), Rerun(args.rerun), limits_of=session.limits_of)
        expectations = Expectations(known.by_key.values() if todo else ())
        del known  # the ledger is read again at the end: no record is held while cells run
        display.expect(len(todo))
        if warning := lack_of_room(todo, work.specs):
            print(f"harness: {warning}", file=sys.stderr)  # noqa: T201
        try:
            session.execute(todo, jobs=args.jobs or options.default_jobs(), expectations=expectations)
        finally:
            display.stop()
            survey = Survey(
                collection=collection_name(plan.collection),
                at=at,
                sources=plan.sources,
                keys=tuple(cell.key for cell in cells),
            )
            code = finish(
                cells,
                args.output,
                run=run,
                ran=display.done,
                survey=survey,
                site_url=args.site_url,
                policy=rules.policy,
                gate_later=args.gate_later,
            )
            _say_left_out(plan.left_out)
    return int(code)


def _settings(args: argparse.Namespace, run: str, rules: Rules, work: Work, clock: Clock) -> Settings:
    from harness.execute.settings import Settings
    from harness.limits import Limits
    from harness.plan.plan import collection_name

    return Settings(
        run=run,
        collection=collection_name(work.planned.plan.collection),
        artifacts=args.output / "artifacts",
        threads=THREADS,
        clock=clock,
        limits=Limits(seconds=args.timeout),
        policy=rules.policy,
        keys=work.planned.plan.comparable,
        described_in=work.planned.plan.described_in,
        repeat=rules.repeat,
    )


def _say_left_out(left_out: Sequence[LeftOut]) -> None:
    """Say that cells are not in the plan for a reason that the user did not ask for."""
    unasked = [left for left in left_out if not left.why.startswith("not selected")]
    if unasked:
        ((why, _),) = Counter(left.why for left in unasked).most_common(1)
        example = next(f"{left.what}: {why}" for left in unasked if left.why == why)
        print(f"{len(unasked)} left out, e.g. {example}; `harness plan` lists them")  # noqa: T201


def shard_argument(text: str) -> tuple[int, int]:
    """An argument's type: which of how many parts."""
    index, _, count = text.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text} is not K/N with 1 ≤ K ≤ N, such as 2/8")
    return int(index), int(count)


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0 and below 1,000,000")
    return number
