"""The closed vocabulary: every word has its label."""

from __future__ import annotations

import pytest

from harness import labels
from harness.verdict import Blame, Check, CheckStatus, Reason, Stage, Status, Verdict


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.slug)
def test_every_reason_has_its_words_and_its_verdict(reason: Reason) -> None:
    text = labels.REASON[reason]
    assert text.label
    assert text.hint.endswith(".")
    assert reason.slug == reason.name.lower().replace("_", "-")
    assert Reason.from_slug(reason.slug) is reason
    verdict = Verdict.because(reason, "why")
    assert (verdict.status, verdict.blame) == (reason.status, reason.blame)
    assert not (reason.spurious and reason.stage is Stage.VALIDATE)


def test_slugs_and_labels_are_unique() -> None:
    assert len({reason.slug for reason in Reason}) == len(Reason)
    assert len({text.label for text in labels.REASON.values()}) == len(Reason)


def test_every_word_of_the_vocabulary_has_its_look() -> None:
    assert set(labels.REASON) == set(Reason)
    assert set(labels.STATUS) == set(Status)
    assert set(labels.CHECK_STATUS) == set(CheckStatus)
    assert set(labels.BLAME) == set(Blame)
    assert set(labels.STAGE) == set(Stage)
    assert set(labels.CHECK) == set(Check)
    assert len({look.icon for look in labels.STATUS.values()}) == len(Status)


def test_an_unknown_slug() -> None:
    with pytest.raises(ValueError, match="unknown reason 'bored'"):
        Reason.from_slug("bored")
