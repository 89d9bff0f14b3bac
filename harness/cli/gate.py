"""``harness gate``: apply the policy to plan and ledger, print the decision and the rule that decided."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from harness.cell import Cell
    from harness.ledger.gate import Decision
    from harness.ledger.record import Record
    from harness.plan.plan import Plan
    from harness.policy import Policy

_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--plan", type=Path, metavar="FILE", help="default: DIR/plan.json")
    options.add_policy(parser)
    parser.add_argument("--explain", action="store_true", help="one line for each planned cell")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options.add_output(parser)


def main(args: argparse.Namespace) -> int:
    """Print the decision; its exit code says whether the ledger satisfies the policy."""
    from harness import jsonio
    from harness.cli.finish import print_notes, today
    from harness.cli.progress import QuietConsole
    from harness.ledger.gate import decide
    from harness.ledger.query import newest_by_key
    from harness.ledger.store import read_records

    plan = _plan(args.plan or args.output / "plan.json", args.output)
    policy, origin = _policy(plan, args.policy)
    planned = {entry.key: entry.cell for entry in plan.cells}
    ledger = args.output / "ledger"
    if not ledger.is_dir():
        raise UsageError(f"{ledger}: there is no ledger; `harness run --output {args.output}` makes one")
    held = newest_by_key(record for record in read_records(ledger) if record.key in planned)
    decision = decide(planned, held.values(), policy, today=today(), levels=plan.levels)
    console = QuietConsole(highlight=False)
    if args.format == "json":
        console.out(jsonio.dumps(decision, indent=2).decode(), end="")
        return int(decision.exit_code)
    if args.explain:
        _print_every_cell(decision)
    else:
        _print_what_stops(decision, held, console, args.output)
    _print_exceptions(decision, console)
    print_notes(decision, console)
    console.out(f"policy: {origin}")
    console.out(f"{decision.sentence} (exit code {int(decision.exit_code)})")
    return int(decision.exit_code)


def _plan(path: Path, output: Path) -> Plan:
    from harness.plan.plan import read_plan

    if not path.is_file():
        raise UsageError(f"{path}: there is no plan; `harness run --output {output}` makes one")
    return read_plan(path)


def _policy(plan: Plan, chosen: Path | None) -> tuple[Policy, str]:
    """The policy, and where it is from. It must be the one by which the cells were judged."""
    from harness.policy import DEFAULT, find_policy, read_policy

    path = find_policy(plan.collection, chosen)
    policy = DEFAULT if path is None else read_policy(path)
    origin = path or "none, so every cell is what its tool asks for"
    if not plan.is_decided_by(policy):
        raise UsageError(
            f"policy: {origin}: its required checks, bounds of tolerance or rules for scans are not those of "
            "the plan; "
            "name the plan's own with --policy, or run again with this one"
        )
    return policy, str(origin)


def _print_every_cell(decision: Decision) -> None:
    from rich.table import Table
    from rich.text import Text

    from harness import labels
    from harness.cli.progress import STYLES, QuietConsole

    table = Table(
        "model",
        "weights",
        "consumer",
        "environment",
        "device",
        "verdict",
        "level",
        "effect",
        "rule",
        box=None,
    )
    for decided in decision.cells:
        cell, status = decided.cell, decided.status
        table.add_row(
            Text(cell.model.id),
            cell.weights_format.value if cell.weights_format else "–",
            f"{cell.consumer.name} {cell.consumer.version}",
            cell.environment.name if cell.environment else "–",
            cell.device.value,
            Text(labels.STATUS[status].label, style=STYLES[status]) if status else "–",
            decided.level.value,
            decided.effect.value,
            Text(decided.rule),
        )
    width = None if sys.stdout.isatty() else 100_000  # for programs, one cell in one line
    QuietConsole(highlight=False, width=width).print(table)


def _print_what_stops(decision: Decision, held: Mapping[str, Record], console: Console, output: Path) -> None:
    """The first few cells that keep the gate from being satisfied, each with what decided it."""
    from harness.cli.finish import alike, explain, explain_others
    from harness.ledger.gate import Effect

    stops = alike(decision.having(Effect.BLOCKS, Effect.NO_RECORD, Effect.NO_VERDICT), held)
    for decided, *others in stops[:_SHOWN]:
        if decided.key in held:
            explain(held[decided.key], decided, console, output)
        else:
            console.out(f"! {_subject(decided.cell)}: no record")
        explain_others(others, console)
        console.out(f"    rule: {decided.rule}")
    if len(stops) > _SHOWN:
        console.out(f"… and {sum(map(len, stops[_SHOWN:]))} more; --explain lists every cell")


def _print_exceptions(decision: Decision, console: Console) -> None:
    """What is red and yet does not block, by the rule or waiver that says so."""
    from harness.ledger.gate import Effect

    excepted = decision.having(Effect.WAIVED, Effect.COUNTED, Effect.IGNORED)
    for (effect, rule), count in Counter((decided.effect, decided.rule) for decided in excepted).items():
        console.out(f"{count} {effect.value}: {rule}")


def _subject(cell: Cell) -> str:
    weights = cell.weights_format.value if cell.weights_format else ""
    environment = cell.environment.name if cell.environment else ""
    return " · ".join(
        filter(None, (cell.model.id, weights, cell.consumer.name, environment, cell.device.value))
    )
