"""Which environments the checked out commit does not have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.collection.changes import relative_to
from harness.collection.git import Checkout
from harness.environments.spec import EnvironmentSpec


def new_environments(folder: Path, specs: Mapping[str, EnvironmentSpec]) -> set[str]:
    """The names of those in the folder whose lock is not as the commit has it.

    Args:
        specs: by name; those of elsewhere, such as what authors declare, are not new.

    Raises:
        UsageError: the folder is in no checkout, or git cannot be started.
    """
    checkout = Checkout(folder)
    head = checkout.commit("HEAD")
    top = folder.resolve()
    return {
        name
        for name, spec in specs.items()
        if relative_to(spec.lock, top) is not None
        and (place := relative_to(spec.lock, checkout.top)) is not None
        and checkout.file(head, place) != spec.lock.read_bytes()
    }
