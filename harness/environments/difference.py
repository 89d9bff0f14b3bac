"""What differs between two environments (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from harness.environments import lock
from harness.environments.recipe import Recipe


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is otherwise; ``before`` or ``after`` is None where it is not there at all."""

    what: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> str:
        """In one word."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def changes(before: Recipe, after: Recipe) -> list[Change]:
    """All that differs, nothing only if the digests are the same.

    First what makes it, then Python, variables, packages by name, and at last what has no version of its own.
    """
    settings = {
        "back-end": (before.backend.value, after.backend.value),
        "builder": (str(before.builder), str(after.builder)),
        "python": (before.python, after.python),
        "build of torch": (before.torch_backend or None, after.torch_backend or None),
    }
    found = [Change(what=what, before=old, after=new) for what, (old, new) in settings.items() if old != new]
    found += _between(before.variables, after.variables, "variable ")
    packages = list(_between(lock.pins(before.lock), lock.pins(after.lock)))
    if before.lock != after.lock and not packages:
        packages = [Change(what="lock", before="these files", after="other files of the same versions")]
    found += packages
    found += _between_texts(before.files, after.files)
    return found


def in_short(found: Sequence[Change]) -> str:
    """How many there are of each kind, in words."""
    if not found:
        return "no difference"
    counts = {kind: sum(change.kind == kind for change in found) for kind in ("added", "removed", "changed")}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)


def _between(before: Mapping[str, str], after: Mapping[str, str], prefix: str = "") -> Iterator[Change]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Change(what=f"{prefix}{name}", before=before.get(name), after=after.get(name))


def _between_texts(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    """What a back-end reads besides is told by its name alone."""
    for change in _between(before, after, "file "):
        old, new = ("one text", "another text") if change.kind == "changed" else ("there", "there")
        yield Change(
            what=change.what,
            before=None if change.before is None else old,
            after=None if change.after is None else new,
        )
