"""environment.toml is read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Device
from harness.environments.environment_toml import decode
from harness.errors import ConfigurationError

from .conftest import PYTHON, TOML

PATH = Path("environments/small/environment.toml")
VERSIONED = TOML + 'versioned = "tiny"\nversions = ["2.0", "1.0"]\n'


def test_what_may_be_left_out() -> None:
    file = decode(TOML, PATH)
    assert (file.python, file.devices, file.variables, file.command) == (PYTHON, (Device.CPU,), {}, None)
    assert (file.versioned, file.versions) == ("", ())
    assert decode(VERSIONED, PATH).versions == ("2.0", "1.0")


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (TOML + "colour = 1\n", "colour"),
        (TOML.replace(f'"{PYTHON}"', "3.11"), "$.python"),
        (TOML.replace('"onnx"', '"onyx"'), "weights_formats"),
        (TOML.replace(f'"{PYTHON}"', '"three"'), "python is 'three'"),
        (TOML.replace("consumers", "customers"), "customers"),
        (TOML.replace('description = "A test environment."', ""), "description"),
        (TOML + "[variables]\nA = 1\n", "variables"),
        (TOML + "devices = []\n", "devices is empty; leave it out for cpu, or name some of: cpu, cuda"),
        (TOML + 'versioned = "tiny"\n', "write both, or neither"),
        (TOML + 'versions = ["1.0"]\n', "write both, or neither"),
        (VERSIONED.replace("1.0", "newest"), "'newest' is no version such as"),
        (VERSIONED.replace("1.0", "../1"), "is no version"),
        (VERSIONED.replace("1.0", "2.0"), "listed twice"),
        ("= what", "line 1"),
    ],
)
def test_says_what_is_wrong_in_one_sentence(toml: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        decode(toml, PATH)
    message = str(caught.value)
    assert message.startswith(f"{PATH}: ")
    assert words in message
    assert "\n" not in message
