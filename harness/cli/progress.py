"""Progress for people: a live display on a terminal, plain lines elsewhere. All of it on standard error."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness import labels
from harness.cli.actions import Folds
from harness.ledger.record import Record
from harness.verdict import CheckStatus, Reason, Status

STYLES = {
    Status.PASSED: "green",
    Status.FAILED: "red",
    Status.NOT_APPLICABLE: "dim",
    Status.INCONCLUSIVE: "yellow",
}


def console_for_tables() -> Console:
    """Standard output; wide where nobody looks at it, so that programs find one row in one line."""
    console = QuietConsole(highlight=False)
    return console if console.is_terminal else QuietConsole(highlight=False, width=240)


class QuietConsole(Console):
    """Goes quiet when nobody reads any more (`harness run | head`); rich would exit with code 1."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from now on."""
        with contextlib.suppress(SystemExit):
            super().on_broken_pipe()


@contextmanager
def reading() -> Iterator[Callable[[int, int, str], None]]:
    """Show that models are read: yields what ``make_plan`` calls with each of them."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done, _total, _source: None
        return
    with Progress(
        TextColumn("reading models"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[model]}"),
        console=console, transient=True,
    ) as progress:  # fmt: skip
        task = progress.add_task("", total=None, model="")
        yield lambda done, total, source: progress.update(
            task, completed=done, total=total, model=escape(source)
        )


class RunDisplay:
    """Shows a run; the observer of a session, and a context manager.

    Nobody may be reading any more (``harness run | head``): then it goes quiet, and the run goes on.

    Args:
        folds: parts of the log of GitHub Actions: building each environment, and the cells.
    """

    def __init__(self, folds: Folds | None = None) -> None:
        self.done = 0
        self._folds = folds or Folds(shown=False)
        self._total = 0
        self._console = QuietConsole(stderr=True, highlight=False, soft_wrap=True)
        self._lock = threading.Lock()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[now]}"),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task("cells", total=None, now="")

    def expect(self, total: int) -> None:
        """Say how many cells will be recorded."""
        self._total = total
        self._progress.update(self._task, total=total)

    def __enter__(self) -> RunDisplay:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the live display away."""
        self._progress.stop()
        self._folds.enter("")

    def isolation(self, description: str) -> None:
        """How the cells of this run are kept apart."""
        with self._lock:
            self._print(f"isolation: {description}")

    def environment(self, line: str) -> None:
        """A step of building an environment."""
        with self._lock:
            if self._console.is_terminal:
                self._progress.update(self._task, now=escape(line))
            else:
                self._folds.enter(f"environment {line.partition(':')[0]}")
                self._print(line)

    def recorded(self, record: Record) -> None:
        """One more cell has its record."""
        with self._lock:
            self.done += 1
            self._progress.update(self._task, completed=self.done, now="")
            style = STYLES[record.status]
            self._folds.enter("cells")
            self._print(f"[{self.done}/{self._total}] {one_line(record)}", style=style)

    def _print(self, line: str, *, style: str = "") -> None:
        self._console.print(line, style=style, markup=False)


def findings(record: Record) -> str:
    """The checks that failed beside a passed verdict: "finding: as called"; empty if there is none."""
    failed = [labels.CHECK[c.name][0] for c in record.checks if c.status is CheckStatus.FAILED]
    return f"finding: {', '.join(failed)}" if failed and record.status is Status.PASSED else ""


def one_line(record: Record) -> str:
    """A record in one line: what was run, the verdict, the reason, findings, seconds."""
    cell = record.cell
    what = [cell.model.id, cell.weights_format.value if cell.weights_format else "", cell.consumer.name]
    if cell.environment:
        what.append(cell.environment.name)
    look = labels.STATUS[record.status]
    reason = f": {labels.REASON[Reason.from_slug(record.reason)].label}" if record.reason else ""
    finding = f"; {findings(record)}" if findings(record) else ""
    subject = " · ".join(filter(None, what))
    return f"{look.icon} {subject}: {look.label}{reason}{finding} ({record.seconds:.1f} s)"
