"""Images are built, taken again, given up and removed (a real engine)."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import docker
import pytest

from harness.cell import Backend
from harness.environments import prune, store
from harness.environments.built import BuiltEnvironment
from harness.environments.docker import contents, engine
from harness.environments.docker.dockerfile import BASE_VARIABLE
from harness.environments.integrity import damage
from harness.environments.spec import EnvironmentSpec
from tests.conftest import needs_base_image
from tests.environments.conftest import Index, Maker

from .conftest import Make, built, choose_builder, own_images

pytestmark = pytest.mark.slow

HEALTH = """
import os, socket, tiny
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print("uid", os.getuid(), "rights", status["CapEff"].strip(), "filter", status["Seccomp"].strip(),
      "new", status["NoNewPrivs"].strip(), [name for _, name in socket.if_nameindex()])
for place in ("/", "/opt/environment", os.environ["HOME"]):
    try:
        open(os.path.join(place, "file"), "w").close()
        print("wrote to", place)
    except OSError as error:
        print(error.strerror)
"""


def inspect(name: str) -> dict[str, object]:
    """What the engine says of an image."""
    client = docker.DockerClient.from_env()
    try:
        return dict(client.images.get(name).attrs)
    finally:
        client.close()


def in_image(name: str, *argv: str) -> str:
    """What a program of the image prints."""
    done = subprocess.run(["docker", "run", "--rm", name, *argv], capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Example(NamedTuple):
    """An image, and what was told while it was built."""

    spec: EnvironmentSpec
    built: BuiltEnvironment
    told: list[str]

    @property
    def image(self) -> str:
        assert self.built.image is not None
        return self.built.image


@pytest.fixture(scope="module", params=["classic", "buildkit"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """Built by each builder for a user who has configured much."""
    folder = tmp_path_factory.mktemp("example")
    (folder / "mine.pem").write_text("-----BEGIN private-mark-----\n")
    index = Index(folder / "index")
    index.add("tiny", "1.0")
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        choose_builder(request.param, patch)
        patch.setenv(BASE_VARIABLE, needs_base_image())
        patch.setenv("HARNESS_CACHE_DIR", str(folder / "cache"))
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("UV_DEFAULT_INDEX", index.url)
        patch.setenv("UV_FIND_LINKS", str(index.folder / "files"))
        patch.setenv("SSL_CLIENT_CERT", str(folder / "mine.pem"))
        patch.setenv("UV_INDEX_MINE_PASSWORD", "pass-mark")
        patch.setenv("NO_PROXY", "hidden.example")
        with own_images(Maker(folder / "environments")) as make:
            spec = make(health=HEALTH)
            yield Example(spec, store.ensure(spec, Backend.DOCKER, on_progress=told.append), told)


def test_what_was_built(example: Example) -> None:
    spec, made, told = example
    assert made.fresh
    assert example.image.startswith(f"bioimage-harness/{spec.name}:")
    assert any(line.startswith(f"{spec.name}: step ") for line in told), told
    assert made.python == Path("/opt/environment/bin/python")
    assert made.python_version.startswith("3.11.")
    assert made.packages == {"tiny": "1.0"}
    assert made.size_bytes > 50e6


def test_its_health_was_checked_in_a_hardened_container(example: Example) -> None:
    assert example.built.log.read_text("utf-8").splitlines()[-4:] == [
        "uid 65534 rights 0000000000000000 filter 2 new 1 ['lo']",
        "Read-only file system",
        "Read-only file system",
        "wrote to /tmp",
    ]


def test_nothing_but_the_runtime_is_in_it(example: Example) -> None:
    listed = in_image(example.image, "python", "-c", "import os; print(*os.listdir('/opt/environment/bin'))")
    assert not {"pip", "uv"} & set(listed.split())
    places = "ls -d /build /root/.cache /var/cache/uv 2>/dev/null; command -v gcc cc uv; true"
    assert in_image(example.image, "sh", "-c", places) == ""


def test_nothing_that_the_user_has_configured_is_in_it(example: Example, tmp_path: Path) -> None:
    """No address, no password, no certificate, no folder of this machine: neither in files nor in words."""
    saved = tmp_path / "image.tar"
    subprocess.run(["docker", "save", "--output", saved, example.image], check=True)
    content = saved.read_bytes()
    folder = str(example.built.prefix.parents[3])
    for hidden in ("hidden.example", "pass-mark", "private-mark", folder, "mine.pem"):
        assert hidden.encode() not in content, hidden


def test_what_it_says_of_itself(example: Example) -> None:
    config = inspect(example.image)["Config"]
    assert isinstance(config, dict)
    labels = {name: text for name, text in config["Labels"].items() if "buildkit" not in name}
    assert labels.pop("bioimage-harness.digest").startswith(example.image.rpartition(":")[2])
    assert labels == {
        "bioimage-harness.environment": example.spec.name,
        "org.opencontainers.image.title": f"bioimage-harness environment {example.spec.name}",
        "org.opencontainers.image.description": example.spec.description,
        "org.opencontainers.image.base.digest": inspect(needs_base_image())["Id"],
    }
    said = in_image(example.image, "python", "-c", "import os, tiny; print(os.getuid(), tiny.version)")
    assert (config["User"], said) == ("65534:65534", "65534 1.0")


def test_bytecode_is_there_and_fits(example: Example) -> None:
    """Nothing can be written where packages are: without it, every start would compile them again."""
    code = "import sys, tiny; print(tiny.__cached__)"
    said = subprocess.run(
        ["docker", "run", "--rm", "--read-only", example.image, "python", "-v", "-c", code],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"{said.stdout.strip()} matches" in said.stderr


def test_an_image_that_is_there_is_taken(
    buildkit: None, image_of: Make, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = image_of()
    first = built(spec)
    again = built(spec)
    assert (again.fresh, again.image, again.size_bytes) == (False, first.image, first.size_bytes)
    assert store.find(spec, Backend.DOCKER) == again
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "another"))
    told: list[str] = []
    second = store.ensure(spec, Backend.DOCKER, on_progress=told.append)
    assert (second.fresh, second.image) == (True, first.image)
    assert f"{spec.name}: taking the image {first.image}, which is there" in told
    assert not any(": step " in line for line in told)


def test_the_same_image_is_checked_once(buildkit: None, image_of: Make) -> None:
    spec = image_of()
    checks: list[bool] = []
    for _ in range(3):
        told: list[str] = []
        made = store.ensure(spec, Backend.DOCKER, on_progress=told.append)
        checks.append(f"{spec.name}: health check" in told)
        store.wipe(made.prefix.parent)
        if len(checks) == 2:  # another image of the same name
            assert made.image is not None
            recipe = f"FROM {made.image}\nENV CHANGED=yes\n".encode()
            subprocess.run(["docker", "build", "--tag", made.image, "-"], input=recipe, check=True)
    assert checks == [True, False, True]


def test_one_that_somebody_else_gave_its_name_is_not(buildkit: None, image_of: Make, base: str) -> None:
    spec = image_of()
    first = built(spec)
    assert first.image is not None
    subprocess.run(["docker", "tag", base, first.image], check=True)
    assert "missing" in damage(first)
    assert store.find(spec, Backend.DOCKER) is None
    second = built(spec)
    assert (second.fresh, second.packages) == (True, {"tiny": "1.0"})


def test_another_base_image_is_another_image(
    buildkit: None, image_of: Make, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = "bioimage-harness-tests:base"
    monkeypatch.setenv(BASE_VARIABLE, mine)
    subprocess.run(["docker", "tag", base, mine], check=True)
    try:
        spec = image_of()
        first = built(spec)
        recipe = f"FROM {base}\nENV CHANGED=yes\n".encode()
        subprocess.run(["docker", "build", "--tag", mine, "-"], input=recipe, capture_output=True, check=True)
        assert store.find(spec, Backend.DOCKER) is None
        second = built(spec)
        assert second.ref == first.ref
        assert second.image != first.image
    finally:
        subprocess.run(["docker", "rmi", mine], capture_output=True, check=True)
    assert store.find(spec, Backend.DOCKER), "the base image is of no use any more"


def test_removed_images_are_noticed_and_pruned_ones_are_gone(buildkit: None, image_of: Make) -> None:
    spec = image_of()
    first = built(spec)
    assert first.image is not None
    assert damage(first) == ""
    subprocess.run(["docker", "rmi", first.image], capture_output=True, check=True)
    assert damage(first) == f"the image {first.image} is missing"
    assert store.find(spec, Backend.DOCKER) is None
    assert built(spec).fresh
    store.discard(first)
    assert store.find(spec, Backend.DOCKER), "it was built anew since"
    store.discard(built(spec))
    assert store.find(spec, Backend.DOCKER) is None
    again = built(spec)
    made = contents.read(again.prefix)
    pruned = prune.prune([], now=time.time())
    assert [removal.folder for removal in pruned.removed] == [again.prefix.parent]
    assert made is not None
    assert pruned.freed_bytes > made.own_bytes > 0
    assert engine.image(first.image) is None


@pytest.mark.parametrize("by", ["classic", "buildkit"])
def test_without_the_harness(by: str, image_of: Make, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user does who has configured nothing: `docker build FOLDER`."""
    choose_builder(by, monkeypatch)
    spec = image_of(lock="six==1.17.0\n")
    spec.dockerfile.write_text(spec.dockerfile_text(), "utf-8")
    image = f"bioimage-harness/{spec.name}:plain"
    command = ["docker", "build", "--build-arg", f"BASE_IMAGE={base}", "--tag", image, str(spec.folder)]
    environ = {**os.environ, "DOCKER_BUILDKIT": "1" if by == "buildkit" else "0"}
    subprocess.run(command, check=True, capture_output=True, env=environ)
    said = in_image(image, "python", "-c", "import os, six; print(os.getuid(), six.__version__)")
    assert said == "65534 1.17.0"
