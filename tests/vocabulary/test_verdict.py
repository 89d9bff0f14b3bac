"""No verdict and no record can be made, copied or read with words that do not go together."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import jsonio
from harness.errors import ConfigurationError
from harness.ledger.record import Record
from harness.verdict import PASSED, Blame, Reason, Status, Verdict
from tests.ledger.records import PLAIN

Words = tuple[Status, Reason | None, Blame | None]

EVERY: list[Words] = list(itertools.product(Status, [None, *Reason], [None, *Blame]))


def allowed(status: Status, reason: Reason | None, blame: Blame | None) -> bool:
    """The rules of docs/verdicts.md, said once more."""
    if status is Status.PASSED:
        return reason is None and blame is None
    if status is Status.FAILED and blame is Blame.INFRASTRUCTURE:
        return False
    if status is Status.INCONCLUSIVE and blame is Blame.MODEL:
        return False
    return reason is not None and blame is not None


def stored(status: object, reason: object, blame: object) -> bytes:
    """A record with these words, as a ledger may hold it."""
    plain: dict[str, Any] = msgspec.to_builtins(PLAIN)
    return jsonio.dumps(plain | {"status": status, "reason": reason, "blame": blame})


def is_read(data: bytes) -> bool:
    """Whether it is a record, and no error of configuration."""
    try:
        jsonio.loads(data, Record, origin="line 1")
    except ConfigurationError:
        return False
    return True


def is_made(words: Words) -> bool:
    status, reason, blame = words
    try:
        Verdict(status=status, reason=reason, blame=blame)
    except ValueError:
        return False
    return True


def test_exactly_the_combinations_that_mean_something_can_be_made() -> None:
    assert {words for words in EVERY if is_made(words)} == {words for words in EVERY if allowed(*words)}


def test_exactly_these_can_be_read_from_a_ledger() -> None:
    for status, reason, blame in EVERY:
        data = stored(status, reason.slug if reason else None, blame)
        assert is_read(data) is allowed(status, reason, blame)


def test_a_copy_with_other_words_is_checked_too() -> None:
    made = Verdict.because(Reason.EXCEPTION, "words")
    for status, reason, blame in EVERY:
        if not allowed(status, reason, blame):
            slug = reason.slug if reason else None
            with pytest.raises(ValueError, match=r"verdict with reason|never carries"):
                msgspec.structs.replace(made, status=status, reason=reason, blame=blame)
            with pytest.raises(ValueError, match=r"verdict with reason|never carries"):
                msgspec.structs.replace(PLAIN, status=status, reason=slug, blame=blame)


WORDS = [*(word.value for word in (*Status, *Blame)), *(reason.slug for reason in Reason)]
ANY_WORD = st.none() | st.sampled_from(WORDS) | st.text(max_size=12) | st.integers() | st.booleans()


@given(ANY_WORD, ANY_WORD, ANY_WORD)
def test_words_that_are_none_are_never_read(status: Any, reason: Any, blame: Any) -> None:
    if is_read(stored(status, reason, blame)):
        told = None if reason is None else Reason.from_slug(reason)
        assert allowed(Status(status), told, None if blame is None else Blame(blame))


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.slug)
def test_the_evidence_may_name_another_who_can_act_than_the_reason(reason: Reason) -> None:
    for blame in (None, *Blame):
        if allowed(reason.status, reason, blame or reason.blame):
            verdict = Verdict.because(reason, "words", blame=blame)
            assert (verdict.status, verdict.reason, verdict.message) == (reason.status, reason, "words")
            assert verdict.blame is (blame or reason.blame)
        else:
            with pytest.raises(ValueError, match="never carries"):
                Verdict.because(reason, "words", blame=blame)


def test_only_inconclusive_answers_nothing() -> None:
    assert [status for status in Status if not status.conclusive] == [Status.INCONCLUSIVE]
    assert PASSED.status is Status.PASSED
