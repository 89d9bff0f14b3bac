"""What the user told pip reaches uv in uv's words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.environments import pip_config, uv_command


def _file(folder: Path, text: str, name: str = "pip.conf") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_nothing_configured() -> None:
    assert pip_config.translate({}, files=()) == pip_config.UvSettings(variables={})


def test_every_option_of_a_file(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        "[global]\n"
        "index-url = https://packages.example/simple\n"
        "extra-index-url =\n    https://one.example/simple\n    file:///two/simple\n"
        "find_links = /wheels https://three.example/wheels.html\n"
        "cert = /certificates.pem\nclient-cert = /mine.pem\ntrusted-host = a.example b.example\n"
        "timeout = 60\nproxy = http://proxy.example:8080\nno-index = true\n",
    )
    found = pip_config.translate({}, files=(file,))
    assert found.arguments == ("--no-index",)
    assert found.variables == {
        "UV_DEFAULT_INDEX": "https://packages.example/simple",
        "UV_INDEX": "https://one.example/simple file:///two/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/wheels,https://three.example/wheels.html",
        "UV_INSECURE_HOST": "a.example b.example",
        "SSL_CERT_FILE": "/certificates.pem",
        "SSL_CLIENT_CERT": "/mine.pem",
        "UV_HTTP_TIMEOUT": "60",
        "HTTP_PROXY": "http://proxy.example:8080",
        "HTTPS_PROXY": "http://proxy.example:8080",
    }


def test_later_files_sections_and_variables_win(tmp_path: Path) -> None:
    first = _file(tmp_path, "[install]\nfind-links = /b\n[global]\nfind-links = /a\ncert = /c\n")
    second = _file(tmp_path, "[global]\ncert = /d\n[list]\nfind-links = /e\n", "other.conf")
    variables = pip_config.translate({}, files=(first, second)).variables
    assert variables == {"UV_FIND_LINKS": "/b", "SSL_CERT_FILE": "/d"}
    variables = pip_config.translate({"PIP_FIND_LINKS": "/v"}, files=(first, second)).variables
    assert variables["UV_FIND_LINKS"] == "/v"


@pytest.mark.parametrize(
    ("own", "absent"),
    [
        ("UV_DEFAULT_INDEX", "UV_DEFAULT_INDEX"),
        ("UV_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("UV_INDEX", "UV_INDEX"),
        ("UV_EXTRA_INDEX_URL", "UV_INDEX"),
        ("UV_INDEX_STRATEGY", "UV_INDEX_STRATEGY"),
        ("UV_FIND_LINKS", "UV_FIND_LINKS"),
        ("SSL_CERT_FILE", "SSL_CERT_FILE"),
        ("https_proxy", "HTTPS_PROXY"),
    ],
)
def test_what_the_user_told_uv_wins(own: str, absent: str) -> None:
    environ = {
        "PIP_INDEX_URL": "https://packages.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://one.example/simple",
        "PIP_FIND_LINKS": "/wheels",
        "PIP_CERT": "/certificates.pem",
        "PIP_PROXY": "http://proxy.example:8080",
    }
    assert absent in pip_config.translate(environ, files=()).variables
    assert absent not in pip_config.translate({**environ, own: "mine"}, files=()).variables


def test_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    variables = pip_config.translate({"PIP_FIND_LINKS": "wheels ~/more"}, files=()).variables
    assert variables["UV_FIND_LINKS"] == f"{tmp_path}/wheels,/home/someone/more"


def test_a_broken_file_says_nothing(tmp_path: Path) -> None:
    assert pip_config.translate({}, files=(_file(tmp_path, "cert = /c\n"),)).variables == {}


def test_files_in_pips_order() -> None:
    environ = {"HOME": "/h", "XDG_CONFIG_HOME": "/x", "PIP_CONFIG_FILE": "/mine", "XDG_CONFIG_DIRS": "/s:/t"}
    files = [str(path) for path in pip_config.config_files(environ)]
    order = [
        "/s/pip/pip.conf",
        "/t/pip/pip.conf",
        "/etc/pip.conf",
        "/h/.pip/pip.conf",
        "/x/pip/pip.conf",
        "/mine",
    ]
    assert [file for file in files if file in order] == order
    assert pip_config.config_files({**environ, "PIP_CONFIG_FILE": os.devnull}) == ()


def test_only_a_small_list_of_variables_reaches_uv() -> None:
    environ = {
        "PATH": "/usr/bin",
        "HOME": "/h",
        "https_proxy": "http://proxy.example",
        "UV_OFFLINE": "1",
        "UV_SYSTEM_PYTHON": "1",
        "UV_REQUIRE_HASHES": "1",
        "GITHUB_TOKEN": "secret",
        "PYTHONPATH": "/leak",
        "LD_PRELOAD": "/leak.so",
        "VIRTUAL_ENV": "/venv",
        "PIP_CONFIG_FILE": os.devnull,
    }
    assert uv_command.settings(environ).variables == {
        "PATH": "/usr/bin",
        "HOME": "/h",
        "https_proxy": "http://proxy.example",
        "UV_OFFLINE": "1",
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
