"""The reference runtime's own command, ``bioimageio test``, on one model."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import msgspec

from harness.cell import WeightsFormat
from harness.environments.built import BuiltEnvironment, run_variables
from harness.limits import Limits
from harness.proc import Finished, run

_GIB = 1024**3
# What the command would never do by itself: stop.
LIMITS = Limits(seconds=120, memory_bytes=6 * _GIB, processes=400, log_bytes=1024 * 1024)

# The command line does not know keras_v3, so the function behind it is called.
_KERAS_V3 = """
import sys
from bioimageio.core import test_model
summary = test_model(sys.argv[1], weight_format="keras_v3")
open(sys.argv[2], "w").write(summary.model_dump_json())
"""
_NOWHERE = "http://127.0.0.1:9"
# Without a network it is the same everywhere; servers of tests are on this machine.
_OFFLINE = {
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), _NOWHERE),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1"),
}
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


def run_reference(
    source: str | Path, weights: WeightsFormat | None, built: BuiltEnvironment, *, limits: Limits = LIMITS
) -> Outcome:
    """Run it in an environment, in folders that are gone afterwards, as is every process that it started.

    Args:
        source: a model's folder, archive or URL.
        weights: None for all that the model has.
    """
    with tempfile.TemporaryDirectory(prefix="reference-") as name:
        folder = Path(name)
        for private in ("home", "tmp", "work"):
            (folder / private).mkdir()
        log, report = folder / "log", folder / "report.json"
        finished = run(
            [str(built.python), *_arguments(str(source), weights, report)],
            log=log,
            env={
                **run_variables(built, threads=1),
                **_OFFLINE,
                "HOME": str(folder / "home"),
                "BIOIMAGEIO_CACHE_PATH": str(folder / "home"),
                "TMPDIR": str(folder / "tmp"),
            },
            cwd=folder / "work",
            limits=limits,
        )
        ended = how_it_ended(finished, limits)
        if not report.exists():
            return Outcome(passed=None, ended=ended, error=raised_first(log.read_text("utf-8", "replace")))
        content = msgspec.json.decode(report.read_bytes(), type=Report)
        return Outcome(passed=content.status == "passed", ended=ended, error=first_error(content))


def _arguments(source: str, weights: WeightsFormat | None, report: Path) -> list[str]:
    if weights is WeightsFormat.KERAS_V3:
        return ["-c", _KERAS_V3, source, str(report)]
    chosen = weights.value if weights else "all"
    return ["-m", "bioimageio.core", "test", source, f"--weight-format={chosen}", f"--summary={report}"]


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
