"""What a run looks at before anything is built: records that it need not make, and room for environments."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cell import Backend
from harness.errors import HarnessError
from harness.ledger.query import conclusive_by_key
from harness.ledger.store import LedgerWriter, read_records

if TYPE_CHECKING:
    from harness.environments.spec import EnvironmentSpec
    from harness.plan.plan import PlannedCell


def take_over(cells: Sequence[PlannedCell], published: Path, ledger: LedgerWriter) -> None:
    """Append the records that stand beside a plan for cells that need not run, unless they are there already.

    Raises:
        ConfigurationError: what stands there are no records.
        OutputError: the ledger cannot be written.
    """
    wanted = {entry.key for entry in cells if entry.recorded}
    if not wanted:
        return
    there = {record.key for record in read_records(ledger.path.parent) if record.key in wanted}
    records = (record for record in read_records(published) if record.key in wanted - there)
    for record in conclusive_by_key(records).values():
        ledger.append(record)


def lack_of_room(cells: Sequence[PlannedCell], specs: Mapping[str, EnvironmentSpec]) -> str:
    """What to say if the disk has less room than the environments may take that are still to be built.

    That is a guess, since environments share files: it keeps nothing from running. A disk that is full is
    told by the cells whose environment has no room. Empty if there is room.
    """
    from harness.environments.expected import expected
    from harness.paths import cache_folder

    used = {entry.cell.environment for entry in cells if entry.settled is None and entry.cell.environment}
    missing = {
        ref.name: expected(specs[ref.name], ref.backend).bytes
        for ref in sorted(used, key=lambda ref: ref.name)
        if ref.backend is not Backend.DOCKER and not _is_built(specs[ref.name], ref.backend)
    }
    needed = sum(missing.values())
    folder = cache_folder()
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    free = shutil.disk_usage(there).free
    if needed <= free:
        return ""
    names = ", ".join(missing)
    return (
        f"{folder}: {free / 1e9:.1f} GB are free, and {names} may take up to {needed / 1e9:.1f} GB; if that "
        "is too much, `harness env prune` frees space, HARNESS_CACHE_DIR names a folder on another disk, and "
        "--shard runs less"
    )


def _is_built(spec: EnvironmentSpec, backend: Backend) -> bool:
    """Whether nothing has to be built; what keeps one from being made at all is told where it is built."""
    from harness.environments import store
    from harness.environments.failure import EnvironmentBuildError

    try:
        return store.find(spec, backend) is not None
    except (HarnessError, EnvironmentBuildError):
        return True
