from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cell import Backend, EnvironmentRef
from harness.ledger.query import conclusive_by_key, current, held, newest_by_key
from harness.ledger.record import Record
from harness.verdict import Check, Reason, Status
from tests.ledger.records import PLAIN, at, record, unreadable

REASONS = st.sampled_from([None, Reason.VALUES_DIFFER, Reason.NO_REPLY])
HISTORIES = st.lists(st.tuples(st.sampled_from("abc"), REASONS), max_size=12)


def _history(steps: list[tuple[str, Reason | None]]) -> list[Record]:
    return [record(reason, key=key, started_at=at(second)) for second, (key, reason) in enumerate(steps)]


@settings(deadline=None)
@given(HISTORIES, st.randoms())
def test_newest_by_key_prefers_what_is_conclusive(
    steps: list[tuple[str, Reason | None]], random: object
) -> None:
    history = _history(steps)
    newest = newest_by_key(reversed(history))
    assert newest == newest_by_key(history)
    assert newest.keys() == {key for key, _ in steps}
    for key, chosen in newest.items():
        mine = [r for r in history if r.key == key]
        assert chosen == ([r for r in mine if r.status.conclusive] or mine)[-1]
    assert conclusive_by_key(history) == {k: r for k, r in newest.items() if r.status.conclusive}
    last_at = max((r.started_at for r in history), default="")  # of an inconclusive one, too
    assert held(iter(history)) == (newest, last_at)


@settings(deadline=None)
@given(HISTORIES)
def test_current_has_one_record_for_a_cell_that_of_its_newest_key(
    steps: list[tuple[str, Reason | None]],
) -> None:
    shown = current(_history(steps))
    assert len(shown) == bool(steps)
    if steps:
        assert shown == [newest_by_key(_history(steps))[steps[-1][0]]]


def test_verdicts_about_changed_files_are_history() -> None:
    changed = msgspec.structs.replace(PLAIN.model, sha256="b" * 64)
    old = record(key="old", weights_format="torchscript")
    new = record(key="new", model=changed, started_at=at(1))
    assert current([old, new]) == [new]


def test_an_environment_as_described_replaces_the_one_before() -> None:
    """Its name follows from its digest."""
    environment = EnvironmentRef(name="as-described-11111111", backend=Backend.VENV, digest="1")
    other = msgspec.structs.replace(environment, name="as-described-22222222", digest="2")
    current_one = record(key="own")
    old = record(key="old", environment=environment)
    new = record(key="new", environment=other, started_at=at(1))
    assert current([current_one, old, new]) == [new, current_one]


def test_a_model_that_moved_is_shown_once() -> None:
    moved = msgspec.structs.replace(PLAIN.model, source="elsewhere")
    assert len(current([record(), record(model=moved, started_at=at(1))])) == 1


def test_a_model_that_can_be_read_again_is_no_longer_unreadable() -> None:
    fault = unreadable(Reason.DESCRIPTION_INVALID)
    later = record(started_at=at(1))
    assert current([fault, later]) == [later]
    assert current([msgspec.structs.replace(fault, started_at=at(2)), later])[0].key == fault.key


def test_a_failed_download_does_not_hide_what_is_known() -> None:
    nothing = msgspec.structs.replace(PLAIN.model, sha256="")
    known = record()
    failed = unreadable(Reason.DOWNLOAD_FAILED, model=nothing, started_at=at(1))
    assert {shown.key for shown in current([known, failed])} == {known.key, failed.key}
    again = record(started_at=at(2))
    assert current([known, failed, again]) == [again]
    assert current([failed]) == [failed]


def test_a_record_knows_its_cell_and_checks() -> None:
    assert record().cell.model == PLAIN.model
    assert record().check(Check.SCAN) is None
    assert record(Reason.FORMAT_NOT_SUPPORTED).status is Status.NOT_APPLICABLE
