from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.reports.addresses import record_address
from harness.reports.context import Look, Moment
from harness.reports.context_consumer import CellRow, DepthText, ReasonCount, consumer_page
from harness.verdict import Check, Reason

from .factories import CORE, CORE_OLD, GENERATED_AT, because, finding, make_model, make_record

_FAILED = Look("failed", "✗", "failed")


def test_versions_come_newest_first_with_their_own_counts() -> None:
    records = [
        make_record(consumer=CORE_OLD),
        make_record(consumer=CORE, depth=Depth.TOOL, **because(Reason.VALUES_DIFFER)),
    ]
    page = consumer_page(records, generated_at=GENERATED_AT, site_url="https://example.org")
    assert (page.name, page.embed.badge.message) == ("bioimageio.core", "0/1 models")
    assert [(version.version, version.models) for version in page.versions] == [
        ("0.11.0", "0/1 models"),
        ("0.9.6", "1/1 models"),
    ]
    assert page.versions[0].depths == (DepthText(name="tool", means="the tool itself ran the model"),)
    assert [item.count for item in page.versions[0].counts] == [0, 1, 0, 0]
    assert page.versions[0].anchor == "version-0.11.0"
    assert page.versions[1].embed.address == "badges/consumers/bioimageio.core@0.9.6"


def test_reasons_are_counted_failures_first() -> None:
    reasons = [Reason.NO_REPLY, Reason.TIMED_OUT, Reason.VALUES_DIFFER, Reason.VALUES_DIFFER]
    reasons.append(Reason.FORMAT_NOT_SUPPORTED)
    records = [make_record(model=make_model(f"m{n}"), **because(reason)) for n, reason in enumerate(reasons)]
    (version,) = consumer_page(records, generated_at=GENERATED_AT).versions
    assert version.reasons == (
        ReasonCount(look=_FAILED, reason="values differ beyond tolerance", blame="the model", count=2),
        ReasonCount(look=_FAILED, reason="timed out", blame="the model", count=1),
        ReasonCount(
            look=Look("inconclusive", "?", "no verdict"),
            reason="worker gave no reply",
            blame="the test infrastructure",
            count=1,
        ),
        ReasonCount(
            look=Look("not-applicable", "–", "not applicable"),
            reason="weights format not supported by the tool",
            blame="",
            count=1,
        ),
    )


def test_cells_come_with_what_needs_attention_first() -> None:
    passed = make_record(model=make_model("a"))
    noted = make_record(model=make_model("b"), checks=(finding(Check.AS_CALLED),))
    failed = make_record(
        model=make_model("c", version="2"), weights_format=WeightsFormat.ONNX, **because(Reason.CRASHED)
    )
    (version,) = consumer_page([passed, noted, failed], generated_at=GENERATED_AT).versions
    assert [(row.model_id, row.findings) for row in version.cells] == [("c 2", 0), ("b", 1), ("a", 0)]
    assert version.cells[0] == CellRow(
        model="Plain Model",
        model_id="c 2",
        cell="onnx",
        environment="torch-2.13",
        device="cpu",
        look=_FAILED,
        findings=0,
        reason=version.cells[0].reason,
        blame="the model",
        tested=Moment("2026-05-20T12:03:11Z", "2026-05-20 12:03 UTC"),
        href=f"../{record_address(failed)}",
    )
