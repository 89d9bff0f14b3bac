"""Small images built for real, by either builder, from a package index in a folder."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import docker
import pytest

from harness.cell import Backend
from harness.environments import store
from harness.environments.built import BuiltEnvironment
from harness.environments.docker import client
from harness.environments.docker.dockerfile import BASE_VARIABLE
from harness.environments.docker.order import PARTS_LABEL
from harness.environments.spec import EnvironmentSpec
from tests.conftest import needs_base_image
from tests.environments.conftest import PYTHON, TOML, Index, Maker

Make = Callable[..., EnvironmentSpec]


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> str:
    """The base image, which every environment of the test starts from."""
    name = needs_base_image()
    monkeypatch.setenv(BASE_VARIABLE, name)
    return name


@pytest.fixture
def buildkit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client with BuildKit, the faster one: for what does not depend on the builder."""
    choose_builder("buildkit", monkeypatch)


@pytest.fixture(params=["classic", "buildkit"])
def builder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One builder after the other."""
    name: str = request.param
    choose_builder(name, monkeypatch)
    return name


def choose_builder(name: str, patch: pytest.MonkeyPatch) -> None:
    """Let the client be one without BuildKit, or the first one on the path that has it."""
    if name == "classic":
        patch.setattr(client, "find_buildkit", lambda: None)
        return
    path = os.environ["PATH"]
    for folder in path.split(os.pathsep):
        if shutil.which("docker", path=folder):
            patch.setenv("PATH", f"{folder}{os.pathsep}{path}")
            if client.find_buildkit():
                return
    pytest.skip("needs a docker program with BuildKit")


@pytest.fixture
def image_of(make: Maker, base: str, index: Index) -> Iterator[Make]:
    """Makes environments that hold ``tiny`` 1.0, unless another lock is given; see :func:`own_images`."""
    with own_images(make) as write:
        yield write


def environment(make: Maker, dockerfile: str | None = None, **files: str) -> EnvironmentSpec:
    """One for the Python of the base image, with a name that nobody else has."""
    toml = TOML.replace(f'"{PYTHON}"', '"3.11"')
    spec = make(f"test-{secrets.token_hex(4)}", **{"toml": toml, **files})
    if dockerfile is not None:
        spec.dockerfile.write_text(dockerfile, "utf-8")
    return spec


@contextmanager
def own_images(make: Maker) -> Iterator[Make]:
    """Make environments with names that nobody else has; at the end, their images are gone."""
    names: list[str] = []

    def write(dockerfile: str | None = None, **files: str) -> EnvironmentSpec:
        spec = environment(make, dockerfile, **files)
        names.append(spec.name)
        return spec

    try:
        yield write
    finally:
        found = docker.DockerClient.from_env()
        for name in names:
            for image in found.images.list(f"bioimage-harness/{name}"):
                found.images.remove(str(image.id), force=True)
        with suppress(docker.errors.APIError):  # another test does it just now
            found.images.prune({"dangling": True, "label": PARTS_LABEL})
        found.close()


def built(spec: EnvironmentSpec) -> BuiltEnvironment:
    """The environment as an image."""
    return store.ensure(spec, Backend.DOCKER, on_progress=lambda _: None)
