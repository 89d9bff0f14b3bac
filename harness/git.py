"""The only way in which git is started.

How a repository is reached (addresses, proxies, who may) is for the user to configure. What git finds, writes
and says is not: no setting changes it, and no program of somebody else is started.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from harness import proc
from harness.errors import UsageError
from harness.limits import Limits

_PASSED = (
    *("HOME", "PATH", "SYSTEMROOT", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
)
_VARIABLES = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",  # fail where a password is wanted
    "GIT_OPTIONAL_LOCKS": "0",  # who only asks writes nothing
}
_SETTINGS = {
    # Files are the bytes that they are, and all of them count.
    "core.autocrlf": "false",
    "core.symlinks": "false",
    "core.excludesFile": os.devnull,
    "core.attributesFile": os.devnull,
    "status.showUntrackedFiles": "normal",
    # Paths are told from the top.
    "diff.relative": "false",
    "diff.orderFile": os.devnull,
    # What is asked for is all that happens.
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "commit.gpgSign": "false",
    "push.gpgSign": "false",
    "push.followTags": "false",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "advice.detachedHead": "false",
}


class Done(NamedTuple):
    """What became of a command: its exit code, None if it was ended, and all that it printed."""

    code: int | None
    output: bytes


def git(
    folder: Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    seconds: float,
    log_bytes: int | None = None,
) -> Done:
    """Run a command of git in a folder.

    Args:
        variables: further ones of its environment.
        seconds: of wall time that it may take.
        log_bytes: how much of its output is kept; None for all.

    Raises:
        UsageError: git cannot be started.
    """
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with tempfile.TemporaryDirectory(prefix="harness-git-") as scratch:
        log = Path(scratch, "log")
        try:
            ended = proc.run(
                ["git", *settings, *arguments],
                log=log,
                env={**passed, **_VARIABLES, **(variables or {})},
                cwd=folder,
                limits=Limits(seconds=seconds, log_bytes=log_bytes),
            )
        except OSError as error:
            raise UsageError(
                f"{folder}: git cannot be started there ({error.strerror}); install it"
            ) from error
        return Done(ended.exit_code, log.read_bytes())
