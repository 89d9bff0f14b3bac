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


def test_a_tool_that_ran_a_model_can_be_used_whatever_others_say() -> None:
    tools = UnusableTools()
    tools.hear(cell("a"), "gone")
    tools.works(cell("b"))
    tools.hear(cell("c"), "gone")
    assert tools.verdict(cell("d")) is None
    tools.hear(cell("a", version="2"), "gone")
    tools.hear(cell("b", version="2"), "gone")
    assert tools.verdict(cell("c", version="2")) is not None, "another version"


def test_now_and_then_it_is_tried_again() -> None:
    tools = UnusableTools()
    for model in ("a", "b"):
        tools.hear(cell(model), "gone")
    tried = [number for number in range(1, 25) if tools.verdict(cell(f"m{number}")) is None]
    assert tried == [8, 16, 24]
    tools.works(cell("m8"))
    assert tools.verdict(cell("m25")) is None


def test_whom_to_ask_is_said_of_tools_alone() -> None:
    said = with_owner(Verdict.because(Reason.TOOL_UNUSABLE, "gone"), "bioimageio.core")
    assert said.message.startswith(
        "gone\nbioimageio.core and its adapter are looked after by bioimage-io (https"
    )
    for other in (PASSED, Verdict.because(Reason.EXCEPTION, "gone")):
        assert with_owner(other, "bioimageio.core") is other
