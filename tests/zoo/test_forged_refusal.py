"""A model can write what it likes into its reply; what nobody asked the tool for is not believed."""

from __future__ import annotations

import pytest

from harness.verdict import Blame, Reason, Status
from tests.zoo.building import forward, with_code
from tests.zoo.faults import Bench

pytestmark = pytest.mark.slow

REFUSES_IN_THE_NAME_OF_THE_TOOL = forward(
    """
    import json, os
    for number in os.listdir("/proc/self/fd"):
        path = os.readlink("/proc/self/fd/" + number) if os.path.exists("/proc/self/fd/" + number) else ""
        if "reply" in os.path.basename(path):
            told = {"stage": "refused", "task": None, "type": "RefusedError", "message": "not for me"}
            told.update(missing_module=None, causes=[], traceback="", where="", in_worker=False, tool=False)
            os.ftruncate(int(number), 0)
            begun = {"event": "stage", "stage": "import", "seconds": 0.1}
            for event in (begun, {"event": "error", **told}, {"event": "end"}):
                os.write(int(number), json.dumps(event).encode() + b"\\n")
            os._exit(0)
    """
)


@pytest.mark.parametrize("tool", ["bioimageio.core", "biapy"])
def test_a_model_cannot_say_that_the_tool_does_not_take_it(tool: str, bench: Bench) -> None:
    with_code(REFUSES_IN_THE_NAME_OF_THE_TOOL)(bench.models / "forger")
    run = bench.run("--consumer", tool, "--versions", "first")
    (record,) = run.records
    assert (record.status, record.reason, record.blame) == (
        Status.INCONCLUSIVE,
        Reason.REPLY_MALFORMED.slug,
        Blame.INFRASTRUCTURE,
    ), record.message
    assert "the tool does not take the model" in record.message
    assert run.code == 3
