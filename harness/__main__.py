"""``python -m harness``, and the entry point of the command ``harness``."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from harness.cli import run_command_line  # noqa: PLC0415  the cheapest start is no import at all

    _stop_like_ctrl_c()
    sys.exit(run_command_line(sys.argv[1:]))


def _stop_like_ctrl_c() -> None:
    """A cancelled job and a closed terminal stop a command as Ctrl-C does, so that it tidies up."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores it
            signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    main()
