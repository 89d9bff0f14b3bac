"""Environments that a tool's team publishes by URL: a list of versions, and conda's file for each of them.

``environments/<name>/published.toml`` says where. The list is asked each time, and what it said last is taken
where it cannot be had; the file of a version is fetched once. An environment of them is made like one that a
model's author declares: by conda, and nothing of it is started outside of isolation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from packaging.version import InvalidVersion, Version

from harness import jsonio
from harness.cell import Backend, WeightsFormat
from harness.collection import fetch
from harness.collection.cache import cache_folder_for
from harness.collection.dependencies import CONDA
from harness.collection.fault import ModelFault
from harness.environments import lock, store
from harness.environments.declared import match_spec
from harness.environments.declared.declaration import Declaration, RefusedError
from harness.environments.declared.read import read
from harness.environments.declared.spec import DeclaredSpec, declared_spec
from harness.environments.spec import EnvironmentSpec, choose, read_text
from harness.errors import ConfigurationError

FILE = "published.toml"
_VERSION = "{version}"


class Published(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a ``published.toml`` says.

    Attributes:
        description: one sentence for people.
        consumer: the tool that is in the environments, whose versions these are.
        versions: URL of a JSON list of versions.
        environment: URL of a version's environment file, with ``{version}`` in it.
        newest: how many of the newest versions are tested.
        leave_out: packages that are not installed.
        weights_formats: what runs in the environments.
        like: the environment whose Python, variables and limits hold where nothing else is said.
    """

    description: str
    consumer: str
    versions: str
    environment: str
    weights_formats: tuple[WeightsFormat, ...]
    like: str
    newest: int = 1
    leave_out: tuple[str, ...] = ()


class NotAvailableError(Exception):
    """A list or a file that cannot be had, or of which no environment is made; the message says why."""


def load_published(folder: Path) -> list[Published]:
    """Every ``published.toml`` below a folder of environments, by name.

    Raises:
        ConfigurationError: names the file and the field that is missing, unknown or of the wrong type.
    """
    found = []
    for path in sorted(folder.glob(f"*/{FILE}")):
        try:
            published = msgspec.toml.decode(read_text(path), type=Published)
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"{path}: {error}") from error
        if _VERSION not in published.environment:
            raise ConfigurationError(f"{path}: field environment: has no {_VERSION}")
        if published.newest < 1:
            raise ConfigurationError(f"{path}: field newest: is {published.newest}, expected 1 or more")
        found.append(published)
    return found


def versions_of(published: Published) -> list[str]:
    """All versions, the newest one first; raises NotAvailableError."""
    url = published.versions
    try:
        listed = msgspec.json.decode(_fetched(url), type=list[str])
        versions = sorted(set(listed), key=Version, reverse=True)
    except (msgspec.DecodeError, InvalidVersion) as error:
        raise NotAvailableError(f"{url}: is no list of versions ({error})") from error
    if not versions:
        raise NotAvailableError(f"{url}: lists no version")
    return versions


def published_spec(
    published: Published, version: str, *, specs: Mapping[str, EnvironmentSpec], needs: tuple[str, ...]
) -> DeclaredSpec:
    """The environment of one version.

    Args:
        specs: those of folders, one of which it is like.
        needs: requirements of the consumer; versions that the file asks for are those that it gets.

    Raises:
        NotAvailableError: its file cannot be had, or no environment is made of it.
        UsageError: there is no environment that it should be like.
    """
    like = choose(specs, published.like)
    declaration = _declaration(published, version)
    made = declared_spec(
        declaration,
        needs,
        like=like,
        preferences=lock.preferences(read_text(like.lock)),
        backend=Backend.CONDA,
    )
    named = msgspec.structs.replace(
        made,
        name=f"{published.consumer}-{version}",
        description=published.description,
        weights_formats=published.weights_formats,
        consumers=(published.consumer,),
    )
    return msgspec.structs.replace(named, folder=store.entry_folder(named.ref(Backend.CONDA)))


def _declaration(published: Published, version: str) -> Declaration:
    url = published.environment.replace(_VERSION, version)
    try:
        declaration = read(CONDA, _fetched(url, once=True), shown=url).declaration
    except RefusedError as refused:
        raise NotAvailableError(refused.message) from refused
    kept = tuple(text for text in declaration.conda if match_spec.name_of(text) not in published.leave_out)
    return msgspec.structs.replace(declaration, conda=kept)


def _fetched(url: str, *, once: bool = False) -> bytes:
    """What the URL gives, or gave when it was last asked.

    Args:
        once: whether it need not be asked again.
    """
    kept = cache_folder_for("published") / hashlib.sha256(url.encode()).hexdigest()
    if once and kept.exists():
        return kept.read_bytes()
    try:
        content = fetch.download(url).read_bytes()
    except ModelFault as fault:
        if kept.exists():
            return kept.read_bytes()
        raise NotAvailableError(fault.message) from fault
    jsonio.write_bytes(kept, content)
    return content
