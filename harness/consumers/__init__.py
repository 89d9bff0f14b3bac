"""The tools that open models: one module each, typed by :class:`Consumer`, listed in ``CONSUMERS``."""

from __future__ import annotations

from typing import Protocol

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.consumers import (
    biapy,
    biapy_check,
    bioengine,
    bioengine_service,
    bioimageio_core,
    careamics,
    cellpose,
    deepimagej,
    dl4miceverywhere,
    fiji,
    icy,
    ilastik,
    onnxruntime_web,
    qupath,
    spotmax,
    stardist,
    tensorflow_js,
    zerocostdl4mic,
)
from harness.policy import Level


class Consumer(Protocol):
    """What a consumer's module defines."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """As in reports and on the command line: lower case."""

    @property
    def TITLE(self) -> str:  # noqa: N802
        """As its team writes it."""

    @property
    def OWNER(self) -> str:  # noqa: N802
        """Whom to ask where its adapter fails: a GitHub user, organisation or team, without @."""

    @property
    def HOME(self) -> str:  # noqa: N802
        """The page for its users, a URL."""

    @property
    def DISTRIBUTION(self) -> str:  # noqa: N802
        """The package whose locked version is the consumer's version."""

    @property
    def TESTED(self) -> str:  # noqa: N802
        """Which versions the adapter was tested with, as PEP 440 writes it: ">=0.11,<0.12"."""

    @property
    def NEEDS(self) -> tuple[str, ...]:  # noqa: N802
        """Requirements that this package has but does not state."""

    @property
    def DEPTH(self) -> Depth:  # noqa: N802
        """What a verdict of this consumer is about."""

    @property
    def RUNNER(self) -> str:  # noqa: N802
        """Module of ``harness.worker.runners``; empty for a static one that needs no environment: what
        ``applicable`` finds no reason against has passed."""

    @property
    def LEVEL(self) -> Level:  # noqa: N802
        """What its cells are to the gate unless a rule of the policy matches: what its team asks for."""

    @property
    def AS_CALLED(self) -> bool:  # noqa: N802
        """Whether users call it in another way than its test does: with padding."""

    def applicable(self, description: Description, weights_format: WeightsFormat) -> str | None:
        """Why the tool by design does not open these weights of this model, in words; None if it does.

        Pure, and fast: it is asked for each model before anything is built. Never raises.
        """


_TOOLS: tuple[Consumer, ...] = (
    bioimageio_core,  # the reference runtime comes first: it records what cannot be read
    careamics,
    biapy,
    biapy_check,
    cellpose,
    spotmax,
    stardist,
    onnxruntime_web,
    tensorflow_js,
    deepimagej,
    fiji,
    icy,
    qupath,
    bioengine,
    bioengine_service,
    ilastik,
    zerocostdl4mic,
    dl4miceverywhere,
)
CONSUMERS = {tool.NAME: tool for tool in _TOOLS}

REFERENCE = bioimageio_core.NAME
"""The reference runtime: what it makes of a model tells whose failure another tool's is."""
