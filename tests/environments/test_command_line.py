"""Where the command of a tool is found, and what a worker and a recipe are told of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cell import Backend
from harness.environments import command_line, spec
from harness.errors import ConfigurationError

from .conftest import TOML, Maker

SETTING = "HARNESS_SMALL"
BEHIND = f'{TOML}\n[command]\nsetting = "{SETTING}"\n'


def _tool(folder: Path, text: str = 'version = "2.1"\nargv = ["./run"]\n') -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "command.toml").write_text(text, "utf-8")
    return folder


def test_a_program_of_the_environment(make: Maker) -> None:
    made = make(toml=f'{TOML}\n[command]\nargv = ["program", "--quiet"]\n')
    assert json.loads(made.variables["HARNESS_COMMAND"]) == {"argv": ["program", "--quiet"], "setting": ""}
    assert made.consumers == ("bioimageio.core",)
    assert command_line.folder(made.variables) is None


def test_without_the_setting_there_is_no_tool(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    made = make(toml=BEHIND)
    assert (made.consumers, made.command, made.variables) == ((), None, {})


def test_a_tool_of_this_machine(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _tool(tmp_path / "first")
    monkeypatch.setenv(SETTING, str(first))
    made = make(toml=BEHIND)
    assert made.command
    assert (made.command.version, made.consumers) == ("2.1", ("bioimageio.core",))
    assert command_line.folder(made.variables) == first
    recipe = made.recipe(Backend.VENV)
    assert str(tmp_path) not in str(recipe), "where it lives decides nothing"
    monkeypatch.setenv(SETTING, str(_tool(tmp_path / "second")))
    assert make(toml=BEHIND).digest(Backend.VENV) == recipe.digest
    monkeypatch.setenv(SETTING, str(_tool(tmp_path / "third", 'version = "2.1"\nargv = ["./other"]\n')))
    assert make(toml=BEHIND).digest(Backend.VENV) != recipe.digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("argv = ['./run']\n", "command.toml: state version, and argv or .service., and nothing else"),
        (
            "version = '1'\nargv = []\n",
            "command.toml: state version, and argv or .service., and nothing else",
        ),
        ("version = '1'\nargv = ['x']\nsetting = 'Y'\n", "command.toml: state version, and argv"),
        ("version = 1\nargv = ['x']\n", r"command.toml: Expected `str`, got `int` - at `\$.version`"),
        ("version", "command.toml: "),
    ],
)
def test_a_command_toml_that_is_not_right(
    text: str, words: str, make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, str(_tool(tmp_path / "tool", text)))
    with pytest.raises(ConfigurationError, match=words):
        make(toml=BEHIND)


def test_a_folder_without_command_toml(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, str(tmp_path))
    with pytest.raises(ConfigurationError, match=f"cannot be read .*; {SETTING} names the folder with it"):
        make(toml=BEHIND)


@pytest.mark.parametrize("table", ["", 'argv = ["x"]\nsetting = "Y"\n'])
def test_one_of_the_two_is_stated(table: str, make: Maker) -> None:
    with pytest.raises(ConfigurationError, match="field command: state either argv or setting"):
        make(toml=f"{TOML}\n[command]\n{table}")


def test_every_setting_in_the_project_is_the_name_of_its_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(__file__).parents[2] / "environments"
    settings = {
        path.parent.name: line.partition("=")[2].strip(' "')
        for path in folder.glob("*/environment.toml")
        for line in spec.read_text(path).splitlines()
        if line.startswith("setting")
    }
    assert settings == {name: f"HARNESS_{name.upper()}" for name in settings}
    assert settings
