"""Weights that need more than weights: what the framework tells, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.execute.conclude.answers import conclude
from harness.execute.conclude.evidence import Event, NeedsEvent
from harness.execute.conclude.more_than_weights import in_words, with_needs
from harness.verdict import Check, CheckStatus, Reason, Verdict
from tests.execute.conclude.replies import LOADED, Setting, error, evidence, setting, worked

END = ", which PyTorch does not load with weights_only=True; save model.state_dict() and nothing else"
REFUSED = (
    "ValueError: Failed to load weights with `weights_only=True`: Weights only load failed.",
    "UnpicklingError: Weights only load failed. {} was not an allowed global by default.",
)
VERDICT = Verdict.because(Reason.LOAD_FAILED, "ValueError: no")


def refused(what: str, *needs: str) -> tuple[Event, ...]:
    """A reply of a worker that could not load the weights."""
    told = (NeedsEvent(names=needs),) if needs else ()
    return (*LOADED[:2], *told, error(causes=tuple(cause.format(what) for cause in REFUSED)))


@pytest.fixture
def asked(tmp_path: Path) -> Setting:
    return setting(tmp_path)


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        (("numpy.dtype",), "more than tensors: it needs numpy.dtype"),
        (
            ("torch.nn.modules.conv.Conv2d", "unet.UNet"),
            "a whole pickled model, not a state dictionary: it needs unet.UNet, torch.nn.modules.conv.Conv2d",
        ),
        (tuple("abcdefg"), "more than tensors: it needs a, b, c, d, e and 2 more"),
    ],
)
def test_what_the_framework_lists(needs: tuple[str, ...], words: str) -> None:
    assert in_words(evidence(NeedsEvent(names=needs))) == f"the weights file holds {words}{END}"


@pytest.mark.parametrize(
    "what", ["Unsupported global: GLOBAL unet.UNet", "Trying to load unsupported GLOBAL unet.UNet"]
)
def test_of_an_old_file_the_first_that_is_refused(what: str) -> None:
    told = evidence(*refused(what))
    words = f"the weights file holds more than tensors: it needs unet.UNet{END}"
    assert with_needs(VERDICT, told).message == words


def test_weights_that_are_refused_for_another_reason() -> None:
    told = evidence(*refused("Unsupported operand 149"))
    assert in_words(told) == ""
    assert with_needs(VERDICT, told) == VERDICT


def test_another_error_is_told_first() -> None:
    told = evidence(*LOADED[:2], NeedsEvent(names=("numpy.dtype",)), error(causes=("ImportError: no",)))
    first, second = with_needs(VERDICT, told).message.splitlines()
    assert (first, second) == (VERDICT.message, in_words(told))


def test_a_process_that_ended_while_it_loaded() -> None:
    told = evidence(*LOADED[:2], NeedsEvent(names=("numpy.dtype",)))
    assert with_needs(VERDICT, told).message.startswith(f"{VERDICT.message}\nthe weights file holds")


def test_the_check_says_why_they_were_not_loaded(asked: Setting) -> None:
    told = evidence(*refused("Unsupported global: GLOBAL numpy.dtype", "numpy.dtype"))
    conclusion = conclude(told, asked.tasks, asked.question)
    assert conclusion.verdict.reason is Reason.LOAD_FAILED
    assert [check.message for check in conclusion.checks] == [in_words(told)]


def test_the_check_says_so_too_where_a_tool_loads_them_all_the_same(asked: Setting) -> None:
    told = evidence(NeedsEvent(names=("numpy.dtype",)), *worked(asked.tasks))
    (load,) = (c for c in conclude(told, asked.tasks, asked.question).checks if c.name is Check.LOAD)
    assert (load.status, load.message) == (CheckStatus.PASSED, in_words(told))
