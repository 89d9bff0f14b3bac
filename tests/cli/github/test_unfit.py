"""Plans that whoever controls their job has made up, or that do not fit any more."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.cell import WeightsFormat
from harness.errors import ExitCode
from harness.ledger.record import Record
from harness.plan.plan import PlannedCell, Settled, read_plan
from harness.verdict import Reason
from tests.cli.github.conftest import PULL, SHA, Harness
from tests.cli.github.said import comments, forged, state, taken
from tests.cli.planned import outcome_of, planned
from tests.github.double import Double, answers
from tests.github.double.state import NAME

PASSED = outcome_of("a")
CORE = "bioimageio.core"
BOTH = (
    b"weights:\n  onnx: {source: a}\n  torchscript: {source: b}\n  keras_v3:\n  tensorflow_js: {source: c}\n"
)


def test_a_model_that_was_not_planned(repository: Double, harness: Harness, tmp_path: Path) -> None:
    repository.state.pulls[PULL].files.append(("collection/b/rdf.yaml", "added"))
    reports = taken(tmp_path / "reports", PASSED)
    assert harness("checks", "--output", reports) == 0
    assert harness("comment", "--output", reports) == 0
    assert state(repository) == "error"
    assert "b: is changed, and no cell of it was planned" in comments(repository)[0]


def test_a_model_that_is_deleted_needs_no_cell(repository: Double, harness: Harness, tmp_path: Path) -> None:
    repository.state.pulls[PULL].files.append(("collection/b/rdf.yaml", "removed"))
    assert harness("checks", "--output", taken(tmp_path / "reports", PASSED)) == 0
    assert state(repository) == "success"


@pytest.mark.parametrize("collection", [".zoo", "./.zoo/", "x/../.zoo"])
def test_weights_of_a_model_that_was_not_planned(
    repository: Double, harness: Harness, collection: str, tmp_path: Path
) -> None:
    """What the plan says of the collection hides nothing: GitHub tells which folders are models."""
    reports = forged(taken(tmp_path / "reports", PASSED), collection=".zoo", sources=("a",))
    repository.state.contents[SHA, ".zoo/b/rdf.yaml"] = b""
    repository.state.pulls[PULL].files = [(".zoo/README.md", "modified"), ("b/weights.onnx", "modified")]
    assert harness("checks", "--output", reports, "--collection", collection) == 0
    assert state(repository) == "success"
    repository.state.pulls[PULL].files = [(".zoo/b/weights.onnx", "modified")]
    assert harness("checks", "--output", reports, "--collection", collection) == 0
    assert harness("comment", "--output", reports, "--collection", collection) == 0
    assert state(repository) == "error"
    assert "b: is changed, and no cell of it was planned" in comments(repository)[0]


def test_a_commit_of_which_github_lists_a_part_is_not_green(
    repository: Double, harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking again tells no more, so it is said where it is seen: the status would be pending for ever."""
    monkeypatch.setattr(answers, "MOST_LISTED", 1)
    reports = taken(tmp_path / "reports", PASSED)
    assert harness("checks", "--output", reports) == ExitCode.SATISFIED, "all that is changed was planned"
    assert state(repository) == "success"
    repository.state.pulls[PULL].files.append(("collection/b/weights.onnx", "modified"))
    said = said_of(harness, repository, reports)
    assert said.startswith("error ")
    assert "has more files than GitHub lists" in said


def test_a_description_that_github_does_not_hand_over(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    repository.state.contents[SHA, "collection/a/rdf.yaml"] = b"#" * 1_000_001
    said = said_of(harness, repository, taken(tmp_path / "reports", PASSED))
    assert said.startswith("error ")
    assert "is no file of at most 1,000,000 bytes" in " ".join(said.split())


@pytest.mark.parametrize(("collection", "folder"), [(".", NAME), ("zoo/mine", "mine")])
def test_a_collection_that_is_one_model(
    repository: Double, harness: Harness, collection: str, folder: str, tmp_path: Path
) -> None:
    """A plan calls it as the folder is called, which at the top is the repository's name."""
    place = "" if collection == "." else f"{collection}/"
    repository.state.contents[SHA, f"{place}rdf.yaml"] = BOTH
    repository.state.pulls[PULL].files = [(f"{place}weights.onnx", "modified")]
    onnx, torchscript = (
        of(each, outcome_of(folder)) for each in (WeightsFormat.ONNX, WeightsFormat.TORCHSCRIPT)
    )
    whole = forged(taken(tmp_path / "whole", onnx, torchscript), collection=collection)
    assert harness("checks", "--output", whole, "--collection", collection) == 0
    assert state(repository) == "success"
    part = forged(taken(tmp_path / "part", onnx), collection=collection)
    assert harness("checks", "--output", part, "--collection", collection) == 0
    assert state(repository) == "error", "torchscript was not planned"
    other = forged(taken(tmp_path / "other", PASSED), collection=collection)
    assert harness("checks", "--output", other, "--collection", collection) == 0
    assert state(repository) == "error", "another model was planned"


def test_a_plan_for_other_models_than_those_of_the_collection(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    reports = forged(taken(tmp_path / "reports", PASSED), collection="tests/good")
    assert harness("checks", "--output", reports) == 0
    assert harness("comment", "--output", reports) == 0
    assert state(repository) == "error"
    assert "the models are in 'collection'" in comments(repository)[0].replace("\n", " ")


def test_nothing_is_taken_over_that_the_plan_brings(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    """Its job could have made up the records that lie beside it."""
    reports = taken(tmp_path / "reports", PASSED)
    (entry,) = read_plan(reports / "plan.json").cells
    forged(reports, cells=(msgspec.structs.replace(entry, recorded=True),))
    assert harness("checks", "--output", reports) == 0
    assert state(repository) == "error"


def of(weights: WeightsFormat | None, outcome: Record = PASSED) -> Record:
    """The same about other weights."""
    key = f"{outcome.key} {weights}"
    return msgspec.structs.replace(outcome, key=key, weights_format=weights, environment=PASSED.environment)


ONNX, TORCHSCRIPT = of(WeightsFormat.ONNX), of(WeightsFormat.TORCHSCRIPT)


@pytest.fixture
def described(repository: Double) -> Double:
    """What the pull request adds has weights that the reference runtime runs, and others."""
    repository.state.contents[SHA, "collection/a/rdf.yaml"] = BOTH
    return repository


def said_of(harness: Harness, repository: Double, folder: Path) -> str:
    assert harness("checks", "--output", folder) == 0
    assert harness("comment", "--output", folder) == 0
    (comment,) = comments(repository)
    return f"{state(repository)} {comment}".replace("\n", " ")


def test_all_weights_run(described: Double, harness: Harness, tmp_path: Path) -> None:
    assert harness("checks", "--output", taken(tmp_path / "reports", ONNX, TORCHSCRIPT)) == 0
    assert state(described) == "success"


def test_weights_are_left_out(described: Double, harness: Harness, tmp_path: Path) -> None:
    said = said_of(harness, described, taken(tmp_path / "reports", ONNX))
    assert said.startswith("error ")
    assert "its weights torchscript were not planned to run in bioimageio.core" in said
    assert "keras" not in said
    assert "tensorflow_js" not in said


def settled(outcome: Record, settled: Settled) -> PlannedCell:
    return msgspec.structs.replace(planned(outcome), settled=settled)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (Settled(), "error"),
        (Settled(reason=Reason.FORMAT_NOT_SUPPORTED.slug), "error"),
        (Settled(reason=Reason.MODEL_NOT_SUPPORTED.slug), "error"),
        (Settled(reason=Reason.TOOL_VERSION_UNTESTED.slug), "success"),
    ],
)
def test_what_is_settled_is_believed_where_it_would_block(
    described: Double, harness: Harness, known: Settled, said: str, tmp_path: Path
) -> None:
    """The last one is green for a record that the test makes up, and that ``take`` refuses."""
    cells = (planned(ONNX), settled(TORCHSCRIPT, known))
    reports = forged(taken(tmp_path / "reports", ONNX, TORCHSCRIPT), cells=cells)
    assert harness("checks", "--output", reports) == 0
    assert state(described) == said


def test_only_another_tool_runs(described: Double, harness: Harness, tmp_path: Path) -> None:
    consumer = msgspec.structs.replace(PASSED.consumer, name="careamics")
    other = [msgspec.structs.replace(each, consumer=consumer) for each in (ONNX, TORCHSCRIPT)]
    assert "its weights onnx were not planned" in said_of(
        harness, described, taken(tmp_path / "reports", *other)
    )


def test_what_the_author_declares_is_not_enough(described: Double, harness: Harness, tmp_path: Path) -> None:
    assert ONNX.environment is not None
    environment = msgspec.structs.replace(ONNX.environment, name="as-described-0123")
    declared = msgspec.structs.replace(ONNX, environment=environment)
    assert "its weights onnx were not planned" in said_of(
        harness, described, taken(tmp_path / "reports", declared, TORCHSCRIPT)
    )


@pytest.mark.parametrize("description", [None, b"[", b"weights: [onnx]", b"name: a"])
@pytest.mark.parametrize(("consumer", "said"), [(CORE, "success"), ("careamics", "error")])
def test_of_what_cannot_be_looked_into_something_runs(
    repository: Double,
    harness: Harness,
    description: bytes | None,
    consumer: str,
    said: str,
    tmp_path: Path,
) -> None:
    """A package, or what the format's library reads otherwise."""
    if description is not None:
        repository.state.contents[SHA, "collection/a/rdf.yaml"] = description
    named = msgspec.structs.replace(PASSED.consumer, name=consumer)
    outcome = msgspec.structs.replace(PASSED, consumer=named)
    told = said_of(harness, repository, taken(tmp_path / "reports", outcome))
    assert told.startswith(said)
    assert ("propose it unpacked, as a folder" in " ".join(told.split())) is (said == "error")


def test_a_model_that_cannot_be_read_fails(described: Double, harness: Harness, tmp_path: Path) -> None:
    outcome = of(None, outcome_of("a", Reason.DESCRIPTION_INVALID))
    reports = taken(tmp_path / "reports", outcome)
    forged(reports, cells=(settled(outcome, Settled(reason=Reason.DESCRIPTION_INVALID.slug)),))
    said = said_of(harness, described, reports)
    assert said.startswith("failure ")
    assert "planned to run" not in said
    claimed = forged(taken(tmp_path / "claimed", of(None)), cells=(settled(of(None), Settled()),))
    assert said_of(harness, described, claimed).startswith("error ")


def test_more_models_than_can_be_looked_at(repository: Double, harness: Harness, tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(151)]
    repository.state.pulls[PULL].files = [(f"collection/{name}/rdf.yaml", "added") for name in names]
    reports = taken(tmp_path / "reports", *map(outcome_of, names))
    assert "151 models are changed, and at most 150" in said_of(harness, repository, reports)
