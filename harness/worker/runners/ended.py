"""How a runner that has a tool's own process ends once that process has ended without an answer."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


def end_like(code: int) -> NoReturn:
    """End this worker as the tool has ended, which is evidence that the harness knows how to read.

    Args:
        code: as ``subprocess`` has it: the exit code, or below zero the number of a signal.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
