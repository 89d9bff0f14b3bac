"""Whatever a worker leaves behind, there is one verdict, and none that blames the wrong one."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import jsonio
from harness.execute.conclude.answers import Conclusion, conclude, with_required
from harness.execute.conclude.classify import explain
from harness.execute.conclude.confirm import MAX_ATTEMPTS, confirmed, needs_another
from harness.execute.conclude.evidence import (
    BeginEvent,
    EndEvent,
    ErrorEvent,
    Event,
    Evidence,
    NeedsEvent,
    ProducedOutput,
    ResultEvent,
    StageEvent,
)
from harness.execute.conclude.tasks import Task
from harness.ledger.record import CheckResult, Record
from harness.limits import DEFAULTS
from harness.policy.policy import FINDINGS
from harness.proc import Finished
from harness.verdict import PASSED, Blame, Check, CheckStatus, Reason, Status, Verdict
from harness.worker.protocol import EXIT_FAILED
from tests.execute.conclude.replies import ENDED, LOADED, Setting, declared, file_of, result, setting, worked
from tests.ledger.records import record

SECONDS = st.floats(0, 1e6)
WORDS = [
    "",
    "MemoryError",
    "OSError: [Errno 28] No space left on device",
    "OSError: [Errno 27] File too large",
    "ConnectionError: refused",
    "SyntaxError: bad",
    "RuntimeError: size mismatch for conv.weight",
    "Fail: Unknown builtin op: foo::bar",
    "NotImplementedError: postprocessing",
    "ValueError: \x1b[1mbad\x1b[0m\n\n  File x\nin net_" + "0" * 64 + ".py",
]
TEXTS = st.sampled_from(WORDS) | st.text(st.characters(codec="utf-8"), max_size=8)
SIGNALS = ["SIGSEGV", "SIGABRT", "SIGKILL", "SIGTERM", "SIGXCPU", "SIGXFSZ", "SIGPIPE", "signal 64"]
LIMITS = ["seconds", "cpu_seconds", "memory_bytes", "processes", "file_bytes", "disk_bytes"]
FINISHED = st.builds(
    Finished,
    exit_code=st.none() | st.sampled_from([0, 1, EXIT_FAILED, 255]),
    signal=st.none() | st.sampled_from(SIGNALS),
    limit=st.none() | st.sampled_from(LIMITS),
    seconds=SECONDS,
    cpu_seconds=SECONDS,
    peak_memory_bytes=st.integers(0, 2**40),
    supervised=st.booleans(),
)


def errors(tasks: st.SearchStrategy[str | None]) -> st.SearchStrategy[ErrorEvent]:
    """Any exception in one of these tasks."""
    return st.builds(
        ErrorEvent,
        stage=st.sampled_from(["import", "load", "run", "io"]),
        task=tasks,
        type=TEXTS,
        message=TEXTS,
        missing_module=st.none() | TEXTS,
        causes=st.lists(TEXTS, max_size=3).map(tuple),
        traceback=TEXTS,
        where=TEXTS,
        in_worker=st.booleans(),
    )


def results(task: Task) -> list[ResultEvent]:
    """What a task may say that it has produced."""
    right = declared(task)
    nan = np.full_like(right, np.nan)
    garbage = result(task, right)
    file_of(garbage, task).write_bytes(b"\x93NUMPY garbage")
    gone = result(task, right)
    file_of(gone, task).unlink()
    elsewhere = msgspec.structs.replace(gone, outputs=(ProducedOutput("out", task.inputs[0]),))
    arrays = [(), (right,), (right + 1,), (nan,), (right[..., :1],), (right[0],), (right, right)]
    arrays += [(right.astype(kind),) for kind in ("int8", "float64", "complex64", "bool")]
    return [garbage, gone, elsewhere, *(result(task, *made) for made in arrays)]


class Pool(msgspec.Struct, frozen=True):
    """A setting, and every event that its tasks may tell."""

    asked: Setting
    results: dict[str, list[ResultEvent]]

    def evidence(self) -> st.SearchStrategy[Evidence]:
        """Anything, from a reply without a fault to events in no order."""
        names = [task.name for task in self.asked.tasks]
        some = st.sampled_from([*names, "no such task"])
        every = [event for told in self.results.values() for event in told]
        event: st.SearchStrategy[Event] = (
            st.sampled_from([*LOADED, EndEvent(), StageEvent(stage="load", seconds=0.0)])
            | st.lists(TEXTS, max_size=3).map(lambda names: NeedsEvent(names=tuple(names)))
            | some.map(lambda name: BeginEvent(task=name))
            | st.sampled_from(every)
            | errors(st.none() | some)
        )
        plain = self.asked.tasks
        instead = {
            name.replace("-", "_"): st.none() | st.sampled_from(self.results[name]) | errors(st.just(name))
            for name in names
        }
        nearly = st.fixed_dictionaries({}, optional=instead).map(lambda said: worked(plain, **said))
        return st.builds(
            Evidence,
            finished=st.just(ENDED) | FINISHED,
            events=nearly | st.lists(event, max_size=10).map(tuple),
            malformed=st.none() | TEXTS,
            log_tail=TEXTS,
        )


@pytest.fixture(scope="module", params=[1, 3], ids=["once", "thrice"])
def pool(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    asked = setting(tmp_path_factory.mktemp("any"), repeat=request.param)
    return Pool(asked, {task.name: results(task) for task in asked.tasks})


def allowed(verdict: Verdict) -> bool:
    return (verdict.status, verdict.blame) not in (
        (Status.FAILED, Blame.INFRASTRUCTURE),
        (Status.INCONCLUSIVE, Blame.MODEL),
    )


def stored(conclusion: Conclusion) -> Record:
    """The record of an attempt, as it comes back from the ledger."""
    verdict = conclusion.verdict
    made = record(
        verdict.reason,
        status=verdict.status,
        blame=verdict.blame,
        message=verdict.message,
        checks=conclusion.checks,
        outputs=tuple(j.result for j in conclusion.compared.judgements) if conclusion.compared else (),
    )
    read = jsonio.loads(jsonio.dumps(made), Record, origin="line")
    assert read == made
    return read


def told(conclusion: Conclusion) -> tuple[Verdict, list[CheckResult]]:
    """What is concluded, without the time that comparing took."""
    return conclusion.verdict, [msgspec.structs.replace(check, seconds=0.0) for check in conclusion.checks]


@settings(max_examples=50)
@given(data=st.data())
def test_any_evidence_gives_one_verdict_that_the_ledger_takes(pool: Pool, data: st.DataObject) -> None:
    asked = pool.asked
    evidence = data.draw(pool.evidence())
    conclusion = conclude(evidence, asked.tasks, asked.question)
    assert told(conclude(evidence, asked.tasks, asked.question)) == told(conclusion)
    assert allowed(conclusion.verdict)
    read = stored(conclusion)
    assert len({check.name for check in read.checks}) == len(read.checks)
    for check in read.checks:
        answered = check.status in (CheckStatus.PASSED, CheckStatus.SKIPPED)
        assert answered is (check.reason is None)
    if conclusion.verdict == PASSED:
        for name in (Check.LOAD, Check.RUNS, Check.REPRODUCES, Check.VARIANTS):
            passed = read.check(name)
            assert passed is not None
            assert passed.status is CheckStatus.PASSED


@settings(max_examples=25)
@given(data=st.data(), required=st.sets(st.sampled_from(FINDINGS)))
def test_what_the_policy_requires_only_takes_away(
    pool: Pool, data: st.DataObject, required: set[Check]
) -> None:
    asked = pool.asked
    conclusion = conclude(data.draw(pool.evidence()), asked.tasks, asked.question)
    held = with_required(conclusion, frozenset(required))
    assert allowed(held.verdict)
    assert stored(held).checks == conclusion.checks
    if conclusion.verdict.status is not Status.PASSED or not required:
        assert held == conclusion
    unmet = [
        check
        for check in held.checks
        if check.name in required and check.status not in (CheckStatus.PASSED, CheckStatus.SKIPPED)
    ]
    assert not (held.verdict.status is Status.PASSED and unmet)


@settings(max_examples=150)
@given(
    st.lists(errors(st.none()) | st.sampled_from([*LOADED, BeginEvent(task="reproduces")]), max_size=4),
    FINISHED,
    st.none() | TEXTS,
)
def test_whatever_went_wrong_is_explained(
    events: list[Event], finished: Finished, malformed: str | None
) -> None:
    evidence = Evidence(finished=finished, events=tuple(events), malformed=malformed, log_tail="")
    verdict = explain(evidence, DEFAULTS)
    assert verdict == explain(evidence, DEFAULTS)
    assert allowed(verdict)
    assert verdict.status in (Status.FAILED, Status.INCONCLUSIVE)
    begun = evidence.stage in ("load", "run") or any(isinstance(e, ErrorEvent) for e in events)
    assert begun or verdict.status is Status.INCONCLUSIVE, "no model fails before it is touched"


REASONS = st.none() | st.sampled_from(Reason)
ATTEMPTS = st.lists(REASONS, min_size=1, max_size=MAX_ATTEMPTS)


def verdicts(reasons: list[Reason | None]) -> list[Verdict]:
    return [Verdict.because(reason, f"words {n}") if reason else PASSED for n, reason in enumerate(reasons)]


@given(ATTEMPTS)
def test_any_attempts_give_one_verdict(reasons: list[Reason | None]) -> None:
    said = verdicts(reasons)
    verdict = confirmed(said)
    assert verdict == confirmed(said)
    assert allowed(verdict)
    failures = [each for each in said if each.status is Status.FAILED]
    if verdict.status is Status.PASSED:
        assert not failures, "what failed once is not passed"
        assert said[-1].status is Status.PASSED
    if verdict.status is Status.FAILED:
        assert verdict == said[-1]
        assert {each.reason for each in failures} == {verdict.reason}
        chance = verdict.reason is not None and verdict.reason.spurious
        assert not chance or reasons.count(verdict.reason) >= 2


@given(ATTEMPTS)
def test_attempts_end_and_only_what_may_be_chance_is_tried_again(reasons: list[Reason | None]) -> None:
    last = reasons[-1]
    again = needs_another(verdicts(reasons))
    assert again == needs_another(verdicts(reasons))
    assert not (again and len(reasons) >= MAX_ATTEMPTS)
    assert not (again and (last is None or not last.spurious))
    if len(reasons) == 1 and last is not None and last.spurious:
        assert again
