"""Start one worker on one job and come back with evidence, whatever happens to it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness import jsonio, proc
from harness.execute.conclude.evidence import Evidence, read_reply
from harness.execute.conclude.tasks import Task
from harness.execute.stage import WORKER_PACKAGE
from harness.limits import Limits
from harness.worker import protocol

# sys.path[0] would be the current folder, in which a model may have put a file called numpy.py.
_BOOTSTRAP = (
    "import sys; sys.path[0] = sys.argv[1]; "
    f"from {WORKER_PACKAGE}.main import main; sys.exit(main(sys.argv[2]))"
)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told; see ``harness.worker`` for the fields."""

    protocol: int = protocol.VERSION
    runner: str
    description: str
    weights_format: str
    device: str
    threads: int
    reply: str
    tasks: tuple[Task, ...]


def launch(
    job: Job,
    *,
    python: Path,
    worker: Path,
    variables: Mapping[str, str],
    scratch: Path,
    log: Path,
    limits: Limits,
    cancel: threading.Event,
) -> Evidence:
    """Run the job in a fresh process of the environment's interpreter.

    Args:
        worker: the folder that holds the staged worker.
        variables: the whole environment of the process; home and temporary folder are added.
        scratch: a folder of its own, the working directory.
        limits: of the worker and all that it starts; ``disk_bytes`` is held against ``scratch``.

    Raises:
        OSError: the interpreter cannot be started.
        Interrupted: ``cancel`` was set.
    """
    job_path = scratch / "job.json"
    job_path.write_bytes(jsonio.dumps(job))  # plain: a full scratch disk must not look like a full --output
    private = {name: scratch / folder for name, folder in _PRIVATE_FOLDERS.items()}
    for folder in set(private.values()):
        folder.mkdir(exist_ok=True)
    finished = proc.run(
        [str(python), "-s", "-B", "-c", _BOOTSTRAP, str(worker), str(job_path)],
        log=log,
        env={**variables, **{name: str(folder) for name, folder in private.items()}},
        cwd=scratch,
        limits=limits,
        folders=(scratch,),
        cancel=cancel,
    )
    events, malformed = read_reply(Path(job.reply))
    return Evidence(finished=finished, events=events, malformed=malformed, log_tail=proc.tail(log))


_PRIVATE_FOLDERS = {
    "HOME": "home",
    "XDG_CACHE_HOME": "home",
    "BIOIMAGEIO_CACHE_PATH": "home",
    "TMPDIR": "tmp",
}
