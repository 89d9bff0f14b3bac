"""Stands in for micromamba, of which no copy can be had without conda's own channels.

It understands what the harness says to micromamba, mamba and conda (``create`` with these options and no
others), and does it with py-rattler. Started as ``python stand_in.py RATTLER_PROGRAM create ...``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

UNSATISFIABLE = (
    "error    libmamba Could not solve for environment specs\n{}\ncritical libmamba Could not solve\n"
)


def main() -> int:
    """Create an environment; the exit code is 1 if that fails."""
    rattler_program, command, *options = sys.argv[1:]
    assert command == "create"
    parser = argparse.ArgumentParser()
    for flag in ("--yes", "--quiet", "--offline", "--override-channels", "--strict-channel-priority"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--channel", action="append", default=[])
    parser.add_argument("--file", type=Path)
    parser.add_argument("specs", nargs="*")
    args = parser.parse_args(options)
    assert args.yes, "otherwise it would ask"
    assert args.file or (args.override_channels and args.strict_channel_priority and args.specs)
    job = {
        "channels": dict.fromkeys(args.channel),
        "specs": args.specs,
        "preferred": [],
        "packages": _explicit(args.file) if args.file else [],
        "prefix": args.prefix,
        "cache": os.environ["CONDA_PKGS_DIRS"],
        "platform": "linux-64",
        "virtual_packages": None,
        "offline": args.offline,
    }
    with tempfile.TemporaryDirectory() as scratch:
        asked, told = Path(scratch, "job.json"), Path(scratch, "reply.json")
        asked.write_text(json.dumps(job), "utf-8")
        subprocess.run([sys.executable, "-I", rattler_program, asked, told], check=True)
        reply = json.loads(told.read_bytes())
    if "unsatisfiable" in reply:
        sys.stderr.write(UNSATISFIABLE.format(reply["unsatisfiable"]))
    return int("packages" not in reply)


def _explicit(file: Path) -> list[dict[str, str]]:
    first, *lines = file.read_text("utf-8").splitlines()
    assert first == "@EXPLICIT"
    found = []
    for line in lines:
        address, _, sha256 = line.partition("#sha256:")
        channel, subdir, name = address.rsplit("/", 2)
        assert "://" in channel
        if "CONDA_STAND_IN_IS_OLD" in os.environ:  # old versions do not look at this kind of hash
            package = Path(channel.removeprefix("file://"), subdir, name)
            sha256 = hashlib.sha256(package.read_bytes()).hexdigest()
        found.append({"channel": channel, "path": f"{subdir}/{name}", "sha256": sha256})
    return found


if __name__ == "__main__":
    sys.exit(main())
