"""``harness consumer`` says what there is, and writes nothing where it must not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.cli import run_command_line
from harness.consumers import CONSUMERS
from tests.conftest import ROOT

NEW = ["--owner", "toy-team", "--home", "https://toy.example", "--weights", "onnx", "--version", "1.0"]
LIST = Path("harness/consumers/__init__.py")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a list of consumers."""
    (tmp_path / LIST).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / LIST, tmp_path / LIST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_tool_is_listed_with_its_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["consumer", "list", "--environments", str(ROOT / "environments")]) == 0
    printed = capsys.readouterr().out
    for consumer in CONSUMERS.values():
        assert consumer.NAME in printed
        assert consumer.OWNER in printed
    assert "0.11.0+onnxruntime." in printed


def test_a_tool_is_shown_with_where_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["consumer", "show", "bioimageio.core", "--environments", str(ROOT / "environments")]
    assert run_command_line(asked) == 0
    printed = capsys.readouterr().out
    assert "tested with >=0.11,<0.12" in printed
    assert "pytorch: pytorch_state_dict, torchscript" in printed


def test_one_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["consumer", "show", "ilastic"]) == 2
    assert "no consumer 'ilastic'; there are: biapy, " in capsys.readouterr().err


def test_it_is_listed_in_order_and_nothing_else_is_touched(checkout: Path) -> None:
    before = (ROOT / LIST).read_text("utf-8")
    assert run_command_line(["consumer", "new", "a-toy.one", *NEW, "--weights", "torchscript"]) == 0
    after = (checkout / LIST).read_text("utf-8")
    assert after.replace("    a_toy_one,\n", "") == before
    assert after.count("    a_toy_one,\n") == 2
    assert after.index("a_toy_one") < after.index("bioimageio_core")
    module = (checkout / "harness" / "consumers" / "a_toy_one.py").read_text("utf-8")
    assert "_OPENS = (WeightsFormat.ONNX, WeightsFormat.TORCHSCRIPT)" in module
    assert (checkout / "environments" / "a-toy-one" / "Dockerfile").is_file()


@pytest.mark.parametrize("name", ["Toy", "two words", "../up", "-x", "a..b"])
def test_refuses_a_name_that_is_none(checkout: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["consumer", "new", *NEW, "--", name]) == 2
    assert "a tool's name has lower-case letters" in capsys.readouterr().err
    assert [path.name for path in checkout.iterdir()] == ["harness"]


def test_overwrites_nothing(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["consumer", "new", "toy", *NEW]) == 0
    assert run_command_line(["consumer", "new", "toy", *NEW]) == 2
    assert "is there already; choose another name" in capsys.readouterr().err


def test_only_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command_line(["consumer", "new", "toy", *NEW]) == 2
    assert "go to the root of a checkout" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_list_in_another_form_is_left_to_people(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / LIST).write_text("CONSUMERS = {}\n", "utf-8")
    assert run_command_line(["consumer", "new", "toy", *NEW]) == 2
    assert "add toy by hand" in capsys.readouterr().err
    assert [path.name for path in checkout.iterdir()] == ["harness"]
