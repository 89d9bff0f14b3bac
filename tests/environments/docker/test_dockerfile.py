"""Dockerfiles say what the other files of their folders say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.cell import Backend
from harness.environments import lock
from harness.environments.docker import dockerfile
from harness.environments.docker.builder import with_mounts
from harness.environments.spec import EnvironmentSpec, load_all
from harness.errors import ConfigurationError
from tests.conftest import ROOT
from tests.environments.conftest import Maker

ENVIRONMENTS = load_all(ROOT / "environments")
every = pytest.mark.parametrize("spec", ENVIRONMENTS.values(), ids=list(ENVIRONMENTS))


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has set nothing."""
    monkeypatch.delenv(dockerfile.BASE_VARIABLE, raising=False)


@every
def test_each_folder_has_what_would_be_made_for_it(spec: EnvironmentSpec) -> None:
    made = dockerfile.render(
        spec.folder.name, python=spec.python, torch_backend=spec.torch_backend, variables=spec.variables
    )
    assert spec.dockerfile.read_text("utf-8") == made


@every
def test_it_names_the_same_python_packages_and_variables(spec: EnvironmentSpec) -> None:
    text = re.sub(r"\\\n\s*", "", spec.dockerfile.read_text("utf-8"))
    last_stage = text.rpartition("\nFROM ")[2]
    assert re.findall(r"^ARG BASE_IMAGE=(.+)$", text, re.M) == [f"python:{spec.python}-slim"]
    assert re.findall(r"uv venv [^&]*--python (\S+)", text) == [spec.python]
    assert re.findall(r"^ARG TORCH_BACKEND=(.*)$", text, re.M) == [spec.torch_backend]
    (installed,) = re.findall(r"uv pip sync .*", text)
    assert shlex.split(installed)[-1] == "requirements.lock"
    assert "--only-binary :all:" in installed
    (variables,) = re.findall(r"^ENV (.+)$", last_stage, re.M)
    assert dict(word.split("=", 1) for word in shlex.split(variables)[1:]) == spec.variables


@every
def test_all_files_of_a_folder_name_the_same(spec: EnvironmentSpec) -> None:
    """Python and packages for uv, for conda and in the image."""
    asked = yaml.safe_load(spec.environment_yml.read_text("utf-8"))["dependencies"]
    (pip,) = (entry["pip"] for entry in asked if isinstance(entry, dict))
    pins = lock.pins(spec.lock.read_text("utf-8"))
    assert lock.pins("\n".join(pip)) == pins
    assert f"python={spec.python}" in asked
    lines = [line for line in spec.dockerfile.read_text("utf-8").splitlines() if not line.startswith("#")]
    pythons = re.findall(r"(?:--python |python:)(3\.\d+)\b", "\n".join(lines))
    assert pythons == [spec.python] * 2
    locks = re.findall(r"requirements\.\S*", "\n".join(lines))
    assert locks == ["requirements.lock"] * 2


@every
def test_the_last_stage_runs_nothing_and_is_not_roots(spec: EnvironmentSpec) -> None:
    last_stage = spec.dockerfile.read_text("utf-8").rpartition("\nFROM ")[2].splitlines()[1:]
    words = [line.split()[0] for line in last_stage if not line.startswith(" ")]
    assert words == ["COPY", "ENV", "USER", "CMD"]
    assert "USER 65534:65534" in last_stage


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,9}", fullmatch=True), st.text("a \"'$\\=#{}é", max_size=9)))
def test_variables_are_taken_literally(variables: dict[str, str]) -> None:
    text = dockerfile.render("x", python="3.11", torch_backend="", variables=variables)
    (setting,) = re.findall(r"^ENV (.+)\nUSER", text.rpartition("\nFROM ")[2], re.M | re.S)
    words = shlex.split(setting.replace("\\\n", " ").replace("\\$", "$"))
    assert dict(word.split("=", 1) for word in words[1:]) == variables


def test_the_base_image(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "# ARG BASE_IMAGE=no\nARG BASE_IMAGE='mine:1'\nFROM ${BASE_IMAGE}\n"
    assert dockerfile.base_image(text, python="3.12", origin=Path("Dockerfile")) == "mine:1"
    monkeypatch.setenv(dockerfile.BASE_VARIABLE, "there/python:{python}-x")
    assert dockerfile.base_image(text, python="3.12", origin=Path("Dockerfile")) == "there/python:3.12-x"
    monkeypatch.setenv(dockerfile.BASE_VARIABLE, "")
    assert dockerfile.base_image(text, python="3.12", origin=Path("Dockerfile")) == "mine:1"


def test_a_dockerfile_that_does_not_ask_for_its_base_image(make: Maker) -> None:
    spec = make()
    spec.dockerfile.write_text("FROM python:3.11\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"Dockerfile: there is no line 'ARG BASE_IMAGE=<image>'"):
        spec.base_image()


def test_what_decides_on_the_digest(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = make()
    first = spec.digest(Backend.DOCKER)
    venv = spec.digest(Backend.VENV)
    spec.dockerfile.write_text(spec.dockerfile_text(), "utf-8")
    assert spec.digest(Backend.DOCKER) == first, "it is the one that would be made"
    spec.dockerfile.write_text(spec.dockerfile_text() + "ENV A=b\n", "utf-8")
    second = spec.digest(Backend.DOCKER)
    assert len({first, second, venv}) == 3
    assert spec.digest(Backend.VENV) == venv
    monkeypatch.setenv(dockerfile.BASE_VARIABLE, "other:1")
    assert spec.digest(Backend.DOCKER) == second, "where the base image is, is this machine's own"


def test_mounts_for_the_commands_of_all_stages_but_the_last() -> None:
    text = "ARG B\nFROM ${B} AS one\nRUN a \\\n && b\n  run c\nFROM ${B}\nRUN d\n"
    assert with_mounts(text, ["type=x", "type=y"]) == (
        "ARG B\nFROM ${B} AS one\nRUN --mount=type=x --mount=type=y a \\\n && b\n"
        "  run --mount=type=x --mount=type=y c\nFROM ${B}\nRUN d\n"
    )
    assert with_mounts("FROM x\nRUN a\n", ["type=x"]) == "FROM x\nRUN a\n"


def test_the_bound_on_uv_is_that_of_the_harness() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (bound,) = re.findall(r'^    "(uv>=.+)",$', project, re.M)
    for spec in ENVIRONMENTS.values():
        assert f'pip install --no-cache-dir "{bound}"' in spec.dockerfile.read_text("utf-8")


def test_what_was_rendered_and_what_somebody_has_written() -> None:
    made = dockerfile.render("x", python="3.11", torch_backend="cpu", variables={"A": "b"})
    other = dockerfile.render("y", python="3.11", torch_backend="", variables={"A": "b"})
    for text in (made, other, made.replace("# ", "## ").replace("\n\n", "\n")):
        assert dockerfile.is_rendered(text, python="3.11", torch_backend="cu126", variables={"A": "b"})
    for text in (made + "RUN x\n", made.replace("3.11-slim", "3.11"), made.replace('"b"', '"c"')):
        assert not dockerfile.is_rendered(text, python="3.11", torch_backend="cpu", variables={"A": "b"})
