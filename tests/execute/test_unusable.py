from __future__ import annotations

from harness.cell import Backend, Cell, ConsumerRef, Device, EnvironmentRef, ModelRef, WeightsFormat
from harness.execute.unusable import UnusableTools, with_owner
from harness.verdict import PASSED, Reason, Verdict


def cell(model: str, *, version: str = "1", environment: str = "e") -> Cell:
    return Cell(
        model=ModelRef(id=model, sha256=model),
        weights_format=WeightsFormat.ONNX,
        consumer=ConsumerRef(name="tool", version=version),
        environment=EnvironmentRef(name=environment, backend=Backend.VENV, digest="d"),
        device=Device.CPU,
    )


def test_two_models_say_it_for_all_in_that_tool_and_environment() -> None:
    tools = UnusableTools()
    for _ in range(3):
        tools.hear(cell("a"), "gone")
        assert tools.verdict(cell("b")) is None, "the code of one model could say anything"
    tools.hear(cell("b"), "gone, too")
    assert tools.verdict(cell("c")) == Verdict.because(Reason.TOOL_UNUSABLE, "gone")
    assert tools.verdict(cell("c", version="2")) is None
    assert tools.verdict(cell("c", environment="f")) is None


def test_whom_to_ask_is_said_of_tools_alone() -> None:
    said = with_owner(Verdict.because(Reason.TOOL_UNUSABLE, "gone"), "bioimageio.core")
    assert said.message.startswith(
        "gone\nbioimageio.core and its adapter are looked after by bioimage-io (https"
    )
    for other in (PASSED, Verdict.because(Reason.EXCEPTION, "gone")):
        assert with_owner(other, "bioimageio.core") is other
