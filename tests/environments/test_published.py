"""Lists of versions and environment files that a tool's team publishes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import network
from harness.cell import Backend, WeightsFormat
from harness.collection import fetch
from harness.environments.published import (
    NotAvailableError,
    Published,
    load_published,
    published_spec,
    versions_of,
)
from harness.environments.spec import load_all
from harness.errors import ConfigurationError
from tests.conftest import ROOT

from .conda.server import Server, serving

FILE = """
channels: [ilastik-forge, conda-forge, nodefaults]
dependencies: [python=3.11, "gurobi-symlink=8.1.1=0", ilastik-forge::tiktorch=23, "bioimageio.core=0.10.0"]
"""


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Their server, with two versions; the harness's cache is empty."""
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch, "WAIT_SECONDS", 0.0)
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "versions.json").write_text('["1.4.2b10", "1.4.2rc1", "1.4.2b9"]')
    (tmp_path / "served" / "1.4.2rc1.yml").write_text(FILE)
    with serving(tmp_path / "served") as server:
        yield server


def _published(server: Server) -> Published:
    return Published(
        description="Theirs.",
        consumer="ilastik",
        versions=f"{server.address}/versions.json",
        environment=f"{server.address}/{{version}}.yml",
        leave_out=("gurobi-symlink",),
        weights_formats=(WeightsFormat.ONNX,),
        like="pytorch",
    )


def test_the_newest_versions_come_first(team: Server) -> None:
    assert versions_of(_published(team)) == ["1.4.2rc1", "1.4.2b10", "1.4.2b9"]


def test_what_is_known_is_taken_where_the_server_is_out_of_reach(
    team: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = _published(team)
    specs = load_all(ROOT / "environments")
    with monkeypatch.context() as offline:
        offline.setenv(network.VARIABLE, "1")
        with pytest.raises(NotAvailableError, match=r"versions\.json: .*downloads are switched off"):
            versions_of(published)
    versions_of(published)
    online = published_spec(published, "1.4.2rc1", specs=specs, needs=("bioimageio-core",))
    monkeypatch.setenv(network.VARIABLE, "1")
    assert versions_of(published)[0] == "1.4.2rc1"
    assert published_spec(published, "1.4.2rc1", specs=specs, needs=("bioimageio-core",)) == online


def test_an_environment_holds_what_its_file_says(team: Server) -> None:
    specs = load_all(ROOT / "environments")
    spec = published_spec(_published(team), "1.4.2rc1", specs=specs, needs=("bioimageio-core",))
    assert (spec.name, spec.consumers) == ("ilastik-1.4.2rc1", ("ilastik",))
    assert spec.declaration.conda == ("ilastik-forge::tiktorch=23",), "without gurobi-symlink"
    assert spec.declaration.pip == ("bioimageio-core==0.10.0.*",)
    assert not spec.trusted
    assert not spec.by_author
    assert not spec.ref(Backend.CONDA).as_described


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("versions.json", "{}", "is no list of versions"),
        ("versions.json", '["new"]', "is no list of versions"),
        ("versions.json", "[]", "lists no version"),
        ("1.4.2rc1.yml", "- python", "holds no mapping of fields"),
        ("1.4.2rc1.yml", "dependencies: [{pip: ['git+https://example.org/x']}]", "git"),
    ],
)
def test_what_is_not_understood_is_not_available(
    file: str, text: str, words: str, team: Server, tmp_path: Path
) -> None:
    (tmp_path / "served" / file).write_text(text)
    published = _published(team)
    specs = load_all(ROOT / "environments")
    with pytest.raises(NotAvailableError, match=words):
        published_spec(published, versions_of(published)[0], specs=specs, needs=())


def test_a_version_without_a_file(team: Server) -> None:
    with pytest.raises(NotAvailableError, match=r"1\.4\.2b9\.yml: the server has no such file"):
        published_spec(_published(team), "1.4.2b9", specs=load_all(ROOT / "environments"), needs=())


def test_the_projects_own() -> None:
    (found,) = load_published(ROOT / "environments")
    assert found.consumer == "ilastik"
    assert found.versions.startswith("https://")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("{version}", "any"), r"published\.toml: field environment: has no \{version\}"),
        (("newest = 1", "newest = 0"), "field newest: is 0, expected 1 or more"),
        (("newest", "oldest"), "oldest"),
    ],
)
def test_files_that_are_wrong(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    text = (ROOT / "environments" / "ilastik" / "published.toml").read_text("utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "published.toml").write_text(text.replace(*change), "utf-8")
    with pytest.raises(ConfigurationError, match=words):
        load_published(tmp_path)
