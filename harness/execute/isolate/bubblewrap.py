"""Level *sandbox*: bubblewrap with a filter of system calls, in one of two compositions.

As an ordinary user, bubblewrap makes a user namespace, in which the worker has no rights at all. As root it
must not: there the worker would be root for the kernel. So root makes everything else, and before the worker
starts ``setpriv`` gives up all rights for a user id that nobody has.
"""

from __future__ import annotations

import copy
import itertools
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from harness.errors import IsolationError
from harness.execute.isolate import seccomp, system
from harness.execute.isolate.level import PROCESSES, Command, Level, Mount, no_images
from harness.execute.isolate.open_folder import open_to_everybody
from harness.gpu import shown
from harness.gpu.gpu import Gpu
from harness.limits import DEFAULTS, Limits
from harness.proc import Finished

_NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
_RIGHTS_TO_GIVE_UP_RIGHTS = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
# As root, bubblewrap covers folders of /proc that only root can write to. Nobody may mount a /proc of their
# own where a part of it is covered.
_UNCOVER = 'for folder in sys sysrq-trigger irq bus; do umount /proc/$folder; done 2>/dev/null; exec "$@"'
# Of the ids that systemd.io/UIDS-GIDS calls unused: one for each worker, so that the system's limit on
# processes, which counts by user, is each worker's own.
UIDS = range(60706, 61184)
_uids = itertools.count(os.getpid())  # another harness begins elsewhere
_INNER_UID = 65534  # what an ordinary user's id looks like inside


class _SandboxCommand(Command, frozen=True, kw_only=True):
    def explain(self, finished: Finished) -> Finished:
        """For bubblewrap, the end by a signal is an exit code, as it is for a shell."""
        number = (finished.exit_code or 0) - 128
        if finished.limit is not None or number not in set(signal.Signals):
            return finished
        name = signal.Signals(number).name
        return msgspec.structs.replace(finished, exit_code=None, signal=name, limit=_LIMITS_OF.get(name))


_LIMITS_OF = {"SIGXFSZ": "file_bytes", "SIGXCPU": "cpu_seconds"}  # nothing else sends these


class Bubblewrap:
    """The sandbox as it can be had here; :func:`harness.execute.isolate.requirements.sandbox` finds it.

    What a worker leaves in its writable mounts is on the machine as it left it: links, FIFOs, sockets, and
    files that nobody may read. As root they belong to its own user id.

    Args:
        program: bubblewrap.
        helpers: folder of ``setpriv`` and ``prlimit``, here and inside.
        root: whether the harness has the rights of root.
        warm: for a fork server, whose children make namespaces of their own: they must set the strict filter
            and RLIMIT_NPROC themselves before a model's code runs.
        processes: how many processes and threads a worker may have (RLIMIT_NPROC; Linux 5.14 or newer).
        temporary_bytes: size of /tmp and of /dev/shm, each; they are memory.
    """

    level = Level.SANDBOX

    def __init__(
        self,
        *,
        program: Path,
        helpers: Path,
        root: bool,
        warm: bool = False,
        processes: int = PROCESSES,
        temporary_bytes: int = 2**30,
    ) -> None:
        self.description = f"sandbox (bubblewrap as {'root' if root else 'an ordinary user'})"
        self.program = program
        self.helpers = helpers
        self._root = root
        self._warm = warm
        self._processes = processes
        self._temporary_bytes = temporary_bytes
        self._devices: tuple[Path, ...] = ()
        self._libraries: tuple[Path, ...] = ()

    def in_image(self, image: str) -> Bubblewrap:
        """Not to be had."""
        raise no_images(self.level, image)

    def with_gpu(self, gpu: Gpu) -> Bubblewrap:
        """The same with the device files of this GPU, and the driver's libraries."""
        found = copy.copy(self)
        found._devices, found._libraries = shown.device_nodes(gpu), shown.driver_libraries()
        return found

    def for_fork_server(self) -> Bubblewrap:
        """The same for a fork server, see ``warm``."""
        found = copy.copy(self)
        found._warm = True
        return found

    def path(self, mount: Mount) -> str:
        """Its target."""
        return mount.target

    def hand_over(self, folder: Path) -> None:
        """Let workers read and write a folder and what is in it, before any of them has seen it.

        So can everybody else: a folder above it must keep other users of the machine out.
        """
        if self._root:
            open_to_everybody(folder)

    @contextmanager
    def command(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        mounts: Sequence[Mount],
        cwd: str,
        limits: Limits = DEFAULTS,  # noqa: ARG002  harness.proc holds them
        fds: Sequence[int] = (),
    ) -> Iterator[Command]:
        """See :class:`~harness.execute.isolate.level.Confinement`.

        The options are in a file of memory, so that nobody inside can read them, and the variables with
        them, so that bubblewrap itself has none.

        Raises:
            IsolationError: a mount is closed to the worker's user id.
        """
        if self._root:
            _must_be_open(mounts)
        uid = UIDS[next(_uids) % len(UIDS)] if self._root else _INNER_UID
        options = self.options(uid, mounts)
        for name, value in env.items():
            options += ["--setenv", name, value]
        options += ["--chdir", cwd]
        with ExitStack() as open_files:
            own: list[int] = []

            def in_memory(content: bytes) -> str:
                descriptor = _in_memory(content)
                open_files.callback(os.close, descriptor)
                own.append(descriptor)
                return str(descriptor)

            for name, content in system.files(uid, uid).items():
                options += ["--perms", "0444", "--file", in_memory(content), name]
            options += ["--remount-ro", "/", "--seccomp", in_memory(self.filter())]
            arguments = in_memory("\0".join(options).encode() + b"\0")
            yield _SandboxCommand(
                argv=(str(self.program), "--args", arguments, "--", *self.before(uid), *argv),
                env={},
                cwd=Path("/"),
                fds=(*own, *fds),
            )

    def options(self, uid: int, mounts: Sequence[Mount]) -> list[str]:
        """Namespaces and files; the root is still writable."""
        if self._root:
            rights = ["--cap-drop", "ALL"]
            for right in (*_RIGHTS_TO_GIVE_UP_RIGHTS, *(["CAP_SYS_ADMIN"] if self._warm else [])):
                rights += ["--cap-add", right]
        else:
            rights = ["--unshare-user", "--uid", str(uid), "--gid", str(uid), "--cap-drop", "ALL"]
            rights += [] if self._warm else ["--disable-userns"]
        options = [*_NAMESPACES, *rights, "--die-with-parent", "--new-session", "--hostname", "sandbox"]
        options += [*system.binds(), "--proc", "/proc", "--dev", "/dev"]
        for folder in ("/dev/shm", "/tmp"):  # noqa: S108  the sandbox's own
            options += ["--perms", "1777", "--size", str(self._temporary_bytes), "--tmpfs", folder]
        made = {"/dev", "/etc", "/proc", "/tmp", "/usr"}  # noqa: S108
        for device in self._devices:
            options += [*system.parents(str(device), made), "--dev-bind", str(device), str(device)]
        options += ["--remount-ro", "/dev"]
        for library in self._libraries:
            options += [*system.parents(str(library), made), "--ro-bind", str(library), str(library)]
        for mount in mounts:
            bind = "--bind" if mount.writable else "--ro-bind"
            options += [*system.parents(mount.target, made), bind, str(mount.source), mount.target]
        return options

    def filter(self) -> bytes:
        """The filter of system calls."""
        return seccomp.program(seccomp.Variant.WARM if self._warm else seccomp.Variant.STRICT)

    def before(self, uid: int) -> list[str]:
        """What gives up rights inside, in front of the worker's command."""
        command: list[str] = []
        if not self._warm:
            number = self._processes
            command += [str(self.helpers / "prlimit"), f"--nproc={number}:{number}", "--"]
        if self._root:
            command += ["/bin/sh", "-c", _UNCOVER, "sh"] if self._warm else []
            command += [str(self.helpers / "setpriv"), f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
            command += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"]
        return command


def _must_be_open(mounts: Sequence[Mount]) -> None:
    for source in (mount.source for mount in mounts if not mount.writable):
        needed = 0o005 if source.is_dir() else 0o004
        if source.stat().st_mode & needed != needed:
            raise IsolationError(
                f"{source} is closed to the user id that a sandbox runs with; run `chmod -R o+rX {source}`"
            )


def _in_memory(content: bytes) -> int:
    """A descriptor to read the content from."""
    descriptor = os.memfd_create("harness")
    with open(descriptor, "wb", closefd=False) as stream:
        stream.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
