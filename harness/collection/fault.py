"""What is wrong with one model. Becomes the one record of that model; the run goes on."""

from __future__ import annotations

from harness.verdict import Reason


class ModelFault(Exception):  # noqa: N818  of the model, not of this program
    """A model that cannot be tested, with the reason and a sentence that names file and field."""

    def __init__(self, reason: Reason, message: str) -> None:
        self.reason = reason
        # Records are UTF-8, whatever a message quotes.
        self.message = message.encode("utf-8", "backslashreplace").decode()
        super().__init__(self.message)
