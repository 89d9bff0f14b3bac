"""Numbers and times as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

UNKNOWN = "–"


def duration(seconds: float) -> str:
    """Wall time: "420 ms", "4.2 s", "3 min 20 s", "1 h 05 min"; a dash for what was not timed."""
    if seconds <= 0:
        return UNKNOWN
    if seconds < 1:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def memory(count: int) -> str:
    """Bytes in binary units; a dash for 0, which stands for "not measured"."""
    if count <= 0:
        return UNKNOWN
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def difference(number: float | None) -> str:
    """A difference or tolerance in three significant digits; a dash where no finite number tells it."""
    return UNKNOWN if number is None else f"{number:.3g}"


def per_million(number: float) -> str:
    """Elements per million, without an exponent."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def percent(share: float | None) -> str:
    """A share as percent; "100 %" and "0 %" only where it is exactly that, "none" below it."""
    if share is None:
        return UNKNOWN
    if share < 0:
        return "none"
    if 0.99 < share < 1:
        return "> 99 %"
    if 0 < share < 0.01:
        return "< 1 %"
    return f"{share * 100:.0f} %"


def shape(sizes: tuple[int, ...]) -> str:
    """A tensor's sizes, "1 × 2 × 512 × 512"; "scalar" if it has none."""
    return " × ".join(map(str, sizes)) or "scalar"


def moment(iso: str) -> str:
    """An ISO 8601 time to the minute in UTC; other text stays as it is."""
    try:
        parsed = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    except ValueError:
        return iso
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=timezone.utc)
    return f"{parsed.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def limits(stated: Mapping[str, float]) -> str:
    """The limits of a record in words, "600 s, 8.0 GiB of memory"; empty if there are none."""
    seconds = {"seconds": "", "cpu_seconds": " of processor time"}
    sizes = {"memory_bytes": " of memory", "file_bytes": " in a file", "disk_bytes": " on disk"}
    told = [f"{stated[name]:g} s{what}" for name, what in seconds.items() if name in stated]
    told += [f"{memory(int(stated[name]))}{what}" for name, what in sizes.items() if name in stated]
    told += [f"{stated['processes']:g} processes"] if "processes" in stated else []
    return ", ".join(told)
