"""What can become of a change: one outcome for each thing that there is to say.

``python -m tests.github.outcomes`` writes what is said of them into ``tests/github/messages``, to be read.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.cell import ModelRef, WeightsFormat
from harness.change import Change
from harness.github.answer import answer
from harness.github.outcome import Links, Outcome
from harness.github.summary import summary_of
from harness.ledger.difference import differences
from harness.ledger.gate import decide
from harness.ledger.record import Record
from harness.policy import DEFAULT, Level, Policy, Waiver
from harness.policy.policy import Rule
from harness.verdict import Blame, Reason
from tests.github.rendered import HOSTILE
from tests.reports.factories import BIAPY, CAREAMICS, ONNX, because, make_model, make_record

MESSAGES = Path(__file__).parent / "messages"
TODAY = datetime.date(2026, 6, 1)
CHANGE = Change(
    event="pull_request",
    repository="bioimage-io/collection",
    pull=112,
    base_sha="0f" * 20,
    head_sha="9c4b1e07d2" * 4,
    models=("nuclei-unet2d",),
)
LINKS = Links(
    run="https://github.com/bioimage-io/collection/actions/runs/7001",
    site="https://bioimage-io.github.io/collection/",
)
NUCLEI = make_model("nuclei-unet2d", version="1.1.0")
PASSED = make_record(model=NUCLEI)
ONNX_PASSED = make_record(model=NUCLEI, weights_format=WeightsFormat.ONNX, environment=ONNX)
NOT_FOR_CAREAMICS = make_record(
    model=NUCLEI,
    consumer=CAREAMICS,
    environment=None,
    **because(Reason.MODEL_NOT_SUPPORTED, "CAREamics opens models that it has written"),
)
VALUES = because(
    Reason.VALUES_DIFFER,
    "output probability: 4,211 of 524,288 elements are beyond the tolerance (atol 0.0001, rtol 0.0001); the "
    "largest difference is 0.213 at (0, 1, 37, 255): produced 0.871, expected 0.658",
)
ONNX_DIFFERS = make_record(model=NUCLEI, weights_format=WeightsFormat.ONNX, environment=ONNX, **VALUES)
INVALID = make_record(
    model=make_model("spots-heatmap2d"),
    weights_format=None,
    environment=None,
    **because(
        Reason.DESCRIPTION_INVALID,
        "rdf.yaml: field inputs[0].axes[2].units: Extra inputs are not permitted; "
        "field outputs[0].data.type: Input should be 'float32' or 'float64'; and 2 more",
    ),
)
ALSO_INVALID = make_record(
    model=make_model("cells-two-channel"),
    weights_format=None,
    environment=None,
    **because(Reason.DESCRIPTION_INVALID, "rdf.yaml: is not valid YAML: line 14, column 5: expected ','"),
)
BUILD_FAILED = make_record(
    model=NUCLEI,
    consumer=BIAPY,
    **because(Reason.ENVIRONMENT_BUILD_FAILED, "biapy-3.7: the package index did not answer (502)"),
)


def outcome(records: Sequence[Record], *, policy: Policy = DEFAULT, **changes: Any) -> Outcome:
    """What became of a change to the models of these records."""
    lost = changes.pop("lost", ())
    planned = {record.key: record.cell for record in (*records, *lost)}
    models = tuple(dict.fromkeys(cell.model.source for cell in planned.values()))
    made = Outcome(
        change=msgspec.structs.replace(CHANGE, models=models),
        decision=decide(planned, records, policy, today=TODAY),
        records={record.key: record for record in records},
        links=LINKS,
        collection="collection",
    )
    return msgspec.structs.replace(made, **changes)


def since(published: Iterable[Record], records: Sequence[Record], **changes: Any) -> Outcome:
    """The same, held against what was published."""
    planned = {record.key: record.cell for record in records}
    return outcome(records, differences=differences(planned, records, published), **changes)


def before(record: Record) -> Record:
    """The record of the version before, which passed."""
    model = msgspec.structs.replace(record.model, version="1.0.0", sha256="0" * 64)
    passed: dict[str, Any] = {"status": PASSED.status, "reason": None, "blame": None, "stage": None}
    return msgspec.structs.replace(record, key=f"before {record.key}", model=model, **passed, message="")


def many() -> list[Record]:
    """A new version of a tool with which hundreds of models do not work, for some reasons."""
    reasons = (Reason.VALUES_DIFFER, Reason.EXCEPTION, Reason.UNSUPPORTED_OPERATOR, Reason.TIMED_OUT)
    tools = (PASSED.consumer, BIAPY, CAREAMICS)
    return [
        make_record(
            model=make_model(f"model-{number:03}"),
            consumer=tools[number % 3],
            **because(reasons[number % 7 % 4], f"what happened to model {number}"),
        )
        if number % 5
        else make_record(model=make_model(f"model-{number:03}"))
        for number in range(600)
    ]


def hostile() -> Outcome:
    """A model that says whatever it can to be more than text."""
    texts = [text for text in HOSTILE if text != "\ud800"]  # which no JSON can hold
    model = ModelRef(id="".join(texts), version="@octocat", sha256="0" * 64, source="$(rm -rf ~) @octocat `")
    message = "\n".join(texts)
    record = make_record(model=model, **because(Reason.EXCEPTION, message))
    unknown = make_record(model=model, consumer=BIAPY, **because(Reason.NO_REPLY, message))
    return outcome(
        [record, unknown],
        change=msgspec.structs.replace(
            CHANGE, models=(model.source,), removed=tuple(HOSTILE), review=tuple(HOSTILE)
        ),
        refused=tuple(HOSTILE),
    )


WAIVED = Policy(
    rules=(Rule(consumer="biapy", level=Level.ADVISORY, why="nobody looks after it yet"),),
    waivers=(
        Waiver(
            weights="onnx",
            reasons=("values-differ",),
            owner="@octocat",
            why="resize differs since opset 18",
            expires=datetime.date(2026, 12, 31),
        ),
    ),
)
EXPIRED = Policy(
    waivers=(msgspec.structs.replace(WAIVED.waivers[0], expires=datetime.date(2026, 5, 31)),),
)
EXCUSED = Policy(waivers=(msgspec.structs.replace(WAIVED.waivers[0], model="nuclei-unet2d"),))
BIAPY_FAILS = make_record(
    model=NUCLEI, consumer=BIAPY, **because(Reason.EXCEPTION, "KeyError: 'PROBLEM'", blame=Blame.TOOL)
)
GATE = (".github/workflows/pull-request.yml", "collection/policy.toml")

OUTCOMES: dict[str, Outcome] = {
    "passed": outcome([PASSED, ONNX_PASSED]),
    "passed-not-applicable": outcome([PASSED, NOT_FOR_CAREAMICS]),
    "passed-nothing-ran": outcome([NOT_FOR_CAREAMICS]),
    "passed-fixed": since([ONNX_DIFFERS, before(PASSED)], [PASSED, ONNX_PASSED]),
    "passed-not-blocking": outcome([PASSED, ONNX_DIFFERS, BIAPY_FAILS], policy=WAIVED),
    "passed-accepted": outcome(
        [PASSED], change=msgspec.structs.replace(CHANGE, review=GATE), accepted_by="octocat"
    ),
    "failed": outcome([PASSED, ONNX_DIFFERS, NOT_FOR_CAREAMICS]),
    "failed-regressed": since([before(ONNX_DIFFERS), before(PASSED)], [PASSED, ONNX_DIFFERS]),
    "failed-description": outcome([INVALID]),
    "failed-descriptions": outcome([INVALID, ALSO_INVALID]),
    "failed-tool": outcome([PASSED, BIAPY_FAILS]),
    "failed-many": since(
        [before(record) for record in many()[::3]],
        many(),
        change=msgspec.structs.replace(CHANGE, pull=None, event="push", models=(), broad="a tool is new"),
    ),
    "failed-waiver": outcome([PASSED, ONNX_PASSED], policy=EXPIRED),
    "no-verdict": outcome([PASSED, BUILD_FAILED]),
    "no-verdict-lost": outcome([PASSED], lost=(ONNX_PASSED, NOT_FOR_CAREAMICS)),
    "no-verdict-nothing-planned": outcome([], change=CHANGE),
    "nothing": outcome([], change=msgspec.structs.replace(CHANGE, models=())),
    "removed": outcome(
        [], change=msgspec.structs.replace(CHANGE, models=(), removed=("nuclei-unet2d", "old"))
    ),
    "review": outcome([PASSED], change=msgspec.structs.replace(CHANGE, review=GATE)),
    "review-excused": outcome([PASSED, ONNX_DIFFERS], policy=EXCUSED, excused=("collection/nuclei-unet2d",)),
    "shared": outcome([PASSED, ONNX_PASSED], beside=(113,)),
    "too-large": outcome([PASSED, ONNX_PASSED], too_many_files=10_000),
    "refused": outcome(
        [PASSED],
        lost=(ONNX_PASSED,),
        refused=(
            "shard 2 of 3: the artifact is missing",
            "shard 3 of 3: ledger/run.jsonl, line 4: the cell was not planned for this shard",
        ),
    ),
    "several": outcome(
        [PASSED, ONNX_DIFFERS, BUILD_FAILED],
        change=msgspec.structs.replace(CHANGE, review=GATE),
    ),
    "hostile": hostile(),
}

SUMMARIES = ("passed-not-applicable", "failed", "several")
"""Those of which there are summaries to be read, too."""

if __name__ == "__main__":
    (MESSAGES / "summaries").mkdir(parents=True, exist_ok=True)
    for old in MESSAGES.rglob("*.md"):
        old.unlink()
    for name, each in OUTCOMES.items():
        (MESSAGES / f"{name}.md").write_text(answer(each).body, "utf-8")
    for name in SUMMARIES:
        text = summary_of(OUTCOMES[name].decision, OUTCOMES[name].records)
        (MESSAGES / "summaries" / f"{name}.md").write_text(text, "utf-8")
