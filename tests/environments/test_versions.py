"""Several versions of one package side by side: each is an environment of its own out of one folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Backend
from harness.environments import lock, spec
from harness.environments.docker import dockerfile
from harness.errors import ConfigurationError, UsageError
from tests.conftest import ROOT

from .conftest import TOML, Index, Maker

VERSIONED = f'{TOML}versioned = "tiny"\nversions = ["2.0", "1.0"]\n'


def versions(make: Maker, toml: str = VERSIONED) -> tuple[spec.EnvironmentSpec, ...]:
    made = make(toml=toml)
    for version in ("1.0", "2.0"):
        (made.folder / f"requirements-{version}.lock").write_text(f"tiny=={version}\n", "utf-8")
    made.folder.joinpath("requirements.lock").unlink()
    return spec.load_versions(made.folder)


def test_each_is_an_environment_with_a_lock_of_its_own(make: Maker) -> None:
    new, old = versions(make)
    assert [made.name for made in (new, old)] == ["small-2.0", "small-1.0"]
    assert old.lock.name == "requirements-1.0.lock"
    assert old.requirements_text() == "tiny\ntiny==1.0\n"
    assert (new.newer, old.newer) == ((), ("2.0",))
    assert new.digest(Backend.VENV) != old.digest(Backend.VENV)
    lock.check(old)
    old.lock.write_text("tiny==2.0\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"tiny is 2\.0, requirements\.in asks for ==1\.0"):
        lock.check(old)


def test_the_digest_is_that_of_an_environment_that_has_no_versions(make: Maker) -> None:
    (_, old) = versions(make)
    text = "dependencies: [python=3.99, pip: [tiny==1.0]]\n"
    old.environment_yml.write_text(text, "utf-8")
    alone = make("alone")
    alone.environment_yml.write_text(text, "utf-8")
    for backend in Backend:
        if backend is not Backend.DOCKER:  # a Dockerfile names its environment
            assert old.recipe(backend) == alone.recipe(backend)
    assert old.dockerfile_text() == dockerfile.render(
        "small", python=old.python, torch_backend="", variables={}
    )


def test_a_name_is_one_version_and_a_folders_name_is_all(make: Maker) -> None:
    versions(make)
    make("other")
    specs = spec.load_all(make.folder)
    assert list(specs) == ["other", "small-2.0", "small-1.0"]
    assert spec.choose_all(specs, "small") == [specs["small-2.0"], specs["small-1.0"]]
    assert spec.choose_all(specs, "small-1.0") == [specs["small-1.0"]]
    assert spec.choose(specs, "small") is specs["small-2.0"], "the one that users get"
    with pytest.raises(UsageError, match=r"'small-3.0'; there are: other, small-1\.0, small-2\.0"):
        spec.choose(specs, "small-3.0")


def test_two_folders_never_give_one_name(make: Maker) -> None:
    versions(make, f'{TOML}versioned = "tiny"\nversions = ["1"]\n')
    make("small-1")
    with pytest.raises(ConfigurationError, match="two environments are called small-1;"):
        spec.load_all(make.folder)


def test_a_new_version_is_one_word_and_starts_with_the_pins_of_another(
    make: Maker, index: Index, tmp_path: Path
) -> None:
    index.add("other", "1.0")
    index.add("other", "2.0")
    index.add("tiny", "2.0", requires=("other",))
    made = make(toml=VERSIONED)
    (made.folder / "requirements-2.0.lock").write_text("tiny==2.0\nother==1.0\n", "utf-8")
    (made.folder / "environment-2.0.yml").write_text("name: x\ndependencies:\n  - pip:\n", "utf-8")
    new, old = spec.load_versions(made.folder)
    lock.refresh(old, log=tmp_path / "log")
    assert lock.pins(old.lock.read_text("utf-8")) == {"tiny": "1.0"}
    assert old.environment_yml.read_text("utf-8").startswith("name: bioimage-small-1.0\n")
    (made.folder / "requirements-1.0.lock").write_text(
        f"other==1.0 \\\n    --hash=sha256:{'0' * 64}\n", "utf-8"
    )
    new.lock.unlink()
    lock.refresh(new, log=tmp_path / "log")
    assert lock.pins(new.lock.read_text("utf-8")) == {"other": "1.0", "tiny": "2.0"}


def test_onnxruntime_has_at_least_two() -> None:
    specs = spec.choose_all(spec.load_all(ROOT / "environments"), "onnx")
    assert len(specs) >= 2
    assert {made.versioned for made in specs} == {"onnxruntime"}
    assert len({made.digest(Backend.VENV) for made in specs}) == len(specs)
