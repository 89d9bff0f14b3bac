"""The user's pip configuration in the words of uv, which does not read it.

Source: pip's documentation, "Configuration" (file locations, their order, sections, ``PIP_*`` variables).
The files are parsed here instead of asking ``pip config list``, because a harness that was installed as a
tool has no pip beside it.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

_SECTIONS = ("global", "install")  # the later one wins: a command's section over the global one
_PROXIED = ("HTTP_PROXY", "HTTPS_PROXY")


class UvSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What to hand to uv.

    Attributes:
        variables: environment variables, without those that the user has set.
        arguments: options for commands that look for packages (uv has no variable for them).
    """

    variables: dict[str, str]
    arguments: tuple[str, ...] = ()


def translate(environ: Mapping[str, str], *, files: tuple[Path, ...] | None = None) -> UvSettings:
    """Translate pip's files and ``PIP_*`` variables; a ``UV_*`` variable of the user is never replaced.

    Args:
        environ: the caller's environment variables.
        files: configuration files, the later wins; by default those that pip would read.
    """
    options = _options(environ, config_files(environ) if files is None else files)
    variables: dict[str, str] = {}
    if index := options.get("index-url"):
        variables["UV_DEFAULT_INDEX"] = index
    if extra := options.get("extra-index-url"):
        variables["UV_INDEX"] = " ".join(extra.split())
        # pip merges all indexes; uv by default stops at the first one that knows a name, so that an extra
        # index with a few old wheels would hide the newer releases of the main one.
        variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if links := options.get("find-links"):
        variables["UV_FIND_LINKS"] = ",".join(map(_place, links.split()))
    if hosts := options.get("trusted-host"):
        variables["UV_INSECURE_HOST"] = " ".join(hosts.split())
    if certificate := options.get("cert"):
        variables["SSL_CERT_FILE"] = _place(certificate)
    if client := options.get("client-cert"):
        variables["SSL_CLIENT_CERT"] = _place(client)
    if seconds := options.get("timeout") or options.get("default-timeout"):
        variables["UV_HTTP_TIMEOUT"] = seconds.split(".", maxsplit=1)[0]
    if proxy := options.get("proxy"):
        variables.update(dict.fromkeys(_PROXIED, proxy))
    no_index = _truth(options.get("no-index", ""))
    return UvSettings(
        variables={name: value for name, value in variables.items() if not _is_set(environ, name)},
        arguments=("--no-index",) if no_index else (),
    )


def config_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files that pip reads, in its order: global, user, site, then PIP_CONFIG_FILE."""
    chosen = environ.get("PIP_CONFIG_FILE", "")
    if chosen == os.devnull:
        return ()  # documented: this switches all files off
    home = Path(environ.get("HOME") or Path.home())
    found: list[Path] = []
    if sys.platform == "darwin":
        found.append(Path("/Library/Application Support/pip/pip.conf"))
    system = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    found += [Path(folder) / "pip" / "pip.conf" for folder in system.split(os.pathsep) if folder]
    found += [Path("/etc/pip.conf"), home / ".pip" / "pip.conf"]
    if sys.platform == "darwin":
        found.append(home / "Library" / "Application Support" / "pip" / "pip.conf")
    user = environ.get("XDG_CONFIG_HOME")
    found.append((Path(user) if user else home / ".config") / "pip" / "pip.conf")
    found.append(Path(sys.prefix) / "pip.conf")
    if chosen:
        found.append(Path(chosen))
    return tuple(found)


def _options(environ: Mapping[str, str], files: tuple[Path, ...]) -> dict[str, str]:
    """Option name (with dashes) to value; variables win over files."""
    options: dict[str, str] = {}
    for file in files:
        options.update(_from_file(file))
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            options[name[4:].lower().replace("_", "-")] = value
    return options


def _from_file(file: Path) -> Iterator[tuple[str, str]]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return  # pip itself refuses such a file: nothing can be taken from it
    for section in _SECTIONS:
        if parser.has_section(section):
            for name, value in parser.items(section):
                yield name.replace("_", "-"), value.strip()


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    if name == "UV_DEFAULT_INDEX":
        return bool(environ.get(name) or environ.get("UV_INDEX_URL"))
    if name == "UV_INDEX":
        return bool(environ.get(name) or environ.get("UV_EXTRA_INDEX_URL"))
    if name in _PROXIED:
        return bool(environ.get(name) or environ.get(name.lower()) or environ.get("ALL_PROXY"))
    return bool(environ.get(name))


def _place(value: str) -> str:
    """An address as it is, a path made absolute: uv is started in another folder."""
    return value if "://" in value else str(Path(value).expanduser().absolute())


def _truth(value: str) -> bool:
    return value.strip().lower() in {"1", "true", "yes", "on", "y", "t"}
