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
    assert made.absent == {"bioimageio.core": SETTING}


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


SERVICE = 'version = "2.1"\n[service]\nurl = "{url}"\nid = "public/runner"\n'


def test_a_tool_that_runs_elsewhere(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another place is another environment; another token is not, and is stored nowhere."""
    folder = _tool(tmp_path / "tool", SERVICE.format(url="https://one.example"))
    monkeypatch.setenv(SETTING, str(folder))
    first = make(toml=BEHIND).recipe(Backend.VENV)
    assert json.loads(first.variables["HARNESS_COMMAND"])["service"] == {
        "url": "https://one.example",
        "id": "public/runner",
        "workspace": "",
    }
    (folder / "token").write_text("a secret", "utf-8")
    assert make(toml=BEHIND).recipe(Backend.VENV) == first
    for changed in (
        SERVICE.format(url="https://two.example"),
        SERVICE.format(url="https://one.example").replace("runner", "walker"),
        SERVICE.format(url="https://one.example") + 'workspace = "ours"\n',
    ):
        _tool(folder, changed)
        assert make(toml=BEHIND).digest(Backend.VENV) != first.digest


@pytest.mark.parametrize(
    "url",
    [
        "hypha.example",
        "ftp://hypha.example",
        "https://",
        "https://me:secret@hypha.example",
        "https://hypha.example?token=secret",
        "https://hypha.example#secret",
    ],
)
def test_an_address_is_a_place_and_no_more(
    url: str, make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, str(_tool(tmp_path / "tool", SERVICE.format(url=url))))
    with pytest.raises(ConfigurationError, match="address without password, query and fragment") as caught:
        make(toml=BEHIND)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://hypha.example", False),
        ("https://hypha.example", True),
        ("http://localhost:9520", True),
        ("http://127.0.0.1:9520", True),
        ("http://[::1]:9520", True),
    ],
)
def test_a_token_is_not_sent_where_others_listen(
    url: str, sent: bool, make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _tool(tmp_path / "tool", SERVICE.format(url=url))
    monkeypatch.setenv(SETTING, str(folder))
    assert make(toml=BEHIND).command, "anybody may be called without one"
    (folder / "token").write_text("a secret", "utf-8")
    if sent:
        assert make(toml=BEHIND).command
    else:
        with pytest.raises(ConfigurationError, match="the token beside it is sent by https:// only"):
            make(toml=BEHIND)


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
        (
            "argv = ['x']\n" + SERVICE.format(url="https://x.example"),
            "command.toml: state version, and argv or",
        ),
        (SERVICE.format(url="https://x.example") + "token = 'secret'\n", "contains unknown field `token`"),
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
    assert settings == {name: f"HARNESS_{name.removesuffix('-service').upper()}" for name in settings}
    assert settings
