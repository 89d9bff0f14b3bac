"""However the segments of a ledger came together, it says the same."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cell import ModelRef
from harness.ledger.query import current, newest_by_key
from harness.ledger.record import Record
from harness.ledger.store import LedgerWriter, read_records
from harness.ledger.survey import Survey
from harness.verdict import Reason
from tests.ledger.records import at, record
from tests.ledger.strategies import RECORDS

RANDOM = st.randoms(use_true_random=False)
RUNS = ("a", "b", "c")


@st.composite
def histories(draw: st.DrawFn) -> list[Record]:
    """Few cells and files, so that most records are about the same; no two at one time."""
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["zoo/m", "zoo/n"]),
                st.sampled_from(["old", "new"]),
                st.sampled_from(["there", "elsewhere"]),
                st.sampled_from([None, Reason.VALUES_DIFFER, Reason.NO_REPLY]),
                st.sampled_from(RUNS),
            ),
            max_size=10,
        )
    )
    return [
        record(
            reason,
            key=f"{name} {digest}",
            run=run,
            model=ModelRef(id=name, version="1", sha256=digest, source=f"{source}/{name}"),
            started_at=at(second),
            collection="zoo",
        )
        for second, (name, digest, source, reason, run) in enumerate(steps)
    ]


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    """What was found between two records."""
    sources = st.sampled_from([f"{place}/zoo/{name}" for place in ("there", "elsewhere") for name in "mn"])
    asked = st.dictionaries(st.sampled_from("mn"), st.sampled_from(["old", "new"]))  # one key for a cell
    return Survey(
        collection="zoo",
        at=at(draw(st.integers(0, 12))).replace(".000Z", ".500Z"),
        sources=tuple(draw(st.lists(sources, max_size=4))),
        keys=tuple(f"zoo/{name} {digest}" for name, digest in draw(asked).items()),
    )


@given(histories(), st.lists(surveys(), max_size=2, unique_by=lambda survey: survey.at), RANDOM)
def test_views_do_not_depend_on_the_order_of_records(
    history: list[Record], looked: list[Survey], random: Random
) -> None:
    shuffled = random.sample(history, len(history))
    assert newest_by_key(shuffled) == newest_by_key(history)
    assert current(shuffled) == current(history)
    assert current(shuffled, looked) == current(history, reversed(looked))


@given(histories(), st.lists(surveys(), max_size=2))
def test_a_record_that_was_copied_twice_counts_once(history: list[Record], looked: list[Survey]) -> None:
    assert newest_by_key([*history, *history]) == newest_by_key(history)
    assert current([*history, *history], looked) == current(history, looked)


@settings(max_examples=25)
@given(histories(), RANDOM)
def test_segments_written_at_once_say_the_same_as_one_after_the_other(
    history: list[Record], random: Random
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writers = {run: LedgerWriter(folder / "at-once", run) for run in RUNS}
        for stored in history:
            writers[stored.run].append(stored)
        for run in random.sample(RUNS, len(RUNS)):
            mine = folder / run
            writer = LedgerWriter(mine, run)
            for stored in history:
                if stored.run == run:
                    writer.append(stored)
            shutil.copytree(mine, folder / "merged", dirs_exist_ok=True)
        at_once, merged = list(read_records(folder / "at-once")), list(read_records(folder / "merged"))
        assert at_once == merged
        assert current(merged) == current(history)
        assert newest_by_key(merged) == newest_by_key(history)


@settings(max_examples=25)
@given(st.lists(RECORDS, min_size=1, max_size=3), st.data())
def test_a_line_cut_at_any_byte_is_the_only_one_lost(stored: list[Record], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = LedgerWriter(folder, "r")
        for each in stored:
            writer.append(each)
        whole = writer.path.read_bytes()
        last = whole[:-1].rfind(b"\n") + 1
        writer.path.write_bytes(whole[: data.draw(st.integers(last, len(whole) - 2))])
        assert list(read_records(folder)) == stored[:-1]
        writer.append(stored[0])
        assert list(read_records(folder)) == [*stored[:-1], stored[0]]


def test_a_line_cut_before_its_end_is_whole(tmp_path: Path) -> None:
    writer = LedgerWriter(tmp_path, "r")
    writer.append(record(message="first"))
    writer.path.write_bytes(writer.path.read_bytes()[:-1])
    assert [read.message for read in read_records(tmp_path)] == ["first"]
    writer.append(record(message="second"))
    assert [read.message for read in read_records(tmp_path)] == ["first", "second"]


def test_no_byte_of_a_line_is_special(tmp_path: Path) -> None:
    writer = LedgerWriter(tmp_path, "r")
    writer.append(record(message="first"))
    writer.append(record(message='zażółć 細胞 \\ " \n { [ null'))
    whole = writer.path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole) - 1):
        writer.path.write_bytes(whole[:cut])
        assert [read.message for read in read_records(tmp_path)] == ["first"]
