"""When a reply that a tool does not take a model is believed."""

from __future__ import annotations

from harness.execute.refused import as_asked, if_ever_asked
from harness.verdict import PASSED, Reason, Verdict


def test_a_refusal_that_no_adapter_asked_for_is_no_answer() -> None:
    refused = Verdict.because(Reason.REFUSED_BY_TOOL, "BiaPy does not take the model: so")
    assert if_ever_asked(refused, "biapy") is refused
    for tool in ("bioimageio.core", "careamics", "cellpose", "stardist"):
        assert if_ever_asked(refused, tool).reason is Reason.REPLY_MALFORMED


def test_a_refusal_holds_if_the_tool_says_it_without_the_model() -> None:
    refused = Verdict.because(Reason.REFUSED_BY_TOOL, "BiaPy does not take the model: so")
    assert as_asked(refused, refused) is refused
    for other in (PASSED, Verdict.because(Reason.NO_REPLY, "")):
        assert as_asked(refused, other).reason is Reason.REPLY_MALFORMED


def test_other_verdicts_stay_as_they_are() -> None:
    for other in (PASSED, Verdict.because(Reason.TOOL_UNUSABLE, "gone")):
        assert if_ever_asked(other, "bioimageio.core") is other
