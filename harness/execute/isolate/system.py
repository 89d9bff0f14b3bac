"""The minimal system that a sandbox shows: programs and libraries, read-only, and three files of its own."""

from __future__ import annotations

from pathlib import Path

FOLDERS = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")  # links into /usr on most machines
_AS_THEY_ARE = (
    "/etc/alternatives",  # some libraries in /usr are links through it
    "/etc/ld.so.cache",
    "/sys/devices/system/cpu",  # what frameworks ask to choose their code
    "/sys/devices/system/node",
)


def binds() -> list[str]:
    """Options of bubblewrap that show the system of this machine."""
    options = ["--ro-bind", "/usr", "/usr"]
    for name in FOLDERS:
        folder = Path("/", name)
        if folder.is_symlink():
            options += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            options += ["--ro-bind", str(folder), str(folder)]
    made: set[str] = set()
    for name in _AS_THEY_ARE:
        if Path(name).exists():
            options += [*parents(name, made), "--ro-bind", name, name]
    return options


def parents(target: str, made: set[str]) -> list[str]:
    """Options that make the folders above a target so that everybody can pass; ``made`` are there already."""
    options: list[str] = []
    for folder in reversed(Path(target).parents):
        if str(folder) not in {"/", *made}:
            made.add(str(folder))
            options += ["--perms", "0755", "--dir", str(folder)]
    return options


def files(uid: int, gid: int) -> dict[str, bytes]:
    """What some code looks up: its own name and that of the loopback interface."""
    return {
        "/etc/passwd": f"worker:x:{uid}:{gid}::/nonexistent:/usr/sbin/nologin\n".encode(),
        "/etc/group": f"worker:x:{gid}:\n".encode(),
        "/etc/hosts": b"127.0.0.1 localhost sandbox\n::1 localhost\n",
    }
