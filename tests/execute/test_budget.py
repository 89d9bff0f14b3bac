"""What runs at a time fits into the memory, and the longest comes first."""

from __future__ import annotations

import threading

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.execute.budget import Budget, Expectations
from tests.ledger.records import at, record


def test_the_newest_record_that_ran_something_says_what_a_cell_needs() -> None:
    old = msgspec.structs.replace(record(), seconds=5.0, peak_memory_bytes=10, started_at=at(1))
    new = msgspec.structs.replace(old, seconds=7.0, peak_memory_bytes=20, started_at=at(2), key="changed")
    nothing_ran = msgspec.structs.replace(old, seconds=0.0, peak_memory_bytes=0, started_at=at(3))
    expected = Expectations([new, old, nothing_ran]).of(old.cell)
    assert (expected.seconds, expected.memory_bytes) == (7.0, 20)


def test_what_nobody_has_measured_comes_first() -> None:
    known = msgspec.structs.replace(record(), seconds=1e6, peak_memory_bytes=10)
    expectations = Expectations([known])
    other = msgspec.structs.replace(known.cell, model=msgspec.structs.replace(known.model, id="another"))
    assert expectations.of(other).seconds > expectations.of(known.cell).seconds


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 150), min_size=1, max_size=12))
def test_no_more_is_held_than_there_is_and_everybody_gets_in(needs: list[int]) -> None:
    budget, cancel = Budget(100), threading.Event()
    lock, held, most = threading.Lock(), 0, 0

    def work(needed: int) -> None:
        nonlocal held, most
        with budget.room(needed, cancel=cancel):
            with lock:
                held += min(needed, 100)
                most = max(most, held)
            threading.Event().wait(0.001)
            with lock:
                held -= min(needed, 100)

    threads = [threading.Thread(target=work, args=(needed,)) for needed in needs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert most <= 100


def test_a_run_that_is_stopped_waits_for_no_room() -> None:
    budget, cancel = Budget(100), threading.Event()
    with budget.room(100, cancel=cancel):
        cancel.set()
        with budget.room(100, cancel=cancel):
            pass
