"""The reference runtime's own command, ``bioimageio test``, on one model after the other.

What the command imports, seconds of work, is imported once for each environment: each model is tested in a
fork of the process that has done so, which goes on as the command itself does.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from harness import jsonio
from harness.cell import WeightsFormat
from harness.environments.built import BuiltEnvironment
from harness.execute.isolate.choose import choose
from harness.execute.isolate.level import Level
from harness.execute.launch import Job
from harness.execute.stage import WORKER_PACKAGE, stage_worker
from harness.execute.workers import Kind, Workers
from harness.limits import Limits
from harness.proc import Finished

_GIB = 1024**3
# What the command would never do by itself: stop.
LIMITS = Limits(seconds=600, memory_bytes=6 * _GIB, processes=400, log_bytes=1024 * 1024)

_RUNNER = "reference_command"
_RUNNER_FILE = Path(__file__).with_name("reference_runner.py")
_LONGEST_ERROR = 90


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the command.

    Attributes:
        passed: what its report says; None if it left none.
        ended: how its process ended, in words.
        error: the first error of its report, or of its log if there is none, in a few words; or "".
    """

    passed: bool | None
    ended: str
    error: str = ""


class Error(msgspec.Struct):
    """An error in the command's report."""

    msg: str


class Detail(msgspec.Struct):
    """One check in the command's report."""

    errors: list[Error]


class Report(msgspec.Struct):
    """The command's report, as far as it is looked at."""

    status: str
    details: list[Detail]


class Reference:
    """The command, ready to run; see :func:`reference`."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    def test(
        self,
        source: str | Path,
        weights: WeightsFormat | None,
        built: BuiltEnvironment,
        *,
        limits: Limits = LIMITS,
    ) -> Outcome:
        """Run it in an environment, in folders that are gone afterwards, as is every process that it started.

        Args:
            source: a model's folder, archive or URL.
            weights: None for all that the model has.
        """
        with self._workers.folder() as folder, tempfile.TemporaryDirectory(prefix="reference-") as outside:
            for private in ("model", "inputs", "work"):
                (folder / private).mkdir()
            chosen = weights.value if weights else "all"
            job = Job(runner=_RUNNER, description="model", weights_format=chosen, device="cpu", threads=1)
            (folder / "source").write_text(str(source), "utf-8")  # a job knows paths alone, and no URL
            (folder / "job.json").write_bytes(jsonio.dumps(job))
            log, report = Path(outside, "log"), folder / "report.json"
            finished = self._workers.run(
                folder,
                Kind(built.ref.digest, _RUNNER),
                built,
                log=log,
                limits=limits,
                cancel=threading.Event(),
            )
            ended = how_it_ended(finished, limits)
            if not report.exists():
                said = log.read_text("utf-8", "replace")
                return Outcome(passed=None, ended=ended, error=raised_first(said))
            content = msgspec.json.decode(report.read_bytes(), type=Report)
            return Outcome(passed=content.status == "passed", ended=ended, error=first_error(content))


@contextmanager
def reference() -> Iterator[Reference]:
    """The command for as many models as one likes, several at a time, too."""
    with tempfile.TemporaryDirectory(prefix="references-") as name:
        worker, cells = Path(name, "worker"), Path(name, "cells")
        stage_worker(worker)
        code = _RUNNER_FILE.read_text("utf-8")
        (worker / WORKER_PACKAGE / "runners" / f"{_RUNNER}.py").write_text(code, "utf-8")
        cells.mkdir()
        said: list[str] = []
        process = choose(Level.PROCESS)
        with Workers(process, worker=worker, cells=cells, threads=1, warm=True, say=said.append) as workers:
            yield Reference(workers)
        assert said == []


def how_it_ended(finished: Finished, limits: Limits) -> str:
    """In words, without what differs from run to run."""
    if finished.limit == "seconds":
        return f"stopped after {limits.seconds:g} s"
    if finished.limit == "processes":
        return f"stopped with {limits.processes} processes"
    if finished.limit is not None:
        return f"stopped for {finished.limit}"
    if not finished.supervised:
        return "killed its parent"
    return finished.signal or f"exit {finished.exit_code}"


def first_error(report: Report) -> str:
    """The first error of a report; "" if there is none."""
    errors = (error.msg for detail in report.details for error in detail.errors)
    return in_few_words(next(errors, ""))


def raised_first(log: str) -> str:
    """The first exception that a log tells of, the cause of the others; "" if there is none."""
    told = re.search(r"^(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception)\b.*", log, flags=re.MULTILINE)
    return in_few_words(told[0]) if told else ""


def in_few_words(message: str) -> str:
    """The first sentence of a message, without this machine's paths, counted elements and lists of files."""
    text = message.strip().partition("\n")[0].removeprefix("Value error, ")
    text = re.sub(r"(?:https?://|/)[^\s'\"]*/([\w.-]*\w)", r"\1", text)
    text = re.sub(r"\d+ of (\d+) elements", r"elements (of \1)", text)
    text = re.split(r"\. |[.:]$| \(\d[\d.]*(?:%| ppm)\)| in \['", text, maxsplit=1)[0]
    return text if len(text) <= _LONGEST_ERROR else f"{text[: _LONGEST_ERROR - 1].rstrip()}…"
