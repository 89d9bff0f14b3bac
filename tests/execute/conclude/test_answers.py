"""From what a worker left to the checks and the verdict of an attempt."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from harness.collection.named_files import NamedFile
from harness.execute.conclude.answers import Conclusion, conclude, with_required
from harness.execute.conclude.confirm import needs_another
from harness.execute.conclude.evidence import Event
from harness.ledger.record import CheckResult
from harness.policy.policy import FINDINGS, Checks, Policy
from harness.verdict import PASSED, Blame, Check, CheckStatus, Reason, Status, Verdict
from tests.execute.conclude.replies import (
    LOADED,
    Setting,
    declared,
    error,
    evidence,
    file_of,
    result,
    setting,
    worked,
)

EVERY_FINDING = frozenset(FINDINGS)


@pytest.fixture
def once(tmp_path: Path) -> Setting:
    return setting(tmp_path)


@pytest.fixture
def thrice(tmp_path: Path) -> Setting:
    return setting(tmp_path, repeat=3)


def concluded(asked: Setting, *, malformed: str | None = None, **instead: Event | None) -> Conclusion:
    told = evidence(*worked(asked.tasks, **instead), malformed=malformed)
    return conclude(told, asked.tasks, asked.question)


def statuses(conclusion: Conclusion) -> dict[Check, CheckStatus]:
    return {check.name: check.status for check in conclusion.checks}


def check(conclusion: Conclusion, name: Check) -> CheckResult:
    (found,) = [check for check in conclusion.checks if check.name is name]
    return found


def test_a_check_of_a_description_has_nothing_to_run(once: Setting) -> None:
    assert conclude(evidence(*LOADED), (), once.question).verdict == PASSED
    refused = conclude(evidence(error()), (), once.question)
    assert refused.verdict.status is Status.FAILED
    assert statuses(refused) == {Check.LOAD: CheckStatus.FAILED}


def test_a_model_that_gives_what_it_should(once: Setting) -> None:
    conclusion = concluded(once)
    assert conclusion.verdict == PASSED
    assert statuses(conclusion) == dict.fromkeys(
        (Check.LOAD, Check.RUNS, Check.REPRODUCES, Check.VARIANTS, Check.AS_CALLED), CheckStatus.PASSED
    )
    assert conclusion.compared is not None
    assert [judgement.passed for judgement in conclusion.compared.judgements] == [True]
    runs = check(conclusion, Check.RUNS)
    assert (runs.seconds, runs.peak_memory_bytes) == (0.25, 7000)
    assert check(conclusion, Check.LOAD).seconds == 0.5


def test_what_cannot_be_loaded_is_all_that_is_known(once: Setting) -> None:
    told = evidence(*LOADED[:2], error(causes=("SyntaxError: bad",), type="SyntaxError"))
    conclusion = conclude(told, once.tasks, once.question)
    assert conclusion.verdict.reason is Reason.IMPORT_ERROR
    (load,) = conclusion.checks
    assert (load.name, load.status, load.reason) == (Check.LOAD, CheckStatus.FAILED, "import-error")
    assert conclusion.compared is None


def test_a_module_that_is_declared_and_not_installed_blames_nobody_who_declared_it(once: Setting) -> None:
    told = evidence(*LOADED[:2], error(missing_module="monai", causes=("ModuleNotFoundError: monai",)))
    weights = once.question.weights_format
    undeclared = conclude(told, once.tasks, once.question).verdict
    assert (undeclared.reason, undeclared.blame) == (Reason.UNDECLARED_DEPENDENCY, Blame.METADATA)
    file = NamedFile(field=f"weights.{weights.value}.dependencies", source="environment.yaml")
    model = once.question.model
    described = msgspec.structs.replace(model.description, files=(*model.description.files, file))
    question = msgspec.structs.replace(
        once.question, model=msgspec.structs.replace(model, description=described)
    )
    verdict = conclude(told, once.tasks, question).verdict
    assert (verdict.status, verdict.reason) == (Status.INCONCLUSIVE, Reason.DEPENDENCY_NOT_INSTALLED)
    assert verdict.blame is Blame.ENVIRONMENT
    assert verdict.message.endswith("the dependencies that environment.yaml declares are not installed")
    as_described = msgspec.structs.replace(question, as_described=True)
    assert conclude(told, once.tasks, as_described).verdict == undeclared, "all that is declared is there"


def test_a_worker_that_ends_while_loading(once: Setting) -> None:
    told = evidence(*LOADED[:2], exit_code=None, signal="SIGSEGV")
    conclusion = conclude(told, once.tasks, once.question)
    assert conclusion.verdict.reason is Reason.CRASHED
    assert statuses(conclusion) == {Check.LOAD: CheckStatus.FAILED}


def test_a_reply_that_breaks_the_protocol_answers_nothing(once: Setting) -> None:
    conclusion = concluded(once, malformed="line 3 of the reply: no JSON")
    assert conclusion.verdict.reason is Reason.REPLY_MALFORMED
    assert statuses(conclusion) == {Check.LOAD: CheckStatus.INCONCLUSIVE}


def test_what_does_not_run_cannot_be_compared(once: Setting) -> None:
    conclusion = concluded(once, reproduces=error(once.tasks[0]))
    assert conclusion.verdict.reason is Reason.EXCEPTION
    assert check(conclusion, Check.RUNS).reason == "exception"
    reproduces = check(conclusion, Check.REPRODUCES)
    assert (reproduces.status, reproduces.message) == (CheckStatus.SKIPPED, "the model did not run")
    assert check(conclusion, Check.VARIANTS).status is CheckStatus.PASSED


def test_other_values_than_declared(once: Setting) -> None:
    first = once.tasks[0]
    conclusion = concluded(once, reproduces=result(first, declared(first) + 1))
    assert conclusion.verdict.reason is Reason.VALUES_DIFFER
    assert conclusion.verdict.message.startswith("output out: 8 of 8 elements differ beyond tolerance")
    assert check(conclusion, Check.RUNS).status is CheckStatus.PASSED
    assert check(conclusion, Check.REPRODUCES).reason == "values-differ"


def test_the_first_check_that_did_not_pass_decides(once: Setting) -> None:
    first, variant = once.tasks[0], once.variants[0]
    other = result(first, declared(first) + 1)
    conclusion = concluded(once, reproduces=other, variant_0=error(variant))
    assert conclusion.verdict.reason is Reason.VALUES_DIFFER
    assert check(conclusion, Check.VARIANTS).reason == "variant-fails"
    assert concluded(once, variant_0=error(variant)).verdict.reason is Reason.VARIANT_FAILS


def test_another_number_of_outputs_than_described(once: Setting) -> None:
    first = once.tasks[0]
    conclusion = concluded(once, reproduces=result(first, declared(first), declared(first)))
    assert conclusion.verdict.reason is Reason.WRONG_OUTPUT_COUNT
    assert conclusion.verdict.message == "2 outputs were produced, 1 are described"


def test_outputs_that_are_not_there(once: Setting) -> None:
    named = result(once.tasks[0], declared(once.tasks[0]))
    file_of(named, once.tasks[0]).unlink()
    conclusion = concluded(once, reproduces=named)
    assert conclusion.verdict.reason is Reason.REPLY_MALFORMED
    assert conclusion.compared is not None
    assert conclusion.compared.judgements == ()


def test_the_call_with_padding_is_a_finding_only(once: Setting) -> None:
    last = once.tasks[-1]
    differs = concluded(once, as_called=result(last, declared(last) + 1))
    assert check(differs, Check.AS_CALLED).reason == "values-differ"
    raises = concluded(once, as_called=error(last))
    assert check(raises, Check.AS_CALLED).reason == "exception"
    ends = concluded(once, as_called=None)
    assert check(ends, Check.AS_CALLED).status is CheckStatus.FAILED
    for conclusion in (differs, raises, ends):
        assert conclusion.verdict == PASSED


def test_what_the_worker_did_not_come_to_is_skipped(thrice: Setting) -> None:
    conclusion = concluded(thrice, reproduces=None)
    assert conclusion.verdict.reason is Reason.PROCESS_EXITED
    for name in (Check.DETERMINISM, Check.VARIANTS, Check.AS_CALLED):
        skipped = check(conclusion, name)
        if name is not Check.DETERMINISM:
            assert (skipped.status, skipped.message) == (
                CheckStatus.SKIPPED,
                "the worker did not come so far",
            )
    assert check(conclusion, Check.DETERMINISM).reason == "process-exited"
    later = check(concluded(thrice, repeat_2=None), Check.DETERMINISM)
    assert later.reason == "process-exited"
    third = check(concluded(thrice, variant_0=None), Check.AS_CALLED)
    assert third.status is CheckStatus.SKIPPED


def test_runs_that_are_equal(thrice: Setting) -> None:
    found = check(concluded(thrice), Check.DETERMINISM)
    assert (found.status, found.message) == (CheckStatus.PASSED, "3 runs are bitwise equal")
    assert found.seconds == 0.75


def test_an_unstable_model_is_a_finding_until_the_policy_requires_it(thrice: Setting) -> None:
    third = thrice.tasks[2]
    conclusion = concluded(thrice, repeat_3=result(third, declared(third) + 1))
    found = check(conclusion, Check.DETERMINISM)
    assert (found.status, found.reason) == (CheckStatus.FAILED, "not-deterministic")
    assert conclusion.verdict == PASSED
    assert with_required(conclusion, frozenset({Check.AS_CALLED})) == conclusion
    verdict = with_required(conclusion, EVERY_FINDING).verdict
    assert (verdict.status, verdict.blame) == (Status.FAILED, Blame.MODEL)
    assert verdict.message.startswith("the policy requires determinism: unstable: run 3 differs")


def test_what_the_policy_requires_is_part_of_each_attempt(thrice: Setting) -> None:
    policy = Policy(checks=Checks(required=FINDINGS))
    strict = msgspec.structs.replace(thrice, question=msgspec.structs.replace(thrice.question, policy=policy))
    verdict = concluded(strict, as_called=None).verdict
    assert (verdict.reason, needs_another([verdict])) == (Reason.PROCESS_EXITED, True)
    assert concluded(strict).verdict == PASSED


def test_unstable_runs_with_another_number_of_outputs_than_described(thrice: Setting) -> None:
    first, second = thrice.tasks[0], thrice.tasks[1]
    array = declared(first)
    conclusion = concluded(
        thrice, reproduces=result(first, array, array), repeat_2=result(second, array, array + 1)
    )
    assert conclusion.verdict.reason is Reason.WRONG_OUTPUT_COUNT
    assert check(conclusion, Check.DETERMINISM).status is CheckStatus.SKIPPED


@pytest.mark.parametrize("dtype", ["complex64", "U4", "datetime64[s]", "V2", "i4,f4"])
def test_unstable_runs_that_give_no_real_numbers(thrice: Setting, dtype: str) -> None:
    first, second, third = thrice.tasks[:3]
    zeros, ones = np.zeros((1, 8), dtype), np.ones((1, 8), dtype)
    conclusion = concluded(
        thrice,
        reproduces=result(first, zeros),
        repeat_2=result(second, ones),
        repeat_3=result(third, declared(third)),
    )
    assert conclusion.verdict.reason is Reason.WRONG_DTYPE
    assert check(conclusion, Check.DETERMINISM).reason == "not-deterministic"


def test_a_repetition_that_fails_or_leaves_no_array(thrice: Setting) -> None:
    second = thrice.tasks[1]
    raised = check(concluded(thrice, repeat_2=error(second)), Check.DETERMINISM)
    assert (raised.status, raised.reason) == (CheckStatus.FAILED, "exception")
    named = result(second, declared(second))
    file_of(named, second).unlink()
    lost = concluded(thrice, repeat_2=named)
    assert check(lost, Check.DETERMINISM).status is CheckStatus.INCONCLUSIVE
    assert lost.verdict == PASSED
    verdict = with_required(lost, EVERY_FINDING).verdict
    assert (verdict.status, verdict.reason) == (Status.INCONCLUSIVE, Reason.REPLY_MALFORMED)


def test_what_the_policy_requires_changes_only_a_verdict_that_passed(once: Setting) -> None:
    last = once.tasks[-1]
    differs = result(last, declared(last) * np.float32(np.nan))
    passed = concluded(once, as_called=differs)
    verdict = with_required(passed, EVERY_FINDING).verdict
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.UNEXPECTED_NAN)
    failed = concluded(once, as_called=differs, reproduces=error(once.tasks[0]))
    assert with_required(failed, EVERY_FINDING) == failed
    assert with_required(concluded(once), EVERY_FINDING).verdict == PASSED


def test_skipped_checks_satisfy_the_policy() -> None:
    skipped = CheckResult(name=Check.AGREEMENT, status=CheckStatus.SKIPPED)
    conclusion = Conclusion(verdict=PASSED, checks=(skipped,))
    assert with_required(conclusion, EVERY_FINDING) == conclusion
    disagree = CheckResult(
        name=Check.AGREEMENT, status=CheckStatus.FAILED, reason=Reason.FORMATS_DISAGREE.slug, message="m"
    )
    verdict = with_required(Conclusion(verdict=PASSED, checks=(skipped, disagree)), EVERY_FINDING).verdict
    assert verdict == Verdict.because(Reason.FORMATS_DISAGREE, "the policy requires agreement: m")


def test_a_reply_that_ends_between_two_runs(thrice: Setting) -> None:
    told = evidence(*LOADED, *worked(thrice.tasks)[len(LOADED) : len(LOADED) + 2])
    conclusion = conclude(told, thrice.tasks, thrice.question)
    found = check(conclusion, Check.DETERMINISM)
    assert (found.status, found.message) == (CheckStatus.SKIPPED, "the worker did not come so far")
    assert check(conclusion, Check.REPRODUCES).status is CheckStatus.PASSED
    assert conclusion.verdict.reason is Reason.PROCESS_EXITED


def test_a_tool_that_fails_in_what_an_author_chose_is_not_its_owners_trouble(once: Setting) -> None:
    told = evidence(
        *LOADED[:1], error(stage="import", tool=True, type="ToolError", message="its API changed")
    )
    verdict = conclude(told, once.tasks, once.question).verdict
    assert (verdict.reason, verdict.message) == (Reason.TOOL_UNUSABLE, "its API changed")
    as_described = msgspec.structs.replace(once.question, as_described=True)
    assert conclude(told, once.tasks, as_described).verdict.reason is Reason.ENVIRONMENT_UNHEALTHY


def test_a_consumer_that_is_called_in_one_way_is_not_asked_for_another(once: Setting) -> None:
    tasks = [task for task in once.tasks if not task.padding]
    checks = conclude(evidence(*worked(tasks)), tasks, once.question).checks
    assert Check.AS_CALLED not in [check.name for check in checks]
