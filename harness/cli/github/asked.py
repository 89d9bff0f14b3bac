"""What an event asks to be tested, and by whose rules."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

import msgspec

from harness.change import Change
from harness.collection.changes import Reach, relative_to
from harness.collection.difference import reach_between
from harness.collection.git import Checkout
from harness.errors import ConfigurationError, UsageError
from harness.github.event import Event, read_event

ReadFile: TypeAlias = Callable[[Path], bytes | None]

_EVERYTHING = {
    "local": "there is no --base to compare with",
    "push": "there is no commit before to compare with",
    "schedule": "this is a scheduled run",
    "workflow_dispatch": "this run was asked for by hand",
}
_PULLS = ("pull_request", "pull_request_target")


class Asked(NamedTuple):
    """What is to be planned.

    Attributes:
        change: as it is handed on, but for ``broad``.
        reach: what the change touches; None if everything is tested.
        why_everything: in words, empty if it is not.
        rules: reads files that decide how models are tested, as they are where they hold; None for no file.
    """

    change: Change
    reach: Reach | None
    why_everything: str
    rules: ReadFile

    @property
    def is_for_nothing(self) -> bool:
        """Whether no cell has to be planned."""
        return self.reach is not None and not (
            self.reach.models or self.reach.environments or self.reach.harness
        )


def asked(collection: str, *, base: str, head: str) -> Asked:
    """What the event of this job asks for, or without one what the options do.

    A pull request is held against its base, by the base's rules: it cannot excuse itself. A push is held
    against what was there before, by its own rules, as is all else.

    Args:
        base: a commit; empty for the event's own.
        head: a commit; empty for the event's own.

    Raises:
        UsageError: a commit is not in this clone, or there is nothing to plan for such an event.
        ConfigurationError: the event's payload is not what GitHub documents.
    """
    event = (
        read_event(os.environ) if os.environ.get("GITHUB_EVENT_NAME") else Event(name="local", repository="")
    )
    if event.name not in (*_EVERYTHING, *_PULLS):
        raise UsageError(f"GITHUB_EVENT_NAME: {event.name}: there is nothing to plan for such an event")
    base, head = base or event.base_sha, head or event.head_sha or "HEAD"
    change = Change(event=event.name, repository=event.repository, pull=event.pull, head_sha=event.head_sha)
    if not base:
        return Asked(change, None, _EVERYTHING[event.name], _from_disk)
    checkout = Checkout(_folder(collection))
    try:
        base = checkout.commit(base)
    except UsageError:
        if not event.forced:
            raise
        return Asked(change, None, "the commit before was pushed over", _from_disk)
    head = checkout.commit(head)
    reach = reach_between(checkout, collection, base=base, head=head)
    change = msgspec.structs.replace(
        change, base_sha=base, head_sha=head, models=reach.models, removed=reach.removed, review=reach.review
    )

    def from_base(path: Path) -> bytes | None:
        place = relative_to(path, checkout.top)
        return None if place is None else checkout.file(base, place)

    return Asked(change, reach, "", _from_disk if event.name == "push" else from_base)


def _folder(collection: str) -> Path:
    """Where the checkout is: that of the collection; of one on the web, the one that this is run in."""
    if urlsplit(collection).scheme in ("http", "https"):
        return Path()
    path = Path(collection)
    return path if path.is_dir() else path.parent


def _from_disk(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
