"""``harness github fetch``: the plan and the shards of a run, as files."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from harness.cli.github.connection import add_repository, add_workflow, connect_for, event_of_run
from harness.cli.options import positive
from harness.errors import ExitCode, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--run-id",
        type=positive,
        metavar="N",
        help="the run (default: the one that the job's event is about)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("incoming"),
        metavar="DIR",
        help="plan in DIR/plan, shards in DIR/shard-K-of-N, what was fetched in DIR/fetched.json "
        "(default: incoming)",
    )
    add_workflow(parser)
    add_repository(parser)


def main(args: argparse.Namespace) -> int:
    """Fetch, and tell the digest of the plan: printed, and as the output ``digest`` of the step."""
    from harness import jsonio
    from harness.cli.progress import QuietConsole
    from harness.github.actions import Actions
    from harness.github.fetch import fetch
    from harness.github.outputs import write_outputs

    run = args.run_id or _run_of_event()
    if args.output.is_dir() and any(args.output.iterdir()):
        raise UsageError(f"{args.output}: is not empty; name a new folder with --output")
    with connect_for(args, "fetch", "--run-id", str(run), "--output", args.output) as api:
        fetched = fetch(Actions(api), run, args.output, repository=api.repository, workflow=args.workflow)
    jsonio.write(args.output / "fetched.json", fetched)
    if path := os.environ.get("GITHUB_OUTPUT"):
        write_outputs(Path(path), {"digest": fetched.digest})
    console = QuietConsole(highlight=False)
    for sentence in fetched.refused:
        console.out(f"refused: {sentence}")
    console.out(f"{', '.join(fetched.folders)} of run {run} in {args.output}")
    console.out(f"plan {fetched.digest or '– no job ran by it'}")
    return int(ExitCode.SATISFIED)


def _run_of_event() -> int:
    event = event_of_run()
    if event is None or event.run is None:
        raise UsageError("--run-id: name the run; this job's event is not about one")
    return event.run.id
