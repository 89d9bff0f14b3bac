"""Images are made again from what was stored beside records."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.cell import Backend, EnvironmentRef
from harness.environments.known import Known
from harness.environments.replay import replay
from harness.environments.spec import EnvironmentSpec
from harness.errors import UsageError

from .conftest import Make, built

pytestmark = pytest.mark.slow


def recorded(spec: EnvironmentSpec, backend: Backend) -> Known:
    """What a ledger knows of it, when its folder is gone."""
    return Known(ref=spec.ref(backend), recipe=spec.recipe(backend))


@pytest.mark.parametrize("backend", [Backend.DOCKER, Backend.VENV])
def test_the_same_source(backend: Backend, buildkit: None, image_of: Make, tmp_path: Path) -> None:
    known = recorded(image_of(), backend)
    with replay(known, Backend.DOCKER, tmp_path) as again:
        made = built(again.spec)
    assert made.packages == {"tiny": "1.0"}
    assert made.ref == again.ref
    assert (again.ref == known.ref) == (backend is Backend.DOCKER)


def test_a_dockerfile_that_somebody_has_written_is_not_run(image_of: Make, tmp_path: Path) -> None:
    spec = image_of()
    spec.dockerfile.write_text(spec.dockerfile_text() + "RUN env\n", "utf-8")
    known = msgspec.structs.replace(recorded(spec, Backend.DOCKER), commit="commit 0123")
    with (
        pytest.raises(UsageError, match=r"Dockerfile of its own, .*; check out the harness's commit 0123"),
        replay(known, Backend.DOCKER, tmp_path),
    ):
        pass
    other = EnvironmentRef(name=spec.name, backend=Backend.VENV, digest=spec.digest(Backend.VENV))
    with replay(recorded(spec, Backend.VENV), Backend.VENV, tmp_path) as again:
        assert again.ref == other
