"""Where channels are."""

from __future__ import annotations

import pytest

from harness.environments.conda.channels import locate, with_address
from harness.errors import ConfigurationError

MIRRORS = {"HARNESS_CONDA_CHANNELS": "conda-forge=https://mirror.test/cf/  local=/srv/a b=file:///b"}


def test_names_addresses_and_folders_in_their_order() -> None:
    channels = [
        "local",
        "https://example.test/x/",
        "nodefaults",
        "conda-forge",
        "/srv/with space",
        "org/label/dev",
    ]
    assert list(locate(channels, MIRRORS, origin="f").items()) == [
        ("local", "file:///srv/a"),
        ("https://example.test/x/", "https://example.test/x"),
        ("conda-forge", "https://mirror.test/cf"),
        ("/srv/with space", "file:///srv/with%20space"),
        ("org/label/dev", None),
    ]
    assert locate(["conda-forge"], {}, origin="f") == {"conda-forge": None}


@pytest.mark.parametrize("channels", [[], ["nodefaults"]])
def test_no_channel(channels: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"env\.yml: channels: there is none; name one"):
        locate(channels, {}, origin="env.yml")


def test_defaults_are_not_guessed() -> None:
    with pytest.raises(ConfigurationError, match="HARNESS_CONDA_CHANNELS='defaults=ADDRESS'"):
        locate(["defaults"], {}, origin="env.yml")
    known = {"HARNESS_CONDA_CHANNELS": "defaults=https://mirror.test/main"}
    assert locate(["defaults"], known, origin="env.yml") == {"defaults": "https://mirror.test/main"}


@pytest.mark.parametrize("channel", ["./here", "a b", "~/channel", "x//y"])
def test_no_channel_at_all(channel: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name, address or full path"):
        locate([channel], {}, origin="env.yml")


@pytest.mark.parametrize("pair", ["conda-forge", "=/srv", "conda-forge=srv", "conda-forge="])
def test_an_override_that_is_none(pair: str) -> None:
    with pytest.raises(ConfigurationError, match=r"HARNESS_CONDA_CHANNELS: '.*' is not NAME=ADDRESS"):
        locate(["conda-forge"], {"HARNESS_CONDA_CHANNELS": pair}, origin="env.yml")


def test_the_channel_of_one_dependency() -> None:
    located = locate(["conda-forge", "org"], MIRRORS, origin="f")
    assert with_address("conda-forge::python=3.11", located) == "https://mirror.test/cf::python=3.11"
    assert with_address("org::python", located) == "org::python"
    assert with_address("python=3.11", located) == "python=3.11"
