from __future__ import annotations

import shlex

import pytest

from harness.cell import Backend, Device, EnvironmentRef, WeightsFormat
from harness.ledger.record import Artifact, CheckResult, Machine, ModelInfo, Record
from harness.reports.addresses import record_anchor
from harness.reports.context import Look, Moment
from harness.reports.context_model import ConsumerRow, model_page
from harness.reports.context_record import (
    CheckRow,
    Fact,
    FileLink,
    Finding,
    OutputRow,
    Picture,
    RecordSection,
    command,
    plain_text,
    record_section,
)
from harness.verdict import Check, CheckStatus, Reason

from .factories import (
    BIAPY,
    GENERATED_AT,
    because,
    finding,
    make_model,
    make_output,
    make_record,
)

_LOG = Artifact(kind="log", path="a.log", bytes=2048)
_GONE = Artifact(kind="build-log", path="b.log", bytes=10)
_COVER = Artifact(kind="cover", path="c.png", bytes=10)


def test_section_of_a_failed_record() -> None:
    checks = (
        CheckResult(name=Check.RUNS, status=CheckStatus.FAILED, seconds=2.4, message="\x1b[31mno\x1b[0m"),
    )
    changes = because(Reason.EXCEPTION, "\x1b[31mKeyError\x1b[0m: 'x'\n")
    record = make_record(checks=checks, artifacts=(_LOG, _GONE, _COVER), key="e" * 64, **changes)
    section = record_section(record, cell="torchscript", kept={_LOG: "files/a.log.txt"}, root="../")
    assert section == RecordSection(
        anchor=record_anchor(record),
        look=Look("failed", "✗", "failed"),
        findings=(),
        cell="torchscript",
        consumer="bioimageio.core 0.11.0",
        consumer_href="../consumers/bioimageio.core.html",
        reason=section.reason,
        stage="running the model",
        blame="the model",
        message="KeyError: 'x'",
        hint=record.hint,
        depth="runtime",
        depth_means="the reference runtime ran the model inside the tool's environment",
        open=True,
        checks=(
            CheckRow(
                name="runs",
                asks="The model computes on the test input without an error.",
                look=Look("failed", "✗", "failed"),
                seconds="2.4 s",
                message="no",
            ),
        ),
        outputs=(),
        facts=(
            Fact(term="Environment", text="torch-2.13 (venv)"),
            Fact(term="Lock digest", text="9f9f9f9f9f9f", full="9f" * 32),
            Fact(term="Device", text="cpu"),
            Fact(term="Threads", text="4"),
            Fact(term="Isolation", text="sandbox"),
            Fact(term="System", text="Linux x86_64"),
            Fact(term="Time", text="5.2 s"),
            Fact(term="Peak memory", text="1.4 GiB"),
            Fact(term="Attempts", text="1"),
            Fact(term="Run", text="run-7"),
            Fact(term="Harness", text="0.1.0 (3f2a91c)", full="3f2a91c07b"),
            Fact(term="Model files", text="abababababab", full="ab" * 32),
            Fact(term="Cell key", text="eeeeeeeeeeee", full="e" * 64),
        ),
        started_at=Moment("2026-05-20T12:03:11Z", "2026-05-20 12:03 UTC"),
        pictures=(),
        files=(
            FileLink(word="log", size="2 KiB", href="../files/a.log.txt"),
            FileLink(word="build log", size="10 B", href=""),
        ),
        command=command(record),
        reproduce="harness reproduce eeeeeeeeeeee",
    )


def test_outputs_say_what_differs() -> None:
    output = make_output(
        shape=(1, 8),
        expected_shape=(1, 9),
        dtype="float64",
        max_abs_diff=None,
        max_rel_diff=None,
        mismatched_ppm=250.0,
        headroom=None,
        comparison="partition",
        message="off",
    )
    (row,) = record_section(make_record(outputs=(output,)), cell="", kept={}, root="").outputs
    assert row == OutputRow(
        name="probability",
        shape="1 × 8",
        expected_shape="1 × 9",
        shape_differs=True,
        dtype="float64",
        expected_dtype="float32",
        dtype_differs=True,
        max_abs_diff="–",
        max_rel_diff="–",
        mismatched="250",
        allowed="10",
        too_many=True,
        atol="0.0001",
        rtol="0.001",
        headroom="–",
        as_partition=True,
        kind="",
        message="off",
    )


def test_an_expectation_that_was_not_recorded_differs_from_nothing() -> None:
    output = make_output(expected_shape=(), expected_dtype="")
    (row,) = record_section(make_record(outputs=(output,)), cell="", kept={}, root="").outputs
    assert (row.expected_shape, row.shape_differs, row.dtype_differs) == ("", False, False)


def test_a_finding_is_explained_and_its_evidence_open() -> None:
    record = make_record(checks=(finding(Check.DETERMINISM, "differs by 0.1"),))
    section = record_section(record, cell="", kept={}, root="")
    (found,) = section.findings
    assert section.open
    assert found == Finding(name="determinism", meaning=found.meaning, message="differs by 0.1")
    assert found.meaning.startswith("Repeated runs")
    assert not record_section(make_record(), cell="", kept={}, root="").open


def test_only_web_addresses_of_a_run_become_links() -> None:
    for url, href in (("https://example.org/1", "https://example.org/1"), ("javascript:alert(1)", "")):
        section = record_section(make_record(run_url=url), cell="", kept={}, root="")
        assert Fact(term="Run", text="run-7", href=href) in section.facts


def test_a_missing_hint_comes_from_the_reason() -> None:
    record = make_record(**{**because(Reason.TIMED_OUT), "hint": ""})
    assert record_section(record, cell="", kept={}, root="").hint == because(Reason.TIMED_OUT)["hint"]


def test_the_command_repeats_the_cell() -> None:
    assert command(make_record(weights_format=WeightsFormat.ONNX, device=Device.CUDA)) == (
        "harness run collection --select zoo/plain-model --consumer bioimageio.core "
        "--weights onnx --device cuda --rerun all"
    )


def test_what_an_author_describes_is_called_so() -> None:
    described = EnvironmentRef(name="as-described-12345678", backend=Backend.VENV, digest="1" * 64)
    record = make_record(environment=described)
    assert command(record).endswith("--as-described --device cpu --rerun all")
    facts = {fact.term: fact.text for fact in record_section(record, cell="", kept={}, root="").facts}
    expected = "as-described-12345678 (venv), as the author of the model describes it"
    assert facts["Environment"] == expected


@pytest.mark.parametrize("model_id", ["a b; rm -rf ~", "$(x)", "it's", "`x`"])
def test_a_hostile_id_is_one_argument_of_the_command(model_id: str) -> None:
    text = command(make_record(model=make_model(model_id), weights_format=None))
    assert shlex.split(text)[:5] == ["harness", "run", "collection", "--select", model_id]
    assert "--weights" not in text


def test_a_pattern_in_an_id_is_none_in_the_command() -> None:
    assert "--select '[*]'" in command(make_record(model=make_model("*")))


def test_terminal_codes_are_dropped_from_messages() -> None:
    assert plain_text("\n\x1b[1;31m  red\x1b[0m\n  more\n\n") == "  red\n  more"


def test_page_of_a_model() -> None:
    info = ModelInfo(name="Shark", description="Bites.", license="MIT", authors=("A",), tags=("2d",))
    model = make_model("shark", source="https://example.org/rdf.yaml", sha256="5" * 64)
    older = make_record(model=model, started_at="2026-01-01T00:00:00Z", model_info=ModelInfo(name="Old"))
    newer = make_record(
        model=model,
        consumer=BIAPY,
        model_info=info,
        artifacts=(_COVER,),
        **because(Reason.CRASHED),
    )
    page = model_page([older, newer], kept={_COVER: "files/c.png"}, generated_at=GENERATED_AT)
    assert (page.name, page.description, page.authors, page.tags) == ("Shark", "Bites.", ("A",), ("2d",))
    assert page.cover == "../files/c.png"
    assert page.facts == (
        Fact(term="Id", text="shark"),
        Fact(term="Licence", text="MIT"),
        Fact(term="Source", text=model.source, href=model.source),
        Fact(term="sha256", text="5" * 64),
    )
    assert [section.look.name for section in page.records] == ["failed", "passed"]
    assert [(item.look.name, item.count) for item in page.counts] == [("passed", 1), ("failed", 1)]
    assert page.consumers[0] == ConsumerRow(
        name="biapy",
        version="3.7.1",
        href="../consumers/biapy.html",
        chips=page.consumers[0].chips,
        together="",
    )
    assert page.consumers[0].chips[0].href == f"../models/shark.html#{record_anchor(newer)}"
    assert page.embed.badge.message == "1/2 tools"


def test_a_cover_that_is_gone_is_not_shown() -> None:
    page = model_page([make_record(artifacts=(_COVER,))], kept={}, generated_at=GENERATED_AT)
    assert page.cover == ""


def test_pictures_are_shown_and_arrays_are_linked() -> None:
    picture = Artifact(
        kind="picture", path="pictures/p.png", bytes=9, title="out: produced, expected, difference"
    )
    array = Artifact(kind="array", path="arrays/a.npy", bytes=2048, title="out: produced")
    record = make_record(artifacts=(picture, array), **because(Reason.VALUES_DIFFER, "off"))
    kept = {picture: "files/p.png", array: "files/a.npy"}
    section = record_section(record, cell="onnx", kept=kept, root="../")
    assert section.pictures == (Picture(title=picture.title, href="../files/p.png"),)
    assert section.files == (
        FileLink(word="out: produced, array (.npy)", size="2 KiB", href="../files/a.npy"),
    )
    assert record_section(record, cell="onnx", kept={}, root="../").pictures == ()


def test_the_circumstances_name_the_machine_and_the_limits() -> None:
    machine = Machine(system="Linux 6.1", processor="Fast 9000", processors=8, python="3.11.9")
    record = make_record(machine=machine, limits={"seconds": 60, "memory_bytes": 2 * 1024**3})
    facts = {fact.term: fact.text for fact in record_section(record, cell="", kept={}, root="").facts}
    assert (facts["System"], facts["Processor"], facts["Python"]) == ("Linux 6.1", "Fast 9000", "3.11.9")
    assert facts["Limits"] == "60 s, 2.0 GiB of memory"


def test_a_page_says_what_the_weights_say_together() -> None:
    def side(weights: WeightsFormat, passed: bool) -> Record:
        status = CheckStatus.PASSED if passed else CheckStatus.FAILED
        checks = (CheckResult(name=Check.REPRODUCES, status=status),)
        return make_record(
            weights_format=weights, checks=checks, **({} if passed else because(Reason.VALUES_DIFFER))
        )

    records = [side(WeightsFormat.ONNX, False), side(WeightsFormat.TORCHSCRIPT, True)]
    page = model_page(records, kept={}, generated_at=GENERATED_AT)
    assert page.consumers[0].together == (
        "Only these are off: onnx. These give the declared outputs: torchscript."
    )
