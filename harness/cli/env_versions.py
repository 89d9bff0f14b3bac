"""``harness env versions``: which releases there are that environments with several versions do not have."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli.env import chosen, lock_one, say
from harness.errors import ConfigurationError, ExitCode, UsageError

if TYPE_CHECKING:
    from harness.environments.spec import EnvironmentSpec


def versions(args: argparse.Namespace) -> ExitCode:
    """Say what is new, with ``--add`` write it into ``environment.toml``, and with ``--lock`` solve it."""
    from packaging.version import Version

    from harness.environments import releases
    from harness.environments.failure import EnvironmentBuildError
    from harness.paths import cache_folder

    if args.lock and not args.add:
        raise UsageError("--lock: is for what --add adds; give both")
    code = ExitCode.SATISFIED
    for spec in chosen(args):
        if not spec.version or spec.newer:  # the first of a folder speaks for all
            continue
        log = cache_folder() / "locks" / f"{spec.folder.name}-versions.log"
        try:
            newest = releases.newest(spec, log=log)
        except (ConfigurationError, EnvironmentBuildError) as error:
            say(f"{spec.folder.name}: {error}")
            code = ExitCode.FAILED
            continue
        new = Version(newest) > Version(spec.version)
        what = f"{newest} is new" if new else f"{spec.version} is the newest"
        print(f"{spec.folder.name}: {spec.versioned} {what}")  # noqa: T201
        if new and args.add and not _add(spec, newest, args):
            code = ExitCode.FAILED
    return code


def _add(spec: EnvironmentSpec, version: str, args: argparse.Namespace) -> bool:
    """Write the version into the folder; False if it cannot be added, or was to be locked and cannot be."""
    from harness import jsonio
    from harness.environments import releases
    from harness.environments.spec import load

    name, file = spec.folder.name, spec.folder / "environment.toml"
    before = file.read_bytes()
    try:
        releases.add(spec, version)
    except ConfigurationError as error:  # nothing was written
        say(f"{name}: {error}")
        return False
    if not args.lock:
        print(f"{name}: added; next: harness env lock {name}")  # noqa: T201
        return True
    locked = False
    try:
        locked = lock_one(load(spec.folder), args.backend)
    except ConfigurationError as error:
        say(f"{name}: {error}")
    finally:
        if not locked:
            jsonio.write_bytes(file, before)
    print(f"{name}: {version} {'added' if locked else 'taken out again: it has no lock'}")  # noqa: T201
    return locked
