"""What a push or a pull request changes, as far as tests depend on it: ``change.json``, beside the plan."""

from __future__ import annotations

import msgspec

SCHEMA = 1


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is tested, and why. Models are named by their source, the folder relative to the collection.

    Attributes:
        event: GitHub's name for what happened, e.g. ``pull_request``.
        repository: OWNER/NAME of the collection.
        pull: the number of the pull request, None without one.
        base_sha: the commit that the change is held against; empty where there is none.
        head_sha: the commit that is tested.
        models: those that the change touches.
        removed: those that it deletes.
        broad: why more than those is tested, in words; empty if it is not.
        review: paths that a maintainer has to look at: they decide how models are tested.
    """

    schema: int = SCHEMA
    event: str
    repository: str
    pull: int | None = None
    base_sha: str = ""
    head_sha: str
    models: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    broad: str = ""
    review: tuple[str, ...] = ()

    @property
    def relevant(self) -> bool:
        """Whether anything is to be tested for it."""
        return bool(self.models or self.removed or self.broad)
