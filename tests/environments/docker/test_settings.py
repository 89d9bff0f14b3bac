"""What the user has configured is given to a build in words that hold there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.environments.docker.settings import BuildSettings, for_build

PINS = {"tiny": "1.0"}
NOTHING = {"PIP_CONFIG_FILE": os.devnull, "PATH": "/bin", "HOME": "/root"}


def made(**variables: str) -> BuildSettings:
    """The settings of a user with these variables."""
    return for_build(PINS, python="3.11", environ={**NOTHING, **variables})


def wheel(folder: Path) -> Path:
    """One that is pinned."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tiny-1.0-py3-none-any.whl"
    file.touch()
    return file


def test_nothing_configured() -> None:
    assert made(GH_="x", PYTHONPATH="/x", UV_CACHE_DIR="/c") == BuildSettings(
        variables={}, files={}, wheels=(), network="default"
    )


def test_what_is_passed_on_as_it_is() -> None:
    given_ = {
        "UV_DEFAULT_INDEX": "https://packages.example/simple",
        "UV_INDEX": "https://one.example/simple mine=https://two.example/simple",
        "UV_INDEX_MINE_USERNAME": "me",
        "UV_INDEX_MINE_PASSWORD": "secret",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "https://three.example/links.html",
        "UV_INSECURE_HOST": "one.example",
        "UV_HTTP_TIMEOUT": "60",
        "UV_OFFLINE": "1",
        "HTTPS_PROXY": "http://proxy.example:8080",
        "no_proxy": "a.example",
    }
    assert made(**given_) == BuildSettings(variables=given_, files={}, wheels=(), network="default")


def test_pips_own_words() -> None:
    found = made(PIP_INDEX_URL="https://packages.example/simple", PIP_NO_INDEX="1")
    assert found.variables == {
        "UV_DEFAULT_INDEX": "https://packages.example/simple",
        "UV_ARGUMENTS": "--no-index",
    }


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CLIENT_CERT"])
def test_certificates(name: str, tmp_path: Path) -> None:
    (tmp_path / "mine.pem").touch()
    found = made(**{name: str(tmp_path / "mine.pem")})
    (inside,) = found.variables.values()
    assert found.files == {Path(inside).name: tmp_path / "mine.pem"}
    assert made(**{name: str(tmp_path / "gone.pem")}).files == {}


def test_the_certificates_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "system.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))  # where OpenSSL looks
    assert made(UV_NATIVE_TLS="1").files == {"certificates.pem": tmp_path / "system.pem"}
    assert made(UV_NATIVE_TLS="0").files == {}


def test_folders_of_wheels(tmp_path: Path) -> None:
    file = wheel(tmp_path / "wheels")
    found = made(UV_FIND_LINKS=f"{tmp_path}/wheels,https://three.example/x.html,{tmp_path}/empty")
    assert found.wheels == (file,)
    assert found.variables == {"UV_FIND_LINKS": "https://three.example/x.html,/build/wheels"}
    assert made(UV_FIND_LINKS=f"{tmp_path}/empty").variables == {}


def index_of(folder: Path) -> str:
    """The address of an index of files with one pinned package."""
    file = wheel(folder / "files")
    (folder / "tiny").mkdir()
    (folder / "tiny" / "index.html").write_text(f'<a href="../files/{file.name}#sha256=0">x</a>')
    return folder.as_uri()


def test_an_index_of_files_is_all_there_is(tmp_path: Path) -> None:
    found = made(UV_DEFAULT_INDEX=index_of(tmp_path))
    assert [file.name for file in found.wheels] == ["tiny-1.0-py3-none-any.whl"]
    assert found.variables == {"UV_DEFAULT_INDEX": "file:///build/wheels", "UV_FIND_LINKS": "/build/wheels"}


def test_an_index_of_files_beside_others(tmp_path: Path) -> None:
    remote = "https://one.example/simple"
    beside = {"UV_INDEX": f"mine={index_of(tmp_path)} {remote}"}
    assert made(**beside).variables == {"UV_INDEX": remote, "UV_FIND_LINKS": "/build/wheels"}
    before = {"UV_DEFAULT_INDEX": tmp_path.as_uri(), "UV_INDEX": remote}
    assert made(**before).variables == {
        "UV_DEFAULT_INDEX": "file:///build/wheels",
        "UV_INDEX": remote,
        "UV_FIND_LINKS": "/build/wheels",
    }


@pytest.mark.parametrize(
    ("variables", "network"),
    [
        ({"UV_DEFAULT_INDEX": "http://localhost:3141/root"}, "host"),
        ({"UV_INDEX": "https://one.example a=http://127.0.0.1:8080/simple"}, "host"),
        ({"UV_FIND_LINKS": "https://a.example,http://[::1]/x"}, "host"),
        ({"HTTPS_PROXY": "http://127.0.0.2:3128"}, "host"),
        ({"UV_DEFAULT_INDEX": "https://localhost.example/root"}, "default"),
        ({"NO_PROXY": "localhost,127.0.0.1"}, "default"),
    ],
)
def test_addresses_of_this_machine_alone(variables: dict[str, str], network: str) -> None:
    assert made(**variables).network == network


@given(
    st.dictionaries(
        st.sampled_from(["A", "B_C"]), st.text(st.characters(codec="utf-8", exclude_characters="\0"))
    )
)
def test_a_shell_reads_what_was_written(variables: dict[str, str]) -> None:
    text = BuildSettings(variables=variables, files={}, wheels=(), network="default").text
    script = text + "".join(f'printf "%s\\0" "${name}"\n' for name in sorted(variables))
    read = subprocess.run(["/bin/sh"], input=script.encode(), capture_output=True, check=True, env={})
    assert read.stdout.decode() == "".join(f"{variables[name]}\0" for name in sorted(variables))
