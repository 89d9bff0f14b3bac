"""Models that do not block only because the policy names a model as they are called.

A model states its own id, and whoever proposes a new one chooses its folder. So what the policy says of a
name holds for the model that has it in the branch that a pull request goes to.
"""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from harness.errors import NotHandedOverError

if TYPE_CHECKING:
    from harness.cell import Cell
    from harness.github.client import Client
    from harness.ledger.gate import Decision
    from harness.ledger.record import Record
    from harness.policy import Level, Policy


def excused(
    client: Client,
    base: str,
    decision: Decision,
    records: Iterable[Record],
    policy: Policy,
    *,
    today: datetime.date,
    levels: Mapping[str, Level],
    collection: str,
) -> tuple[str, ...]:
    """The folders of models that would block if the policy named none, and that the base does not know so.

    Args:
        base: the branch that the pull request goes to, or a commit.
        decision: by the whole policy, for which ``today`` and ``levels`` are as in ``decide``.
    """
    from harness.ledger.gate import Effect, decide

    harmless = {
        each.key: each.cell for each in decision.having(Effect.WAIVED, Effect.COUNTED, Effect.IGNORED)
    }
    nameless = decide(
        {key: _by_place(cell) for key, cell in harmless.items()},
        records,
        policy.without_names(),
        today=today,
        levels=levels,
    )
    models = {harmless[each.key].model for each in nameless.having(Effect.BLOCKS, Effect.NO_VERDICT)}
    folders = {model: posixpath.normpath(posixpath.join(collection, model.source)) for model in models}
    return tuple(
        sorted(folder for model, folder in folders.items() if _id_in(client, base, folder) != model.id)
    )


def _by_place(cell: Cell) -> Cell:
    """The cell of a model that is called as its folder: only that is not its own word."""
    import msgspec

    return msgspec.structs.replace(cell, model=msgspec.structs.replace(cell.model, id=cell.model.source))


def _id_in(client: Client, commit: str, folder: str) -> str | None:
    """What the model in a folder of a commit is called; None if there is none that can be read."""
    from harness.cli.github.described import described

    try:
        content = described(client, folder, commit)
    except NotHandedOverError:
        return None
    if content is None:
        return None
    stated = content.get("id")
    return stated if isinstance(stated, str) else posixpath.basename(folder)
