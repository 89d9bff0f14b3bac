"""Models that nobody could tell apart (pure): one id and version, or one source, of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from harness.cell import ModelRef


def twins(
    refs: Sequence[ModelRef], *, testable: Iterable[ModelRef], named: Iterable[ModelRef]
) -> dict[ModelRef, str]:
    """What is wrong with those that are not alone, in words.

    Args:
        refs: all models.
        testable: those at which nothing else is wrong.
        named: those whose id was told by a description; a guessed id is nobody's twin.
    """
    sources = Counter(ref.source for ref in refs)
    by_identity: dict[tuple[str, str], list[str]] = {}
    for ref in named:
        by_identity.setdefault((ref.id, ref.version), []).append(ref.source)
    problems = {}
    for ref in testable:
        others = [source for source in by_identity[ref.id, ref.version] if source != ref.source]
        if others:
            problems[ref] = (
                f"{ref.source}: field id: {ref.id!r} is also the id of {', '.join(others)}; "
                "ids and versions are unique"
            )
    for ref in refs:
        if sources[ref.source] > 1:
            problems[ref] = (
                f"{ref.source}: is listed {sources[ref.source]} times in the index; list a model once"
            )
    return problems
