"""``harness env versions``: which releases there are that environments with several versions do not have."""

from __future__ import annotations

import argparse

from harness.cli.env import chosen, say
from harness.errors import ConfigurationError, ExitCode


def versions(args: argparse.Namespace) -> ExitCode:
    """Say what is new, and with ``--add`` write it into ``environment.toml``; locks are another step."""
    from packaging.version import Version

    from harness.environments import releases
    from harness.environments.failure import EnvironmentBuildError
    from harness.paths import cache_folder

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
        if new and args.add:
            releases.add(spec, newest)
            print(f"{spec.folder.name}: added; next: harness env lock {spec.folder.name}")  # noqa: T201
    return code
