"""Publish a ledger on its branch, and get what is published there. Nothing published is ever replaced."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from harness import jsonio
from harness.errors import OutputError, RemoteError
from harness.published.files import LEDGER, add, lay_out
from harness.published.git import Pushed, Remote, WorkTree

_ATTEMPTS = 12
_LONGEST_PAUSE = 20.0
_ABOUT = """\
# The published ledger

`ledger/` holds every record that `harness github publish` has published, `artifacts/` the logs and pictures
that they name. Files are only ever added: nobody edits them. `harness github published` gets them into a
folder, of which `harness report` makes the site.
"""


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: how many segments were new, and at which attempt they were taken (0 without any)."""

    segments: int
    attempt: int


def publish(folder: Path, remote: Remote, *, sleep: Callable[[float], None] = time.sleep) -> Publication:
    """Add the ledger and artifacts in ``folder`` to the branch, and then to ``folder`` all that is published.

    When somebody else pushes meanwhile, what they pushed is fetched and it is added again.

    Args:
        sleep: waits for so many seconds.

    Raises:
        ConfigurationError: the repository does not let it, or something published would have to change.
        OutputError: ``folder`` cannot be written.
        RemoteError: the repository cannot be reached, or others are faster each time.
    """
    with tempfile.TemporaryDirectory(prefix="harness-publish-") as scratch:
        tree = Path(scratch)
        clone = WorkTree(tree, remote)
        for attempt in range(1, _ATTEMPTS + 1):
            if not clone.fetch():
                jsonio.write_bytes(tree / "README.md", _ABOUT.encode())
            segments = add(folder, tree)
            if clone.is_as_fetched():
                lay_out(tree, folder)
                return Publication(segments=0, attempt=0)
            clone.commit(f"{segments} segment{'s' * (segments != 1)} of records")
            if clone.push() is Pushed.TAKEN:
                lay_out(tree, folder)
                return Publication(segments=segments, attempt=attempt)
            # Those who try at once do not try again at once.
            sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.5 * 2**attempt)))  # noqa: S311
    raise RemoteError(
        f"{remote}: somebody else pushed first, {_ATTEMPTS} times; publish again later, nothing is lost"
    )


def get(remote: Remote, folder: Path) -> bool:
    """Add all that is published to ``folder``; returns whether anything is.

    Raises:
        ConfigurationError: something else is there under the same name.
        OutputError: ``folder`` cannot be written.
        RemoteError: the repository cannot be reached.
    """
    with tempfile.TemporaryDirectory(prefix="harness-published-") as scratch:
        there = WorkTree(Path(scratch), remote).fetch()
        if there:
            lay_out(Path(scratch), folder)
    try:
        (folder / LEDGER).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written ({error.strerror}); choose another --output"
        ) from error
    return there
