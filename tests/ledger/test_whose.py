"""Whose failure it is, decided again once more is known of the reference runtime."""

from __future__ import annotations

import msgspec
import pytest

from harness.execute.whose import WHOSE
from harness.ledger.record import Record
from harness.ledger.whose import weights_of
from harness.verdict import Blame, Reason, Status
from tests.execute.test_whose import in_tool
from tests.reports.factories import because, make_record

KNOWN = [
    None,
    make_record(),
    make_record(**because(Reason.WRONG_SHAPE)),
    make_record(**because(Reason.UNSUPPORTED_OPERATOR)),
    make_record(**because(Reason.FORMAT_NOT_SUPPORTED)),
]
REASONS = [Reason.VALUES_DIFFER, Reason.VARIANT_FAILS, Reason.UNSUPPORTED_OPERATOR, Reason.NOT_DETERMINISTIC]


@pytest.mark.parametrize("then", KNOWN)
@pytest.mark.parametrize("now", KNOWN[1:])
@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.slug)
def test_what_becomes_known_later_gives_the_same_record_as_if_it_had_been_known(
    reason: Reason, now: Record, then: Record | None
) -> None:
    mine = in_tool(reason)
    if reason is Reason.NOT_DETERMINISTIC:  # as it is recorded where the policy requires determinism
        mine = msgspec.structs.replace(mine, status=Status.FAILED, blame=Blame.MODEL)
    again = WHOSE.blamed_again(WHOSE.blamed(mine, then), now)
    assert again == WHOSE.blamed(mine, now)
    assert WHOSE.blamed_again(again, now) == again


def test_what_was_known_stays_known() -> None:
    record = WHOSE.blamed(in_tool(), make_record())
    assert WHOSE.blamed_again(record, None) is record
    passed = in_tool(None)
    assert WHOSE.blamed_again(passed, make_record()) is passed


def test_what_works_in_one_environment_is_what_is_known() -> None:
    passed, failed = make_record(), make_record(key="other", **because(Reason.LOAD_FAILED))
    silent = make_record(**because(Reason.NO_REPLY))
    for records in ([passed, failed, in_tool()], [failed, in_tool(), passed], [failed, passed, silent]):
        assert WHOSE.references(records) == {weights_of(passed): passed}
    assert WHOSE.references([silent, in_tool()]) == {}


def test_what_the_message_does_not_say_is_left_as_it_is() -> None:
    """A record that another program wrote may not say what is known: it is then blamed by its reason."""
    plain = in_tool(Reason.VALUES_DIFFER)
    assert WHOSE.blamed_again(plain, make_record()) == WHOSE.blamed(plain, make_record())
