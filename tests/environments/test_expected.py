"""What building an environment will take: in the order of magnitude of what was measured."""

from __future__ import annotations

import msgspec
import pytest

from harness.cell import Backend
from harness.environments.expected import expected
from harness.environments.spec import load_all
from tests.conftest import ROOT

SPECS = load_all(ROOT / "environments")


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("biapy", 2_062_000_000),
        ("keras-torch", 1_371_000_000),
        ("pytorch", 1_338_000_000),
        ("spotmax", 1_822_000_000),
        ("tensorflow", 1_912_000_000),
    ],
)
def test_the_size_is_about_what_was_measured(name: str, measured: int) -> None:
    assert 0.5 < expected(SPECS[name], Backend.VENV).bytes / measured < 2


def test_cuda_brings_more_and_an_image_a_system() -> None:
    assert expected(SPECS["pytorch-cuda"], Backend.VENV).bytes > 2e9
    venv, image = (expected(SPECS["pytorch"], backend) for backend in (Backend.VENV, Backend.DOCKER))
    assert image.seconds > venv.seconds > 30
    assert image.bytes > venv.bytes


def test_one_whose_lock_is_yet_to_be_made() -> None:
    spec = msgspec.structs.replace(SPECS["pytorch"], folder=ROOT / "no such folder")
    assert expected(spec, Backend.VENV).bytes == 1_000_000_000
