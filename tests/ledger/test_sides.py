"""What can be named in a comparison, and what is said where a name is none or several."""

from __future__ import annotations

import msgspec
import pytest

from harness.cell import Backend, ConsumerRef, EnvironmentRef
from harness.errors import UsageError
from harness.ledger.record import Record
from harness.ledger.sides import Side, What, ledger_side, side
from harness.ledger.survey import Survey
from harness.verdict import Reason
from tests.ledger.records import PLAIN, at, record, unreadable


def ran(
    tool: str,
    environment: str,
    *,
    second: int = 1,
    backend: Backend = Backend.VENV,
    digest: str = "",
) -> Record:
    """A record of a version of the tool in an environment."""
    ref = EnvironmentRef(name=environment, backend=backend, digest=digest or environment)
    return record(
        key=f"{tool} {environment} {backend.value} {digest} {second}",
        consumer=ConsumerRef(name="careamics", version=tool),
        environment=ref,
        started_at=at(second),
    )


OLD, NEW = ran("0.3.4", "careamics-0.3.4"), ran("0.3.5", "careamics-0.3.5")
VENV = ran("0.3.5", "tool", digest="aa11bb")
CONDA = ran("0.3.5", "tool", backend=Backend.CONDA, digest="aa11cc")


def found(asked: str, *records: Record, surveys: tuple[Survey, ...] = ()) -> Side:
    return side(asked, records, surveys)


@pytest.mark.parametrize(
    ("asked", "what", "name"),
    [
        ("careamics==0.3.4", What.TOOL, "careamics==0.3.4"),
        ("bioimageio.core", What.TOOL, "bioimageio.core==0.11.0"),
        ("careamics-0.3.4", What.ENVIRONMENT, "careamics-0.3.4"),
    ],
)
def test_names(asked: str, what: What, name: str) -> None:
    here, other = record(), msgspec.structs.replace(PLAIN.model, id="x", source="x")
    answer = found(asked, OLD, NEW, here, unreadable(Reason.DESCRIPTION_INVALID, model=other))
    assert (answer.what, answer.name) == (what, name)
    assert (OLD in answer.records, here in answer.records) == ("0.3.4" in name, "core" in name)
    assert NEW not in answer.records


def test_a_folder_with_one_version_is_that_version() -> None:
    assert found("careamics", msgspec.structs.replace(OLD, consumer=PLAIN.consumer)).name == "careamics-0.3.4"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            "careamics",
            "is the beginning of several names: careamics==0.3.4, careamics==0.3.5, careamics-0.3.4, caream",
        ),
        ("tool", "is the beginning of several names: tool@aa11cc, tool@aa11bb; write one of them"),
        ("tool@aa11", "is no folder with a ledger"),  # fewer digits than elsewhere
        ("aa11", "is no folder with a ledger"),
    ],
)
def test_what_is_several_or_no_names(asked: str, words: str) -> None:
    with pytest.raises(UsageError) as told:
        found(asked, OLD, NEW, VENV, CONDA)
    assert str(told.value).startswith(f"{asked}: {words}")


def test_a_digest_is_an_environment_as_it_was() -> None:
    before, after = ran("1", "tool", digest="aaaaaaaa"), ran("1", "tool", digest="aaaaaabb", second=2)
    assert found("tool", before, after).records == (after,), "now"
    assert found("tool@aaaaaaaa", before, after).records == (before,)
    assert found("aaaaaaaa", before, after).name == "tool@aaaaaaaa"
    assert found("AAAAAABB", before, after).records == (after,)
    with pytest.raises(UsageError, match="several names: tool@aaaaaaaa, tool@aaaaaabb;"):
        found("tool@aaaaaa", before, after)
    with pytest.raises(UsageError, match="no tool, environment or run"):
        found("other@aaaaaa", before, after)


RUNS = [
    record(key="a", run="20260101T000001-aaaaaa", started_at=at(1)),
    record(Reason.VALUES_DIFFER, key="b", run="20260102T000001-bbbbbb", started_at=at(5)),
    record(key="a", run="20260103T000001-cccccc", started_at=at(9)),
]
OTHER = record(key="o", run=RUNS[0].run, model=msgspec.structs.replace(PLAIN.model, id="o", source="o"))


def test_a_run_is_the_ledger_as_it_was_then() -> None:
    first, second = (found(each.run, *RUNS, OTHER) for each in RUNS[:2])
    assert first.records == (OTHER, RUNS[0])
    assert second.records == (OTHER, RUNS[1]), "what the second had not to run again is in it"
    assert found("20260102", *RUNS).name == RUNS[1].run
    with pytest.raises(UsageError, match="no tool, environment or run"):
        found("2026010", *RUNS)


def test_what_a_run_saw_is_gone_since_that_run() -> None:
    seen = Survey(collection="", at=at(5), sources=("m",), keys=("b",))
    assert found(RUNS[0].run, *RUNS, OTHER, surveys=(seen,)).records == (OTHER, RUNS[0])
    assert found(RUNS[1].run, *RUNS, OTHER, surveys=(seen,)).records == (RUNS[1],)


def test_a_ledger_is_what_it_shows_now() -> None:
    answer = ledger_side("published", RUNS, ())
    assert (answer.what, answer.name, answer.records) == (What.LEDGER, "published", (RUNS[2],))


def test_who_asks_for_nothing_that_is_there_is_told_what_is() -> None:
    many = [msgspec.structs.replace(OLD, run=f"run-{number}", key=str(number)) for number in range(10)]
    with pytest.raises(UsageError) as told:
        found("nowhere", *many, *RUNS)
    assert str(told.value) == (
        "nowhere: is no folder with a ledger, and no tool, environment or run of this one; there are "
        "tools: bioimageio.core==0.11.0, careamics==0.3.4; environments: careamics-0.3.4, onnx; "
        "runs: run-9, run-8, run-7, run-6, run-5, run-4, run-3, run-2, and 5 more"
    )
    with pytest.raises(UsageError, match=r"there are no records$"):
        found("nowhere")
