"""Which environments a plan will likely need, said while the collection is still being read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from harness.cell import WeightsFormat
from harness.plan.matrix import Offer, Selection

OnLikely: TypeAlias = Callable[[str, str], None]


class Likely:
    """Hears of descriptions that were never read before: nobody has verdicts of such models yet.

    Args:
        say: is called with the names of an environment and of a consumer, once for each pair.
    """

    def __init__(self, offers: Sequence[Offer], selection: Selection, say: OnLikely) -> None:
        self._offers = offers
        self._selection = selection
        self._say = say
        self._said: set[tuple[str, str]] = set()

    def new(self, source: str, content: Mapping[str, object]) -> None:
        """A new description.

        Args:
            source: of the model.
            content: as it stands in the file, not checked.
        """
        if not self._selection.wants(str(content.get("id", "")), source):
            return
        weights = content.get("weights")
        formats = {name for name in WeightsFormat if isinstance(weights, dict) and name.value in weights}
        if self._selection.weights:
            formats &= set(self._selection.weights)
        for offer in self._offers:
            if formats & set(offer.weights_formats):
                for consumer in offer.consumers:
                    self._tell(offer.ref.name, consumer)

    def _tell(self, environment: str, consumer: str) -> None:
        if self._selection.wants_consumer(consumer) and (environment, consumer) not in self._said:
            self._said.add((environment, consumer))
            self._say(environment, consumer)
