"""Reading ``environment.yml``, and that those of the project say what its locks say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.environments import lock, spec
from harness.environments.conda.environment_yml import check_pins, read, with_pins
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError
from tests.conftest import ROOT

from .conftest import CondaMaker

OWN = sorted(path.parent for path in (ROOT / "environments").glob("*/environment.toml"))


@pytest.mark.parametrize("folder", OWN, ids=lambda folder: folder.name)
def test_the_environments_of_the_project(folder: Path) -> None:
    made = spec.load(folder)
    declared = read(made)
    check_pins(made, declared, lock.pins(made.lock.read_text("utf-8")))
    assert declared.channels == ("conda-forge", "nodefaults")
    assert declared.dependencies == (f"python={made.python}", "pip")
    assert declared.installed == (f"python={made.python}",)
    text = made.environment_yml.read_text("utf-8")
    assert text == with_pins(text, declared.pins, origin="")
    assert "://" not in text
    # As others read it.
    *plain, section = yaml.safe_load(text)["dependencies"]
    assert plain == list(declared.dependencies)
    assert section == {"pip": [f"{name}=={version}" for name, version in declared.pins.items()]}


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True),
        st.from_regex(r"([0-9]!)?[0-9]{1,3}(\.[0-9]{1,3}){0,2}(rc1)?(\.post1)?", fullmatch=True),
        max_size=5,
    )
)
def test_pins_that_are_written_are_read_by_everybody(pins: dict[str, str]) -> None:
    head = "channels: [x]\ndependencies:\n- python=3.11\n- pip:\n"
    written = with_pins(f"{head}    - old==1.0\n", pins, origin="")
    assert with_pins(written, pins, origin="") == written
    section = yaml.safe_load(written)["dependencies"][1]["pip"] or []
    assert section == [f"{name}=={pins[name]}" for name in sorted(pins)]


def _write(made: EnvironmentSpec, text: str) -> EnvironmentSpec:
    made.environment_yml.write_text(text, "utf-8")
    return made


def test_what_is_installed(make_conda: CondaMaker) -> None:
    text = "channels: [a]\ndependencies:\n  - python ==3.11.9\n  - pip\n  - b::numpy>=1\n{}"
    with_wheels = read(
        _write(make_conda(), text.format("  - pip:\n      - Tiny_Package == 1.0\n".replace(" == ", "==")))
    )
    assert with_wheels.installed == ("python ==3.11.9", "b::numpy>=1")
    assert with_wheels.pins == {"tiny-package": "1.0"}
    without = read(_write(make_conda(), text.format("")))
    assert without.installed == ("python ==3.11.9", "pip", "b::numpy>=1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dependencies: [", "while parsing"),
        ("- python=3.11\n", "Expected `object`, got `array`"),
        ("channels: [x]\n", "missing required field `dependencies`"),
        ("dependencies: [python=3.11]\nprefix: /x\n", "unknown field `prefix`"),
        ("dependencies: [python=3.11, 7]\n", "Expected `str | object`, got `int` - at `$.dependencies[1]`"),
        ("dependencies: [python=3.11, {npm: [x]}]\n", "- at `$.dependencies[1]`"),
        ("dependencies: [numpy]\n", "dependencies: expected python=3.11, as in "),
        ("dependencies: [python=3.10]\n", "dependencies: expected python=3.11, as in "),
        ("dependencies: [python>=3.8]\n", "dependencies: expected python=3.11, as in "),
        ("dependencies: [python=3.11, python=3.11.9]\n", "dependencies: expected python=3.11, as in "),
        ("dependencies: [python=3.11, {pip: [tiny]}]\n", "pip: 'tiny' is not NAME==VERSION"),
        ("dependencies: [python=3.11, {pip: [-r x.txt]}]\n", "pip: '-r x.txt' is not NAME==VERSION"),
        ("dependencies: [python=3.11, {pip: ['--extra-index-url=x']}]\n", "is not NAME==VERSION"),
    ],
)
def test_what_cannot_be_read(make_conda: CondaMaker, text: str, words: str) -> None:
    made = _write(make_conda(), text)
    with pytest.raises(ConfigurationError) as caught:
        read(made)
    assert str(caught.value).startswith(f"{made.environment_yml}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("pinned", "words"),
    [
        ({"tiny": "2.0"}, "pip: tiny is 1.0, in requirements.lock it is 2.0"),
        ({"tiny": "1.0", "other": "1"}, "pip: other is missing, in requirements.lock it is 1"),
        ({}, "pip: tiny is 1.0, in requirements.lock it is missing"),
    ],
)
def test_pins_that_are_not_those_of_the_lock(
    make_conda: CondaMaker, pinned: dict[str, str], words: str
) -> None:
    made = make_conda(pins="tiny==1.0\n")
    declared = read(made)
    check_pins(made, declared, {"tiny": "1.0"})
    with pytest.raises(ConfigurationError) as caught:
        check_pins(made, declared, pinned)
    assert words in str(caught.value)
    assert "run 'harness env lock small'" in str(caught.value)


def test_a_file_without_a_section_for_pins() -> None:
    with pytest.raises(ConfigurationError, match=r"env\.yml: has no '- pip:' section"):
        with_pins("dependencies: [python=3.11]\n", {"tiny": "1.0"}, origin="env.yml")
