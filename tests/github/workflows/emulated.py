"""The few actions of others that the workflows use, as far as they matter on one machine."""

from __future__ import annotations

import fnmatch
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Where an action runs, and what outlives its job.

    Attributes:
        workspace: the job's working folder.
        home: what ``~`` means.
        repositories: clones by OWNER/NAME.
        repository: of the workflow.
        sha: of the event.
        artifacts: archives of this run; one folder each run.
        caches: one folder each key.
        pages: where the site is served from.
    """

    workspace: Path
    home: Path
    repositories: Mapping[str, Path]
    repository: str
    sha: str
    artifacts: Path
    caches: Path
    pages: Path


class ActionFailed(Exception):  # noqa: N818  what GitHub calls it
    """The action ended red; the message says why."""


Outputs = dict[str, str]
Action = Callable[[Place, Mapping[str, str]], Outputs]


def _checkout(place: Place, given: Mapping[str, str]) -> Outputs:
    """As the real one: the commit alone, unless the whole history is asked for; no credentials are kept."""
    target = place.workspace / given.get("path", ".")
    target.mkdir(parents=True, exist_ok=True)
    source = place.repositories[given.get("repository") or place.repository]
    depth = [] if given.get("fetch-depth") == "0" else ["--depth=1"]
    wanted = given.get("ref") or place.sha
    _git(target, "init", "--quiet")
    _git(target, "remote", "add", "origin", source.as_uri())
    _git(target, "fetch", "--quiet", *depth, "origin", "+refs/heads/*:refs/remotes/origin/*")
    _git(target, "fetch", "--quiet", *depth, "origin", wanted)
    _git(target, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    return {}


def _git(folder: Path, *arguments: str) -> None:
    ended = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=_git_variables(),
    )
    if ended.returncode:
        raise ActionFailed(f"git {arguments[0]}: {ended.stderr.strip()}")


def _git_variables() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def _upload(place: Place, given: Mapping[str, str]) -> Outputs:
    """A zip of what the paths hold, named relative to the deepest folder that all of them are in."""
    paths = [place.workspace / path for path in given["path"].split()]
    root = paths[0] if len(paths) == 1 else Path(os.path.commonpath(paths))
    files = [file for path in paths for file in sorted(path.rglob("*")) if file.is_file()]
    if not files and given.get("if-no-files-found") == "error":
        raise ActionFailed(f"no files were found with the provided path: {given['path']}")
    archive = place.artifacts / f"{given['name']}.zip"
    if archive.exists():
        raise ActionFailed(f"an artifact with this name already exists: {given['name']}")
    place.artifacts.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writing:
        for file in files:
            writing.write(file, file.relative_to(root))
    return {}


def _download(place: Place, given: Mapping[str, str]) -> Outputs:
    """One by its name into the folder, or those of a pattern each into a folder of its own."""
    target = place.workspace / given.get("path", ".")
    if "name" in given:
        archive = place.artifacts / f"{given['name']}.zip"
        if not archive.exists():
            raise ActionFailed(f"artifact not found for name: {given['name']}")
        _unzip(archive, target)
        return {}
    for archive in sorted(place.artifacts.glob("*.zip")):
        if fnmatch.fnmatch(archive.stem, given["pattern"]):
            _unzip(archive, target / archive.stem)
    return {}


def _unzip(archive: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as reading:
        reading.extractall(target)


def _restore(place: Place, given: Mapping[str, str]) -> Outputs:
    """By its key, or else by the beginning of one."""
    beginnings = given.get("restore-keys", "").split()
    kept = sorted(each.name for each in place.caches.glob("*"))
    found = given["key"] if given["key"] in kept else None
    found = found or next((key for begin in beginnings for key in kept if key.startswith(begin)), None)
    if found:
        shutil.copytree(place.caches / found, _at_home(place, given), symlinks=True, dirs_exist_ok=True)
    return {"cache-hit": "true" if found == given["key"] else "false"}


def _keep(place: Place, given: Mapping[str, str]) -> Outputs:
    """What is missing is kept when the job has ended well."""
    kept, path = place.caches / given["key"], _at_home(place, given)
    if path.is_dir() and not kept.exists():
        shutil.copytree(path, kept, symlinks=True)
    return {}


def _at_home(place: Place, given: Mapping[str, str]) -> Path:
    return place.home / given["path"].removeprefix("~/")


def _upload_pages(place: Place, given: Mapping[str, str]) -> Outputs:
    return _upload(place, {"name": given["name"], "path": given["path"], "if-no-files-found": "error"})


def _deploy_pages(place: Place, given: Mapping[str, str]) -> Outputs:
    shutil.rmtree(place.pages, ignore_errors=True)
    _unzip(place.artifacts / f"{given['artifact_name']}.zip", place.pages)
    return {"page_url": place.pages.as_uri()}


def _attest(place: Place, given: Mapping[str, str]) -> Outputs:
    if not list(place.workspace.glob(given["subject-path"])):
        raise ActionFailed(f"could not find subject at path {given['subject-path']}")
    return {}


def _nothing(place: Place, given: Mapping[str, str]) -> Outputs:
    return {}


ACTIONS: Mapping[str, Action] = {
    "actions/attest": _attest,
    "actions/cache": _restore,
    "actions/cache/restore": _restore,
    "actions/checkout": _checkout,
    "actions/deploy-pages": _deploy_pages,
    "actions/download-artifact": _download,
    "actions/setup-python": _nothing,  # this one runs the tests
    "actions/upload-artifact": _upload,
    "actions/upload-pages-artifact": _upload_pages,
}
AFTERWARDS: Mapping[str, Action] = {"actions/cache": _keep}
