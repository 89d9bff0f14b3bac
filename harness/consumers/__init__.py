"""The tools that open models: one module each, typed by :class:`Consumer`, listed in ``CONSUMERS``."""

from __future__ import annotations

from typing import Protocol

from harness.cell import Depth, WeightsFormat
from harness.consumers import bioengine, bioimageio_core


class Consumer(Protocol):
    """What a consumer's module defines."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """As in reports: lower case."""

    @property
    def DISTRIBUTION(self) -> str:  # noqa: N802
        """The Python package whose locked version is the consumer's version."""

    @property
    def NEEDS(self) -> tuple[str, ...]:  # noqa: N802
        """Requirements that this package has but does not state."""

    @property
    def DEPTH(self) -> Depth:  # noqa: N802
        """What a verdict of this consumer is about."""

    @property
    def RUNNER(self) -> str:  # noqa: N802
        """Module of ``harness.worker.runners``."""

    def unsupported(self, weights_format: WeightsFormat) -> str | None:
        """Why the tool by design does not open such weights; None if it does."""


CONSUMERS: dict[str, Consumer] = {bioimageio_core.NAME: bioimageio_core, bioengine.NAME: bioengine}
