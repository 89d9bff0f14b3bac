"""The image of a container: empty but for links and three files, since the machine's own system is shown.

An environment belongs to the machine that it was built on: its interpreter is that of the machine, linked
with the libraries of the machine. So a container needs these, and no other copy of them: with the C library
of a public image a newer interpreter does not start, and another mathematics library gives other last digits
than at the other levels of isolation. What is left for the image is made here in an instant, without a
registry. (A minimal Debian with Python takes 35 s to make, has 150 MB, and would be hidden by /usr of the
machine.)
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from harness.errors import IsolationError
from harness.execute.isolate import system
from harness.execute.isolate.container_engine import Engine
from harness.execute.isolate.level import Mount
from harness.execute.isolate.system import FOLDERS
from harness.execute.scratch import scratch_folder

NAME = "bioimage-harness"
_SHOWN = ("/usr", "/etc/alternatives", "/etc/ld.so.cache")


def system_mounts() -> tuple[Mount, ...]:
    """The machine's programs and libraries, read-only."""
    folders = [f"/{name}" for name in FOLDERS if not Path("/", name).is_symlink()]
    present = (path for path in (*_SHOWN, *folders) if Path(path).exists())
    return tuple(Mount(source=Path(path), target=path) for path in present)


def own_image(engine: Engine, *, uid: int, gid: int) -> str:
    """The name of the empty image on this engine; it is made if it is not there.

    Raises:
        IsolationError: it cannot be made.
    """
    content = _archive(uid, gid)
    name = f"{NAME}:{hashlib.sha256(content).hexdigest()[:16]}"
    if engine.call("image", "inspect", name).ok:
        return name
    with scratch_folder() as folder:
        archive = folder / "image.tar"
        archive.write_bytes(content)
        answer = engine.call("import", str(archive), name)
    if not answer.ok:
        raise IsolationError(f"no container: the image {name} cannot be made: {answer.error()}")
    return name


def named_image(engine: Engine, name: str) -> str:
    """An image that the user wants, whose system is shown in place of the machine's.

    Raises:
        IsolationError: the engine does not have it.
    """
    if not engine.call("image", "inspect", name).ok:
        raise IsolationError(
            f"no container: HARNESS_CONTAINER_IMAGE names the image {name}, which is not on this machine:"
            f" run 'docker pull {name}', or unset the variable to use the system of this machine"
        )
    return name


def _archive(uid: int, gid: int) -> bytes:
    """The same bytes for the same machine and user."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in FOLDERS:
            folder = Path("/", name)
            if folder.is_symlink():
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, str(folder.readlink())
                archive.addfile(link)
        for path, content in system.files(uid, gid).items():
            file = tarfile.TarInfo(path.lstrip("/"))
            file.size, file.mode = len(content), 0o444
            archive.addfile(file, io.BytesIO(content))
    return buffer.getvalue()
