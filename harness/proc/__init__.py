"""The only place that starts a process: limits on it and on all that it starts, a captured log, nothing left.

    harness ── supervisor ── command ── whatever it starts

The supervisor (:mod:`harness.worker.supervisor`) inherits every orphan of the command, so nothing can slip
away, and ends everything when the harness is gone. The harness (:mod:`harness.proc.command`) copies the
output, holds what the processes use against the limits, and ends everything itself should the command kill
its supervisor.
"""

from harness.proc.command import Finished, run, supervise
from harness.proc.log import tail

__all__ = ["Finished", "run", "supervise", "tail"]
