"""What is known of a consumer and a model before anything is built (pure)."""

from __future__ import annotations

import functools

from packaging.specifiers import SpecifierSet

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.consumers import Consumer
from harness.plan.plan import Settled
from harness.verdict import Reason


def by_description(
    consumer: Consumer, description: Description, weights: WeightsFormat, *, opened: bool
) -> Settled | None:
    """The verdict where the description says it all; None where something has to run.

    That is a tool that by design does not open these weights of this model, and one that nothing runs of.

    Args:
        opened: whether the tool opens any weights of this format.
    """
    why = consumer.applicable(description, weights)
    if why is None:
        return None if runs(consumer) else Settled()
    reason = Reason.MODEL_NOT_SUPPORTED if opened else Reason.FORMAT_NOT_SUPPORTED
    return Settled(reason=reason.slug, message=why)


def runs(consumer: Consumer) -> bool:
    """Whether anything of the tool runs; else the description says it all."""
    return consumer.DEPTH is not Depth.STATIC or bool(consumer.RUNNER)


def untested(consumer: Consumer, version: str) -> Settled | None:
    """The verdict of every model in a version of the tool that nobody has tested the adapter with."""
    if _within(consumer.TESTED, version):
        return None
    message = (
        f"the adapter of {consumer.TITLE} was tested with {consumer.TESTED}, this is {version}; "
        f"{consumer.OWNER} can say whether it holds for this version, too"
    )
    return Settled(reason=Reason.TOOL_VERSION_UNTESTED.slug, message=message)


@functools.cache
def _within(specifier: str, version: str) -> bool:
    """A text that is no version is within nothing."""
    return SpecifierSet(specifier).contains(version, prereleases=True)
