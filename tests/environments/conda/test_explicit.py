"""The exact lock of the conda part."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.environments.conda.explicit import LockedPackage, parse, render
from harness.errors import ConfigurationError

SHA = "177f33a1fb8d3476b38f73c37b42f01c0b014fa0e039a701fd9f83d83aae6d40"
# The pattern by which CEP 23 says that lines can be read.
STANDARD = re.compile(
    r"(?:(?P<url_p>.+)(?:[/\\]))?(?P<fn>[^/\\#]+(?:\.tar\.bz2|\.conda))"
    r"(?:#((?P<md5>[0-9a-f]{32})|((sha256:)?(?P<sha256>[0-9a-f]{64}))))?$"
)
_word = st.from_regex(r"[a-z0-9_.]{1,8}", fullmatch=True)
_channel = st.one_of(
    st.lists(_word, min_size=1, max_size=3).map("/".join),
    _word.map(lambda word: f"https://{word}.test/t/token/{word}"),
    _word.map(lambda word: f"/srv/{word}"),
)
_file = st.builds(
    "{}-{}-{}{}".format,
    st.lists(_word, min_size=1, max_size=3).map("-".join),
    st.from_regex(r"[0-9]![0-9]\.[0-9a-z+_]{1,5}", fullmatch=True),
    _word,
    st.sampled_from([".conda", ".tar.bz2"]),
)
_package = st.builds(
    lambda channel, subdir, file, sha: LockedPackage(channel=channel, path=f"{subdir}/{file}", sha256=sha),
    _channel,
    st.sampled_from(["linux-64", "noarch", "osx-arm64"]),
    _file,
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)


@given(st.lists(_package, min_size=1, max_size=5))
def test_what_is_written_is_read_and_is_of_the_standard(packages: list[LockedPackage]) -> None:
    text = render(packages, platform="linux-64", header="Made by a test.")
    assert parse(text, origin="lock") == tuple(packages)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines[0] == "@EXPLICIT"
    for line, package in zip(lines[1:], packages, strict=True):
        match = STANDARD.fullmatch(line)
        assert match is not None
        assert (match["fn"], match["sha256"]) == (package.path.partition("/")[2], package.sha256)


def test_the_parts_of_a_package() -> None:
    path = "linux-64/xorg-libx11-1.8.9-hb711507_1.conda"
    package = LockedPackage(channel="conda-forge", path=path, sha256=SHA)
    assert (package.name, package.version) == ("xorg-libx11", "1.8.9")
    assert package.address({"conda-forge": "https://mirror.test/cf/"}) == f"https://mirror.test/cf/{path}"
    assert LockedPackage(channel="file:///c", path=path, sha256=SHA).address({}) == f"file:///c/{path}"


def test_what_others_write() -> None:
    text = f"""
# platform: linux-64
@EXPLICIT

  https://example.test/conda-forge/noarch/tzdata-2025b-h78e105d_0.conda#{SHA}
conda-forge/linux-64/python-3.11.9-hb806964_0_cpython.tar.bz2#sha256:{SHA}
"""
    first, second = parse(text, origin="lock")
    assert first.channel == "https://example.test/conda-forge"
    assert first.name == "tzdata"
    assert second == LockedPackage(
        channel="conda-forge", path="linux-64/python-3.11.9-hb806964_0_cpython.tar.bz2", sha256=SHA
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no line @EXPLICIT"),
        ("python=3.11\n", "has no line @EXPLICIT"),
        ("@EXPLICIT\n# nothing\n", "locks no package"),
        (
            "@EXPLICIT\nconda-forge/linux-64/python-3.11.9-0.conda\n",
            "'conda-forge/linux-64/python-3.11.9-0.conda' is",
        ),
        (
            f"@EXPLICIT\nconda-forge/linux-64/python-3.11.9-0.conda#{SHA[:32]}\n",
            "is not CHANNEL/PLATFORM/FILE",
        ),
        (f"@EXPLICIT\nlinux-64/python-3.11.9-0.conda#{SHA}\n", "is not CHANNEL/PLATFORM/FILE"),
        (f"@EXPLICIT\nconda-forge/linux-64/python.conda#{SHA}\n", "is not CHANNEL/PLATFORM/FILE"),
        (f"@EXPLICIT\nconda-forge/linux-64/python-3.11.9-0.whl#{SHA}\n", "is not CHANNEL/PLATFORM/FILE"),
    ],
)
def test_what_is_no_lock(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, origin="x.lock")
    assert str(caught.value).startswith("x.lock: ")
    assert words in str(caught.value)
