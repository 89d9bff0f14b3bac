from __future__ import annotations

from harness.cell import ConsumerRef
from harness.github.failures import notices
from harness.verdict import Reason
from tests.cli.planned import outcome_of
from tests.ledger.records import record

CORE = "bioimageio.core"


def test_one_for_each_reason() -> None:
    made = notices(
        [
            outcome_of("b", Reason.VALUES_DIFFER),
            outcome_of("a", Reason.VALUES_DIFFER),
            outcome_of("c", Reason.CRASHED),
            outcome_of("d"),
            outcome_of("e", Reason.DOWNLOAD_FAILED),
        ],
        [CORE],
    )
    assert list(made) == [f"{CORE}/{Reason.CRASHED.slug}", f"{CORE}/{Reason.VALUES_DIFFER.slug}"]
    body = made[f"{CORE}/{Reason.VALUES_DIFFER.slug}"].body
    assert body.index("- `a` (onnx)") < body.index("- `b` (onnx)")
    assert "a: what happened" in body
    assert "`c`" not in body


def test_only_tools_that_asked() -> None:
    other = ConsumerRef(name="other", version="1")
    records = [record(Reason.CRASHED, consumer=other)]
    assert notices(records, [CORE]) == {}
    assert notices(records, ["other"]) != {}


def test_the_order_of_records_changes_nothing() -> None:
    records = [outcome_of(name, Reason.CRASHED) for name in "abc"]
    assert notices(records, [CORE]) == notices(reversed(records), [CORE])


def test_many_models_are_counted() -> None:
    made = notices([outcome_of(f"m{n:03}", Reason.CRASHED) for n in range(80)], [CORE])
    (notice,) = made.values()
    assert notice.body.count("\n- `m") + notice.body.startswith("- `m") == 50
    assert "- and 30 more" in notice.body


def test_names_and_messages_of_models_are_no_markdown() -> None:
    made = notices([outcome_of("@octocat <b>", Reason.CRASHED)], [CORE])
    (notice,) = made.values()
    assert "- `@octocat <b>` (onnx)" in notice.body
