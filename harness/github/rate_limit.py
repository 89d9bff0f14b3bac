"""How long GitHub wants to be left alone (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What GitHub asks for where its secondary limit states no time.
_UNTOLD = 60.0
_SECONDARY = re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE)


def seconds_to_wait(status: int, headers: Mapping[str, str], body: str, *, now: float) -> float | None:
    """Seconds to wait before the request is sent again; None if no rate limit refused it.

    Args:
        headers: of the answer; names in any case are the mapping's own matter.
        now: seconds since 1970, as ``x-ratelimit-reset`` counts.
    """
    if status not in (403, 429):
        return None
    if (after := _number(headers.get("retry-after"))) is not None:
        return max(after, 0.0)
    reset = _number(headers.get("x-ratelimit-reset"))
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return max(reset - now, 0.0) + 1  # its clock and ours
    return _UNTOLD if status == 429 or _SECONDARY.search(body) else None


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"[0-9]{1,12}", text) else None
