"""Where workers come from: forked out of a warm process if that is possible, else started one by one."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harness import proc
from harness.environments import command_line
from harness.environments.built import BuiltEnvironment, run_variables
from harness.execute.isolate.environment import environment_mounts
from harness.execute.isolate.level import Command, Confinement, Level, Mount
from harness.execute.isolate.remove import remove
from harness.execute.isolate.run import run_confined
from harness.execute.stage import WORKER_PACKAGE
from harness.execute.warm.fork_server import ForkedCells, ForkServer, NotForkedError, ServerGoneError
from harness.execute.warm.separate import CELLS, separation
from harness.limits import Limits
from harness.proc import Finished
from harness.worker.runners import command

CELL = "/cell"
_WORKER = "/worker"
_TOOL = "/tool"
_STARTS = 3  # of a fork server that ends, before every cell gets a process of its own
# sys.path[0] would be the current folder, in which a model may have put a file called numpy.py.
_BOOTSTRAP = "import sys; sys.path[0] = sys.argv[1]; from {} import main; main(sys.argv[2:])"
_PRIVATE_FOLDERS = {
    "HOME": "home",
    "XDG_CACHE_HOME": "home",
    "BIOIMAGEIO_CACHE_PATH": "home",
    "TMPDIR": "tmp",
}


class Kind(NamedTuple):
    """Workers that one fork server can serve."""

    environment: str
    runner: str


class Workers:
    """All workers of a run. A context manager: no fork server is left afterwards.

    Args:
        confinement: the level of isolation.
        worker: folder with the staged worker.
        cells: folder of all folders of cells.
        threads: how many threads each may use.
        warm: whether to fork. Ignored where it is not possible.
        one_container_per_cell: whether no cells share a container: at that level nothing is forked then.
        say: is told where it turned out not to be possible.
    """

    def __init__(
        self,
        confinement: Confinement,
        *,
        worker: Path,
        cells: Path,
        threads: int,
        warm: bool,
        say: Callable[[str], None],
        one_container_per_cell: bool = False,
    ) -> None:
        self.level = confinement.level
        self._confinement = confinement
        self._worker = worker
        self._cells = cells
        self._threads = threads
        self._say = say
        alone = one_container_per_cell and confinement.level is Level.CONTAINER
        self._warm = warm and sys.platform == "linux" and not alone
        self._servers: dict[Kind, ForkServer] = {}
        self._starting: defaultdict[Kind, threading.Lock] = defaultdict(threading.Lock)
        self._failures: defaultdict[Kind, int] = defaultdict(int)
        self._removing = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all fork servers, and remove what cells have left."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()
        self._removing.shutdown()

    def start(self, kind: Kind, built: BuiltEnvironment, cancel: threading.Event) -> None:
        """Have a fork server ready before the first cell needs it.

        Raises:
            IsolationError: it cannot be confined.
            Interrupted: ``cancel`` was set.
        """
        self._server(kind, built, cancel)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A new folder for one cell, gone soon after the end."""
        folder = Path(tempfile.mkdtemp(dir=self._cells))
        folder.chmod(0o755)  # a worker may be another user; others are kept out further up
        try:
            yield folder
        finally:
            self._removing.submit(remove, folder)  # the system may take a while over what was a mount point

    def run(
        self,
        cell: Path,
        kind: Kind,
        built: BuiltEnvironment,
        *,
        log: Path,
        limits: Limits,
        cancel: threading.Event,
    ) -> Finished:
        """Let a worker do the job in ``cell / "job.json"``.

        Args:
            cell: in one of :meth:`folder`; the worker's working directory.
            limits: of the worker and all that it starts; ``disk_bytes`` is held against ``cell``.

        Raises:
            OSError: the interpreter cannot be started.
            IsolationError: the environment is an image, which does not run at this level.
            Interrupted: ``cancel`` was set.
        """
        for name in set(_PRIVATE_FOLDERS.values()):
            (cell / name).mkdir(exist_ok=True)
        self._confine(built).hand_over(cell)
        while (server := self._server(kind, built, cancel)) is not None:
            try:
                return proc.supervise(
                    {"worker": f"{self._inside(cell, built)}/job.json", **self._surroundings(cell, built)},
                    ForkedCells(server, self._separate(cell, built)),
                    log=log,
                    limits=limits,
                    folders=(cell,),
                    cancel=cancel,
                )
            except NotForkedError:  # no room for it now, which says nothing about the server
                break
            except ServerGoneError as error:
                self._give_up(kind, built.ref.name, server, error)
        return self._run_alone(cell, built, log=log, limits=limits, cancel=cancel)

    def _run_alone(
        self, cell: Path, built: BuiltEnvironment, *, log: Path, limits: Limits, cancel: threading.Event
    ) -> Finished:
        mounts = (*self._mounts(built), *_of_cell(cell))
        surroundings = self._surroundings(cell, built)
        argv = self._argv(built, f"{WORKER_PACKAGE}.main", f"{self._inside(cell, built)}/job.json")
        with self._confine(built).command(
            argv, env=surroundings["env"], mounts=mounts, cwd=surroundings["cwd"], limits=limits
        ) as command:
            return run_confined(command, log=log, limits=limits, folders=(cell,), cancel=cancel)

    def _server(self, kind: Kind, built: BuiltEnvironment, cancel: threading.Event) -> ForkServer | None:
        """The one that is there, or a new one; None if there will be none."""
        with self._starting[kind]:
            while self._warm and self._failures[kind] < _STARTS:
                server = self._servers.get(kind)
                if server is not None:
                    return server
                log = self._cells.parent / f"{kind.environment[:12]}-{kind.runner}.log"
                try:
                    self._servers[kind] = ForkServer(
                        lambda fd: self._serve(kind, built, fd), log=log, cancel=cancel
                    )
                except ServerGoneError as error:
                    self._failed(kind, built.ref.name, error)
            return None

    def _give_up(self, kind: Kind, name: str, server: ForkServer, error: ServerGoneError) -> None:
        """Forget a server that is gone, unless another cell has noticed before."""
        with self._starting[kind]:
            if self._servers.get(kind) is not server:
                return
            del self._servers[kind]
            self._failed(kind, name, error)
        server.close()

    def _failed(self, kind: Kind, name: str, error: ServerGoneError) -> None:
        self._failures[kind] += 1
        if self._failures[kind] == _STARTS:
            what = "container" if self.level is Level.CONTAINER else "process"
            self._say(f"{name}: a new {what} for each cell from here on, since {error}")

    def _serve(self, kind: Kind, built: BuiltEnvironment, descriptor: int) -> AbstractContextManager[Command]:
        nothing = self._cells / "nothing"
        nothing.mkdir(exist_ok=True)
        cells = Mount(source=self._cells, target=CELLS, writable=True)
        mounts = (*self._mounts(built), cells, Mount(source=nothing, target=CELL))
        confinement = self._confine(built)
        home = confinement.path(cells)
        variables = run_variables(built, threads=self._threads)
        return confinement.for_fork_server().command(
            self._argv(built, f"{WORKER_PACKAGE}.forkserver", str(descriptor), kind.runner),
            env={**variables, **dict.fromkeys(_PRIVATE_FOLDERS, f"{home}/nothing")},
            mounts=mounts,
            cwd=home,
            fds=(descriptor,),
        )

    def _confine(self, built: BuiltEnvironment) -> Confinement:
        return self._confinement if built.image is None else self._confinement.in_image(built.image)

    def _argv(self, built: BuiltEnvironment, module: str, *arguments: str) -> Sequence[str]:
        worker = self._confine(built).path(_of_worker(self._worker))
        return (str(built.python), "-s", "-B", "-c", _BOOTSTRAP.format(module), worker, *arguments)

    def _mounts(self, built: BuiltEnvironment) -> Sequence[Mount]:
        """What every worker of the environment sees, at its own place but for the worker's code."""
        environment = () if built.image else environment_mounts(built.python)
        return (*environment, _of_worker(self._worker), *_of_tool(built))

    def _inside(self, cell: Path, built: BuiltEnvironment) -> str:
        """Where the worker finds its cell."""
        return self._confine(built).path(_of_cell(cell)[0])

    def _surroundings(self, cell: Path, built: BuiltEnvironment) -> dict[str, Any]:
        inside = self._inside(cell, built)
        private = {name: f"{inside}/{folder}" for name, folder in _PRIVATE_FOLDERS.items()}
        for mount in _of_tool(built):
            private[command.FOLDER] = self._confine(built).path(mount)
        return {"env": {**run_variables(built, threads=self._threads), **private}, "cwd": inside}

    def _separate(self, cell: Path, built: BuiltEnvironment) -> Mapping[str, Any] | None:
        """What a forked worker does to be alone; the files of other cells vanish below an empty folder."""
        if self.level is Level.PROCESS:
            return None
        folder = f"{CELLS}/{cell.relative_to(self._cells).as_posix()}"
        return separation(_of_cell(cell), folder=folder, shown=self._mounts(built))


def _of_worker(worker: Path) -> Mount:
    return Mount(source=worker, target=_WORKER)


def _of_tool(built: BuiltEnvironment) -> Sequence[Mount]:
    """The folder of a command that lives on this machine."""
    folder = command_line.folder(built.variables)
    return (Mount(source=folder, target=_TOOL),) if folder else ()


def _of_cell(cell: Path) -> Sequence[Mount]:
    """The folder, and in it what the harness laid there, which the worker must not change."""
    return (
        Mount(source=cell, target=CELL, writable=True),
        Mount(source=cell / "model", target=f"{CELL}/model"),
        Mount(source=cell / "inputs", target=f"{CELL}/inputs"),
    )
