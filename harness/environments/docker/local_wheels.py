"""Wheels on this machine, in folders or in indexes of files, which a build in a container cannot see."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlparse

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version


def local_path(address: str) -> Path | None:
    """The folder or file of an address such as ``file:///wheels`` or ``/wheels``; None for another one."""
    parsed = urlparse(address)
    if parsed.scheme not in {"", "file"}:
        return None
    return Path(unquote(parsed.path))


def in_links(places: Iterable[Path], pins: Mapping[str, str], *, python: str) -> Iterator[Path]:
    """What is pinned among find-links: wheels, and folders of wheels."""
    for place in places:
        files = [place] if place.suffix == ".whl" else sorted(place.glob("*.whl"))
        yield from (file for file in files if _is_wanted(file.name, pins, python))


def in_indexes(folders: Iterable[Path], pins: Mapping[str, str], *, python: str) -> Iterator[Path]:
    """What is pinned in indexes of files: for each package a folder with a page of links."""
    for folder in folders:
        for name in pins:
            page = folder / canonicalize_name(name) / "index.html"
            if not page.is_file():
                continue
            links = _Links()
            links.feed(page.read_text("utf-8", errors="replace"))
            for link in links.found:
                file = local_path(urljoin(page.as_uri(), link).partition("#")[0])
                if file is not None and file.is_file() and _is_wanted(file.name, pins, python):
                    yield file


class _Links(HTMLParser):
    """The addresses that a page leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the address of a link."""
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _is_wanted(file: str, pins: Mapping[str, str], python: str) -> bool:
    """Whether the wheel is a pinned version and can be installed. Only an index decides on local labels."""
    try:
        name, version, _, tags = parse_wheel_filename(file)
        pinned = Version(pins[name])
    except (InvalidWheelFilename, InvalidVersion, KeyError):
        return False
    same = _public(version) == _public(pinned) and pinned.local in {None, version.local}
    return same and any(_fits(tag, python) for tag in tags)


def _public(version: Version) -> Version:
    """Without its local label."""
    return Version(version.public)


def _fits(tag: Tag, python: str) -> bool:
    here = tag.platform == "any" or ("linux" in tag.platform and tag.platform.endswith(platform.machine()))
    mine = tag.interpreter == "cp" + python.replace(".", "") or tag.abi == "abi3"
    return here and (mine or tag.interpreter.startswith("py"))
