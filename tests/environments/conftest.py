"""Small environments made for real, from a package index in a temporary folder: no network is needed."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from harness.environments import spec
from tests.collection.conftest import Server

WHEEL = "files/tiny-1.0-py3-none-any.whl"  # of the index
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
TOML = f"""
description = "A test environment."
python = "{PYTHON}"
weights_formats = ["onnx"]
consumers = ["bioimageio.core"]
"""


class Index:
    """A package index in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"file://{folder}/simple"

    def add(
        self,
        name: str,
        version: str,
        *,
        requires: tuple[str, ...] = (),
        python: str = ">=3",
        beside: dict[str, str] | None = None,
    ) -> str:
        """Publish a package with one module and whatever else; answers the wheel's sha256."""
        info = f"{name}-{version}.dist-info"
        needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        files = {
            f"{name}.py": f"version = {version!r}\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            f"Requires-Python: {python}\n{needs}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            **(beside or {}),
        }
        record = [f"{path},sha256={_record_hash(text)},{len(text)}" for path, text in files.items()]
        files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
        wheel = self.folder / "files" / f"{name}-{version}-py3-none-any.whl"
        wheel.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in files.items():
                archive.writestr(zipfile.ZipInfo(path), text)
        self._link(name, wheel)
        return hashlib.sha256(wheel.read_bytes()).hexdigest()

    def add_source(self, name: str, version: str) -> None:
        """Publish a package as source alone."""
        source = self.folder / "files" / f"{name}-{version}.tar.gz"
        source.write_bytes(b"nobody looks into it")
        self._link(name, source)

    def _link(self, name: str, file: Path) -> None:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        page = self.folder / "simple" / canonicalize_name(name) / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with page.open("a", encoding="utf-8") as stream:
            stream.write(f'<a href="../../files/{file.name}#sha256={digest}">{file.name}</a>\n')


def _record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The harness's cache folder, new for each test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(folder))
    monkeypatch.delenv("HARNESS_TORCH_BACKEND", raising=False)
    return folder


@pytest.fixture
def no_pip_config(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has configured neither pip nor uv."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture
def index(tmp_path: Path, no_pip_config: None, monkeypatch: pytest.MonkeyPatch) -> Index:
    """An index that is the only one, with ``tiny`` 1.0 in it."""
    made = Index(tmp_path / "index")
    made.add("tiny", "1.0")
    monkeypatch.setenv("UV_DEFAULT_INDEX", made.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return made


@pytest.fixture
def served(index: Index, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The index behind a real server. What fails is tried again twice, as with uv's own settings thrice."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    running = Server(index.folder)
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{running.url}/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "1")
    yield running
    running.close()


class Maker:
    """Writes environment folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self,
        name: str = "small",
        *,
        toml: str = TOML,
        requirements: str = "tiny\n",
        lock: str = "tiny==1.0\n",
        health: str = "import tiny\nprint('tiny', tiny.version)\n",
    ) -> spec.EnvironmentSpec:
        """Write one folder and read it."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            "environment.toml": toml,
            "requirements.in": requirements,
            "requirements.lock": lock,
            "health.py": health,
        }
        for file, text in files.items():
            (folder / file).write_text(text, "utf-8")
        return spec.load(folder)


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """Makes environment folders below the test's own folder."""
    return Maker(tmp_path / "environments")
