"""How packages are reached from a build in a container: what the user has configured, made to work there."""

from __future__ import annotations

import os
import re
import shlex
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlparse

import msgspec

from harness.environments import torch_backend, uv_command
from harness.environments.docker import local_wheels

_INSIDE = "/build"  # where the build stage of the template has what is in the folder "settings"
_WHEELS = f"{_INSIDE}/wheels"
_PROXIES = frozenset({"ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})
_PASSED = frozenset(
    {"UV_HTTP_RETRIES", "UV_HTTP_TIMEOUT", "UV_INDEX_STRATEGY", "UV_INSECURE_HOST", "UV_OFFLINE"}
)
_CREDENTIAL = re.compile(r"UV_INDEX_\w+_(USERNAME|PASSWORD)")
_FILES = {"SSL_CERT_FILE": "certificates.pem", "SSL_CLIENT_CERT": "client.pem"}
_LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")
_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})


class BuildSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a build is given, and must not leave in the image.

    Attributes:
        variables: for uv, as they hold in the build.
        files: name in the folder "settings" to a file of this machine.
        wheels: what local folders and indexes hold of the lock, for the folder "settings/wheels".
        network: "host" if an address is one of this machine alone, else "default".
    """

    variables: dict[str, str]
    files: dict[str, Path]
    wheels: tuple[Path, ...]
    network: str

    @property
    def text(self) -> str:
        """The file "variables", for a shell."""
        lines = (f"export {name}={shlex.quote(value)}\n" for name, value in sorted(self.variables.items()))
        return "".join(lines)


def for_build(
    pins: Mapping[str, str], *, python: str, environ: Mapping[str, str] = os.environ
) -> BuildSettings:
    """The settings of a build.

    Args:
        pins: package to version, as the lock has them.
        python: version of the interpreter, "3.11".
        environ: the caller's environment variables.
    """
    given = uv_command.settings(environ)
    asked = given.variables
    if torch_backend.brings_cuda(pins):
        asked = torch_backend.without_cpu_builds(asked)
    passed = {name: value for name, value in asked.items() if _is_passed(name)}
    indexes, folders = _indexes(asked)
    links, places = _find_links(asked)
    wheels = {file.name: file for file in local_wheels.in_indexes(folders, pins, python=python)}
    wheels |= {file.name: file for file in local_wheels.in_links(places, pins, python=python)}
    if wheels:
        links.append(_WHEELS)
    files = _certificates(asked)
    variables = {
        **passed,
        **indexes,
        **({"UV_ARGUMENTS": " ".join(given.arguments)} if given.arguments else {}),
        **({"UV_FIND_LINKS": ",".join(links)} if links else {}),
        **{variable: f"{_INSIDE}/{_FILES[variable]}" for variable in files},
    }
    return BuildSettings(
        variables=variables,
        files={_FILES[variable]: path for variable, path in files.items()},
        wheels=tuple(wheels.values()),
        network="host" if any(map(_is_of_this_machine, variables.values())) else "default",
    )


def _is_passed(name: str) -> bool:
    return name in _PASSED or name.upper() in _PROXIES or _CREDENTIAL.fullmatch(name) is not None


def _indexes(asked: Mapping[str, str]) -> tuple[dict[str, str], list[Path]]:
    """Variables for the indexes that a container reaches, and the folders that are indexes."""
    default = asked.get("UV_DEFAULT_INDEX") or asked.get("UV_INDEX_URL", "")
    further = (asked.get("UV_INDEX") or asked.get("UV_EXTRA_INDEX_URL", "")).split()
    remote = [index for index in further if _folder(index) is None]
    folders = [folder for index in (*further, default) if index and (folder := _folder(index))]
    if default and _folder(default):
        default = f"file://{_WHEELS}"  # an index without a page: what it holds is among the find-links
    found = {"UV_DEFAULT_INDEX": default, "UV_INDEX": " ".join(remote)}
    return {name: value for name, value in found.items() if value}, folders


def _find_links(asked: Mapping[str, str]) -> tuple[list[str], list[Path]]:
    """The find-links that a container reaches, and those on this machine."""
    links = [link for link in asked.get("UV_FIND_LINKS", "").split(",") if link]
    places = [place for link in links if (place := local_wheels.local_path(link))]
    return [link for link in links if local_wheels.local_path(link) is None], places


def _certificates(asked: Mapping[str, str]) -> dict[str, Path]:
    """Variable to file, for those that are there."""
    named = {variable: asked[variable] for variable in _FILES if asked.get(variable)}
    if any(asked.get(name, "").lower() in _TRUE for name in ("UV_NATIVE_TLS", "UV_SYSTEM_CERTS")):
        named.setdefault("SSL_CERT_FILE", ssl.get_default_verify_paths().cafile or "")
    return {variable: Path(name) for variable, name in named.items() if Path(name).is_file()}


def _folder(index: str) -> Path | None:
    """The folder that an index is in; it may bear a name, ``mine=file:///index``."""
    return local_wheels.local_path(_address(index))


def _address(index: str) -> str:
    """An index without its name."""
    name, _, address = index.partition("=")
    return address if name.replace("-", "").replace("_", "").isalnum() and address else index


def _is_of_this_machine(value: str) -> bool:
    """Whether one of the addresses in a variable is of the loopback network."""
    hosts = (urlparse(_address(word)).hostname for word in value.replace(",", " ").split() if "://" in word)
    return any(host and _LOOPBACK.fullmatch(host) for host in hosts)
