"""Tools that do not take a model: what a reply says of that, and when it is believed."""

from __future__ import annotations

import functools
import importlib

from harness.consumers import CONSUMERS
from harness.verdict import Reason, Verdict


def if_ever_asked(verdict: Verdict, consumer: str) -> Verdict:
    """A refusal, if the tool's adapter asks at all; any other verdict as it is.

    A tool that is never asked whether it takes a model has refused none: such a reply is a model's.
    """
    if verdict.reason is not Reason.REFUSED_BY_TOOL or _asks(CONSUMERS[consumer].RUNNER):
        return verdict
    said = "the reply says that the tool does not take the model, which its adapter never asks"
    return Verdict.because(Reason.REPLY_MALFORMED, said)


def as_asked(refused: Verdict, asked: Verdict) -> Verdict:
    """A refusal, if the tool says so, too, where it was only asked: no code of the model ran then."""
    if asked.reason is Reason.REFUSED_BY_TOOL:
        return refused
    said = "the reply says that the tool does not take the model; asked without it, the tool says otherwise"
    return Verdict.because(Reason.REPLY_MALFORMED, said)


@functools.cache
def _asks(runner: str) -> bool:
    return hasattr(importlib.import_module(f"harness.worker.runners.{runner}"), "refuse")
