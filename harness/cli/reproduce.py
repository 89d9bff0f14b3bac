"""``harness reproduce``: run a recorded cell again and compare with the record."""

from __future__ import annotations

import argparse
import shlex
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.environments.replay import Replayed
    from harness.environments.spec import EnvironmentSpec
    from harness.ledger.record import Record
    from harness.plan.make import Planned
    from harness.plan.plan import PlannedCell
    from harness.policy import Policy

_SHORTEST_KEY = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "cell",
        metavar="CELL",
        help=f"the cell's key, or its first {_SHORTEST_KEY} or more characters: the model's page shows it",
    )
    parser.add_argument(
        "collection",
        nargs="?",
        metavar="COLLECTION",
        help="where the model is (default: as in DIR/plan.json, else collection)",
    )
    options.add_environments(parser)
    parser.set_defaults(backend=None)  # that of the record
    options.add_policy(parser)
    options.add_output(parser)


def main(args: argparse.Namespace) -> int:
    """Print the record beside what came out now; 0 if the verdict is the same, 1 if not, 3 without one."""
    from harness.cli.replaying import environment_of, exact, records_of
    from harness.ledger.query import newest_by_key

    folder = args.output / "ledger"
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no ledger; name the folder of the run with --output")
    records = records_of(args)
    recorded = _find(args.cell, newest_by_key(records))
    collection = args.collection or _collection(args.output, recorded)
    policy = options.policy_of(collection, args.policy)
    with environment_of(args, recorded, records) as again:
        specs = _specs(args, again)
        planned = _plan(collection, specs, again, recorded, policy)
        entry = _same_cell(planned, recorded, collection)
        _say_what_is_otherwise(entry, recorded, again)
        specs |= exact(args, recorded, planned.declared)
        now = _execute(args, entry, planned, specs, recorded, policy)
    return int(_print(recorded, now, args.output / "reproduced"))


def _specs(args: argparse.Namespace, again: Replayed | None) -> dict[str, EnvironmentSpec]:
    """The record's environment; for a record without one, all there are: they tell a tool's version."""
    from harness.environments.spec import load_all

    if again is not None:
        return {again.spec.name: again.spec}
    return load_all(options.environments_folder(args.environments))


def _say_what_is_otherwise(entry: PlannedCell, recorded: Record, again: Replayed | None) -> None:
    if again is not None and again.ref != recorded.environment:
        print(f"note: the environment is made by {again.ref.backend.value}, of the same source")  # noqa: T201
    elif entry.key != recorded.key:
        print(  # noqa: T201
            "note: the harness or its policy is not the one of the record; "
            f"that was {recorded.harness.version} {recorded.harness.commit[:12]}".rstrip()
        )


def _find(asked: str, held: dict[str, Record]) -> Record:
    """The record of the one key that begins so."""
    if len(asked) < _SHORTEST_KEY:
        raise UsageError(f"{asked}: is too short; name at least {_SHORTEST_KEY} characters of the cell's key")
    found = [record for key, record in held.items() if key.startswith(asked.lower())]
    if len(found) != 1:
        many = f"{len(found)} cells begin so; name more characters" if found else "no recorded cell begins so"
        raise UsageError(f"{asked}: {many}; `harness results --format json` lists all keys")
    return found[0]


def _collection(output: Path, recorded: Record) -> str:
    """The collection of the last plan, if the record is about it."""
    from harness.plan.plan import collection_name, read_plan

    path = output / "plan.json"
    stored = read_plan(path).collection if path.is_file() else ""
    if stored and collection_name(stored) == recorded.collection:
        return stored
    return options.DEFAULT_COLLECTION


def _plan(
    collection: str,
    specs: dict[str, EnvironmentSpec],
    again: Replayed | None,
    recorded: Record,
    policy: Policy,
) -> Planned:
    from harness.cell import Backend
    from harness.cli.progress import reading
    from harness.execute.clock import now
    from harness.execute.deciding import deciding_settings
    from harness.plan.make import make_plan
    from harness.plan.matrix import Selection

    with reading() as on_model:
        return make_plan(
            collection,
            specs=specs,
            backend=again.ref.backend if again else Backend.VENV,
            selection=Selection(
                consumers=(recorded.consumer.name,),
                weights=(recorded.weights_format,) if recorded.weights_format else (),
                devices=(recorded.device,),
            ),
            settings=deciding_settings(threads=recorded.threads, repeat=recorded.repeat, policy=policy),
            policy=policy,
            created_at=now(),
            as_described=recorded.environment is not None and recorded.environment.as_described,
            verify_files=policy.verify_files,
            on_model=on_model,
        )


def _same_cell(planned: Planned, recorded: Record, collection: str) -> PlannedCell:
    """The cell with the record's files and tool; anything else would be another question."""
    name = recorded.environment.name if recorded.environment else None
    mine = [
        entry
        for entry in planned.plan.cells
        if entry.cell.model.id == recorded.model.id
        and entry.cell.weights_format is recorded.weights_format
        and (entry.cell.environment.name if entry.cell.environment else None) == name
    ]
    if not mine:
        raise UsageError(
            f"{recorded.model.id}: {collection} has no such cell; name the COLLECTION that was tested, or "
            f"see why it is left out: `harness plan {shlex.quote(collection)}`"
        )
    what = f"{recorded.model.id}: the record cannot be reproduced"
    entry = next((entry for entry in mine if entry.cell.model.version == recorded.model.version), mine[0])
    if entry.cell.model.sha256 != recorded.model.sha256:
        raise UsageError(
            f"{what}: its files are not those of the record (sha256 {recorded.model.sha256[:12]}, "
            f"here {entry.cell.model.sha256[:12]}); `harness run` tests the new ones"
        )
    if entry.cell.consumer != recorded.consumer:
        raise UsageError(
            f"{what}: its tool was {recorded.consumer.name} {recorded.consumer.version}, this harness finds "
            f"{entry.cell.consumer.version} in {name}; check out the harness's commit "
            f"{recorded.harness.commit[:12] or 'of that time'}, or use `harness run`"
        )
    return entry


def _execute(
    args: argparse.Namespace,
    entry: PlannedCell,
    planned: Planned,
    specs: dict[str, EnvironmentSpec],
    recorded: Record,
    policy: Policy,
) -> Record:
    """Run the cell as a run does, with the recorded limits, into a ledger of its own."""
    from harness.cli.progress import RunDisplay
    from harness.execute import origin
    from harness.execute.clock import Clock
    from harness.execute.preparation import Preparation
    from harness.execute.session import Session
    from harness.execute.settings import Settings
    from harness.ledger.store import LedgerWriter, read_records
    from harness.limits import Limits
    from harness.plan.plan import collection_name

    run = origin.run_id()
    output = args.output / "reproduced"
    preparing = Preparation(
        isolation=policy.isolation.chosen(_isolation(entry)),
        threads=recorded.threads,
        warm=True,
        one_container_per_cell=policy.isolation.one_container_per_cell,
        cancel=threading.Event(),
    )
    with RunDisplay() as display, preparing as preparation:
        display.expect(1)
        Session(
            models=planned.models,
            specs=specs,
            ledger=LedgerWriter(output / "ledger", run),
            settings=Settings(
                run=run,
                collection=collection_name(planned.plan.collection),
                artifacts=output / "artifacts",
                threads=recorded.threads,
                clock=Clock(),
                limits=Limits.of(recorded.limits),
                policy=policy,
                keys=planned.plan.comparable,
                repeat=recorded.repeat,
            ),
            observer=display,
            preparation=preparation,
        ).execute([entry], jobs=1)
    return next(record for record in read_records(output / "ledger") if record.run == run)


def _isolation(entry: PlannedCell) -> str:
    environment = entry.cell.environment
    return options.isolation_for("auto", environment.backend) if environment else "auto"


def _print(recorded: Record, now: Record, output: Path) -> ExitCode:
    """The comparison, the message of the new verdict and where its evidence is."""
    from rich.table import Table
    from rich.text import Text

    from harness.cli.progress import console_for_tables
    from harness.ledger.compare import rows, same_verdict

    console = console_for_tables()
    table = Table("", "recorded", "now", "", box=None)
    for row in rows(recorded, now):
        table.add_row(Text(row.what), Text(row.recorded), Text(row.now), "differs" if row.differs else "")
    console.print(table)
    for line in now.message.splitlines()[:6]:
        console.print(f"    {line}", markup=False, soft_wrap=True)
    for artifact in now.artifacts:
        if artifact.kind != "cover":
            console.print(
                f"{artifact.kind}: {output / 'artifacts' / artifact.path}", markup=False, soft_wrap=True
            )
    if same_verdict(recorded, now):
        console.print("the verdict is the same as recorded")
        return ExitCode.SATISFIED
    if not now.status.conclusive:
        console.print("no verdict this time: nothing can be said about the recorded one")
        return ExitCode.NO_VERDICT
    console.print("the verdict is not the recorded one")
    return ExitCode.FAILED
