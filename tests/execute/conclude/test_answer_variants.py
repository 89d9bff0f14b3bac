"""The check *variants*: other sizes that the description allows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from harness.collection.variants import Size
from harness.execute.conclude.answer_variants import answer_variants
from harness.execute.conclude.evidence import Event
from harness.ledger.record import CheckResult
from harness.verdict import PASSED, CheckStatus, Reason, Verdict
from tests.execute.conclude.replies import (
    Setting,
    declared,
    error,
    evidence,
    file_of,
    result,
    setting,
    worked,
)

NAMES = ["n=0, batch=1", "n=1, batch=1", "n=2, batch=1", "n=0, batch=2", "n=1, batch=2", "n=2, batch=2"]


@pytest.fixture
def asked(tmp_path: Path) -> Setting:
    return setting(tmp_path)


def answered(asked: Setting, **instead: Event | None) -> tuple[Verdict, CheckResult]:
    return answer_variants(evidence(*worked(asked.tasks, **instead)), asked.tasks, asked.question)


def test_every_size_as_described(asked: Setting) -> None:
    verdict, check = answered(asked)
    assert verdict == PASSED
    assert (check.status, check.message) == (
        CheckStatus.PASSED,
        ", ".join(f"({name})" for name in NAMES),
    )
    assert (check.seconds, check.peak_memory_bytes) == (1.5, 7000)


def test_what_is_described_and_not_tested_is_said(tmp_path: Path) -> None:
    some = setting(tmp_path / "some", variants_left_out="sizes beyond 9 elements are not tested")
    assert answered(some)[1].message.endswith("(n=2, batch=2); sizes beyond 9 elements are not tested")
    for left_out, message in (("all too large", "all too large"), ("", "no other size is described")):
        none = setting(tmp_path / f"none {left_out}", variants=(), variants_left_out=left_out)
        verdict, check = answered(none)
        assert verdict == PASSED
        assert (check.status, check.message) == (CheckStatus.SKIPPED, message)


def test_a_worker_that_ended_before_the_first_variant_gave_no_answer(asked: Setting) -> None:
    verdict, check = answered(asked, reproduces=None)
    assert verdict.reason is Reason.PROCESS_EXITED
    assert check.status is CheckStatus.SKIPPED


def test_sizes_with_one_problem_are_told_together(asked: Setting) -> None:
    first, second, *_ = asked.variants
    verdict, check = answered(asked, variant_0=error(first), variant_1=error(second))
    assert verdict.reason is Reason.VARIANT_FAILS
    assert verdict.message == ("n=0, batch=1 (raw 1×4); n=1, batch=1 (raw 1×6): ValueError: too small")
    assert (check.status, check.reason) == (CheckStatus.FAILED, "variant-fails")
    assert check.seconds == 1.0


@pytest.mark.parametrize(
    ("shape", "words"),
    [((1, 5), "(1, 5), described as (1, 4)"), ((4,), "(4,), described as (1, 4)")],
)
def test_another_shape_than_described(asked: Setting, shape: tuple[int, ...], words: str) -> None:
    first = asked.variants[0]
    verdict, _ = answered(asked, variant_0=result(first, np.zeros(shape, "float32")))
    assert verdict.message == f"n=0, batch=1 (raw 1×4): output out has shape {words}"


def test_another_number_of_outputs_than_described(asked: Setting) -> None:
    first = asked.variants[0]
    verdict, _ = answered(asked, variant_0=result(first, declared(first), declared(first)))
    assert verdict.reason is Reason.VARIANT_FAILS
    assert verdict.message.endswith(": 2 outputs were produced, 1 are described")


def test_what_is_no_matter_of_sizes_keeps_its_reason(asked: Setting) -> None:
    second = asked.variants[1]
    full = error(second, causes=("OSError: [Errno 28] No space left on device",))
    verdict, check = answered(asked, variant_1=full)
    assert verdict.reason is Reason.DISK_FULL
    assert verdict.message.startswith("n=1, batch=1: ")
    assert (check.status, check.seconds) == (CheckStatus.INCONCLUSIVE, 0.25)
    verdict, check = answered(asked, variant_2=None)
    assert verdict.reason is Reason.PROCESS_EXITED
    assert check.reason == "process-exited"


def test_arrays_that_are_not_there(asked: Setting) -> None:
    named = result(asked.variants[0], declared(asked.variants[0]))
    file_of(named, asked.variants[0]).unlink()
    verdict, _ = answered(asked, variant_0=named)
    assert verdict.reason is Reason.REPLY_MALFORMED


@pytest.mark.parametrize(
    ("size", "words"),
    [(Size(min=2, max=3), "2..3"), (Size(min=5, max=None), "5.."), (Size(min=3, max=3), "3")],
)
def test_sizes_that_depend_on_the_data_have_bounds(asked: Setting, size: Size, words: str) -> None:
    tasks = [
        msgspec.structs.replace(
            task, variant=msgspec.structs.replace(task.variant, outputs=((Size(min=1, max=2), size),))
        )
        if task.variant
        else task
        for task in asked.tasks
    ]
    verdict, _ = answered(Setting(asked.question, tuple(tasks)))
    assert f"has shape (1, 4), described as (1..2, {words})" in verdict.message
