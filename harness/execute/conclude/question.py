"""What one cell asks, with everything that decides the answer beside the evidence."""

from __future__ import annotations

import msgspec

from harness.cell import WeightsFormat
from harness.collection.model import Model
from harness.collection.tolerance import Tolerance, tolerance_for
from harness.limits import Limits
from harness.policy import Policy


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Does this model, with these weights, give its declared outputs within these limits?

    Attributes:
        as_described: whether the environment holds what these weights declare that they need.
        repeat: how often the declared inputs are run, 1 or more; beyond 1 to measure determinism.
    """

    model: Model
    weights_format: WeightsFormat
    limits: Limits
    policy: Policy
    repeat: int = 1
    as_described: bool = False

    @property
    def dependencies_not_installed(self) -> str | None:
        """The file with packages that these weights need and do not get; None if there is none."""
        if self.as_described:
            return None
        field = f"weights.{self.weights_format.value}.dependencies"
        files = self.model.description.files_for(self.weights_format)
        return next((file.source for file in files if file.field == field), None)

    def tolerance(self, output: str, *, also: WeightsFormat | None = None) -> Tolerance:
        """The description's tolerance for an output, within the bounds of the policy.

        Args:
            also: other weights that are compared with these: the wider tolerance of the two holds.
        """
        mine = self._bounded(output, self.weights_format)
        if also is None or also is self.weights_format:
            return mine
        other = self._bounded(output, also)
        return Tolerance(
            atol=max(mine.atol, other.atol), rtol=max(mine.rtol, other.rtol), ppm=max(mine.ppm, other.ppm)
        )

    def _bounded(self, output: str, weights_format: WeightsFormat) -> Tolerance:
        rules = self.model.description.tolerances
        stated = tolerance_for(rules, weights_format=weights_format, output=output)
        atol, rtol, ppm = self.policy.bounded(stated.atol, stated.rtol, stated.ppm)
        return Tolerance(atol=atol, rtol=rtol, ppm=ppm)
