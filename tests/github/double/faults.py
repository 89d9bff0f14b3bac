"""What goes wrong, on demand."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping

_NOTHING = "nothing is wrong"


@dataclasses.dataclass(kw_only=True)
class Fault:
    """What the next requests meet that it is about.

    Attributes:
        method: of the requests that it is about; empty for all.
        path: found anywhere in their path (a regular expression).
        skip: how many of those pass first.
        times: how many of those meet it, then.
        status: answered instead of asking the state; 0 to go on.
        delay: seconds before the answer.
        first: what happens in the meantime.
    """

    method: str = ""
    path: str = ""
    skip: int = 0
    times: int = 1
    status: int = 0
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    message: str = "a fault on demand"
    delay: float = 0
    first: Callable[[], object] = lambda: _NOTHING

    def meets(self, method: str, path: str) -> bool:
        """Whether this request meets it; counts it, if so."""
        if self.method not in ("", method) or not re.search(self.path, path) or not self.times:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True
