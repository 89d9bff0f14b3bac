"""``python -m harness``, and the entry point of the command ``harness``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from harness.cli import run_command_line  # noqa: PLC0415  the cheapest start is no import at all

    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
