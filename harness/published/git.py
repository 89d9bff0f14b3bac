"""Git, as far as one branch of a remote repository needs it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import msgspec

from harness.errors import ConfigurationError, RemoteError, UsageError
from harness.git import git
from harness.plain_text import one_line

_SECONDS, _LOG_BYTES = 900.0, 8 * 1024**2
_WHO = "bioimage-harness"
_SIGNED = {
    "GIT_AUTHOR_NAME": _WHO,
    "GIT_AUTHOR_EMAIL": f"{_WHO}@users.noreply.github.com",
    "GIT_COMMITTER_NAME": _WHO,
    "GIT_COMMITTER_EMAIL": f"{_WHO}@users.noreply.github.com",
}
# How a push is refused where the branch has moved on meanwhile, by git here or there.
_OLD = (
    *("fetch first", "non-fast-forward", "stale info"),
    *("failed to update ref", "cannot lock ref", "old value", "already exists"),
)
_MESSAGE = re.compile(r"^(?:remote: (?:error: )?|fatal: |error: )(?P<said>\S.*)$", re.MULTILINE)
_PASSWORD = re.compile(r"//[^/@\s]+@")


class Pushed(Enum):
    """What became of a push."""

    TAKEN = "taken"
    TOO_LATE = "somebody else was faster"


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """A branch of a repository.

    Attributes:
        name: what the user calls the repository.
        url: where it is: an address, or a folder.
        branch: its name, without ``refs/heads/``.
        variables: what git needs to be let in, as environment variables.
    """

    name: str
    url: str
    branch: str
    variables: Mapping[str, str] = {}

    @property
    def ref(self) -> str:
        """The branch's full name."""
        return f"refs/heads/{self.branch}"

    def __str__(self) -> str:
        """As sentences begin with it."""
        return f"{self.name}, branch {self.branch}"


def find_remote(folder: Path, name: str, branch: str, environ: Mapping[str, str]) -> Remote:
    """The branch of a repository that the checkout in ``folder`` calls ``name``, or that is at this address.

    Args:
        environ: where GITHUB_TOKEN may be, which is for GITHUB_SERVER_URL alone.

    Raises:
        UsageError: there is no such repository, or the branch has a name that cannot be.
    """
    if _git(folder, "check-ref-format", "--branch", branch)[0] != 0 or branch.startswith("-"):
        raise UsageError(f"--branch {branch}: is no name of a branch")
    code, url = _git(folder, "config", "--get", f"remote.{name}.url")
    if code != 0 and (name.startswith("-") or not ("://" in name or Path(name).is_dir())):
        raise UsageError(f"--remote {name}: this checkout has no such remote, and it is no address or folder")
    found = url.strip() if code == 0 else name
    if "://" not in found and Path(folder, found).is_dir():
        found = str(Path(folder, found).resolve())
    return Remote(name=name, url=found, branch=branch, variables=_credentials(found, environ))


class WorkTree:
    """A clone of one branch in a folder, without its history."""

    def __init__(self, folder: Path, remote: Remote) -> None:
        self._folder = folder
        self._remote = remote
        self._must("init", "--quiet")
        attributes = folder / ".git" / "info" / "attributes"  # wins over those that the branch may have
        attributes.parent.mkdir(exist_ok=True)
        attributes.write_text("* -text -filter -ident -working-tree-encoding\n")

    def fetch(self) -> bool:
        """Make the folder what the branch is now; without a branch empty. Returns whether there is one.

        Raises:
            RemoteError: the repository cannot be reached.
        """
        code, said = self._git("ls-remote", self._remote.url, self._remote.ref)
        if code != 0:
            raise RemoteError(f"{self._remote}: cannot be reached: {_sentence(said)}; try again later")
        if re.search(rf"^[0-9a-f]+\t{re.escape(self._remote.ref)}$", said, re.MULTILINE) is None:
            self._must("checkout", "--quiet", "--force", "--orphan", "new")
            self._must("rm", "-r", "--quiet", "--force", "--ignore-unmatch", ".")
            self._must("clean", "--quiet", "--force", "-d", "-x")
            return False
        one = ("--quiet", "--depth=1", "--no-tags")
        code, said = self._git("fetch", *one, self._remote.url, self._remote.ref)
        if code != 0:
            raise RemoteError(f"{self._remote}: cannot be fetched: {_sentence(said)}; try again later")
        self._must("checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
        self._must("clean", "--quiet", "--force", "-d", "-x")
        return True

    def is_as_fetched(self) -> bool:
        """Whether nothing in the folder was changed."""
        code, said = self._git("status", "--porcelain", "--ignored")
        return code == 0 and not said.strip()

    def commit(self, message: str) -> None:
        """Everything in the folder as a new commit."""
        self._must("add", "--all", "--force", ".")
        self._must("commit", "--quiet", "--no-verify", "--message", message)

    def push(self) -> Pushed:
        """Put the commit on top of the branch; never in place of another one.

        Raises:
            ConfigurationError: the repository does not let it.
            RemoteError: it cannot be reached.
        """
        code, said = self._git("push", "--porcelain", self._remote.url, f"HEAD:{self._remote.ref}")
        if code == 0:
            return Pushed.TAKEN
        status = next((line for line in said.splitlines() if line.startswith("!\t")), "")
        if any(reason in status for reason in _OLD):
            return Pushed.TOO_LATE
        if "rejected" in status:
            raise ConfigurationError(
                f"{self._remote}: the repository does not take it: {_sentence(said)}; let this user or "
                "workflow push to the branch, or name another one with --branch; nothing is lost"
            )
        raise RemoteError(f"{self._remote}: cannot be pushed to: {_sentence(said)}; publish again later")

    def _must(self, *arguments: str) -> None:
        code, said = self._git(*arguments)
        if code != 0:
            raise RemoteError(f"{self._folder}: git {arguments[0]} failed: {_sentence(said)}")

    def _git(self, *arguments: str) -> tuple[int | None, str]:
        return _git(self._folder, *arguments, variables=self._remote.variables)


def _credentials(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What lets a job of GitHub Actions in; in variables, since everybody can read arguments."""
    token, server = environ.get("GITHUB_TOKEN", ""), environ.get("GITHUB_SERVER_URL", "https://github.com")
    if not token or not url.startswith(f"{server}/"):
        return {}
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return _settings({f"http.{server}/.extraHeader": f"Authorization: Basic {basic}"})


def _settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings of git as variables."""
    numbered = [(f"GIT_CONFIG_KEY_{n}", f"GIT_CONFIG_VALUE_{n}") for n in range(len(settings))]
    pairs = zip(numbered, settings.items(), strict=True)
    return {
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{name: text for names, texts in pairs for name, text in zip(names, texts, strict=True)},
    }


def _git(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> tuple[int | None, str]:
    """Exit code, None if it was ended, and all that it says."""
    done = git(
        folder,
        *arguments,
        variables={**_SIGNED, **(variables or {})},
        seconds=_SECONDS,
        log_bytes=_LOG_BYTES,
    )
    return done.code, done.output.decode("utf-8", "replace")


def _sentence(said: str) -> str:
    """What is wrong, in git's words, without passwords."""
    found = [match["said"] for match in _MESSAGE.finditer(said)]
    last = found[0] if found else (said.strip().splitlines() or ["git says nothing"])[-1]
    return one_line(_PASSWORD.sub("//", last).strip()).rstrip(".")
