"""Which wheels of this machine a build gets."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from harness.environments.docker import local_wheels
from tests.environments.conftest import Index

MACHINE = platform.machine()
PINS = {"tiny": "1.0", "torch": "2.13.0", "labelled": "1+cpu"}


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/wheels", "/wheels"),
        ("file:///my%20wheels", "/my wheels"),
        ("https://packages.example/simple", None),
        ("http://localhost:3141/root", None),
    ],
)
def test_addresses_of_this_machine(address: str, path: str | None) -> None:
    assert local_wheels.local_path(address) == (Path(path) if path else None)


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("tiny-1.0-py3-none-any.whl", True),
        ("tiny-1.0-py2.py3-none-any.whl", True),
        ("tiny-1.0.0-py3-none-any.whl", True),
        ("tiny-1.1-py3-none-any.whl", False),
        ("other-1.0-py3-none-any.whl", False),
        (f"torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_{MACHINE}.whl", True),
        (f"torch-2.13.0-cp311-cp311-linux_{MACHINE}.whl", True),
        (f"torch-2.13.0+cpu-cp312-cp312-manylinux_2_28_{MACHINE}.whl", False),
        (f"torch-2.13.0-cp38-abi3-manylinux_2_28_{MACHINE}.whl", True),
        ("torch-2.13.0-cp311-cp311-win_amd64.whl", False),
        ("torch-2.13.0-cp311-cp311-manylinux_2_28_riscv64.whl", False),
        ("labelled-1+cpu-py3-none-any.whl", True),
        ("labelled-1+cu126-py3-none-any.whl", False),
        ("labelled-1-py3-none-any.whl", False),
        ("no wheel.whl", False),
        ("tiny-1.0.tar.gz", False),
    ],
)
def test_find_links(file: str, wanted: bool, tmp_path: Path) -> None:
    (tmp_path / file).touch()
    found = list(local_wheels.in_links([tmp_path, tmp_path / "nowhere"], PINS, python="3.11"))
    assert found == ([tmp_path / file] if wanted else [])
    named = list(local_wheels.in_links([tmp_path / file], PINS, python="3.11"))
    assert named == (found if file.endswith(".whl") else [])


def test_an_index_of_files(tmp_path: Path, index: Index) -> None:
    index.add("tiny", "1.1")
    index.add("other", "1.0")
    folder = Path(index.url.removeprefix("file://"))
    found = local_wheels.in_indexes([folder, tmp_path / "nowhere"], PINS, python="3.11")
    assert list(found) == [index.folder / "files" / "tiny-1.0-py3-none-any.whl"]


def test_a_page_that_leads_elsewhere(tmp_path: Path) -> None:
    page = tmp_path / "tiny" / "index.html"
    page.parent.mkdir()
    page.write_text(
        '<a href="https://x.example/tiny-1.0-py3-none-any.whl">x</a><a>y</a>'
        '<a href="gone-1.0-py3-none-any.whl">z</a><a href="">'
    )
    assert list(local_wheels.in_indexes([tmp_path], PINS, python="3.11")) == []
