"""What can go wrong while conda packages are had: the right reason, the right words, and nothing left."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.cell import Backend
from harness.environments import store
from harness.environments.conda import locks, rattler_process
from harness.environments.conda.explicit import LockedPackage
from harness.environments.spec import EnvironmentSpec
from harness.errors import Interrupted
from harness.verdict import Reason
from tests.proc.commands import assert_gone

from .asking import ensure, refused
from .channel import LocalChannel
from .conftest import CondaMaker
from .server import Server, serving

ROOT = Path(__file__).parents[3]
LARGE = os.urandom(1 << 20)
ENSURE = """
import sys
from pathlib import Path
from harness.cell import Backend
from harness.environments import spec, store
def tell(line):
    print(line, flush=True)
built = store.ensure(spec.load(Path(sys.argv[1])), Backend.CONDA, on_progress=tell)
print("fresh" if built.fresh else "reused", built.prefix, flush=True)
"""


def _start(made: EnvironmentSpec) -> subprocess.Popen[str]:
    """Another harness that asks for the same environment."""
    argv = [sys.executable, "-c", ENSURE, str(made.folder)]
    return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def useless(channel: LocalChannel) -> LocalChannel:
    """A channel whose Python is one in name only, for what fails earlier."""
    channel.add("python", "3.11.0", {"lib/large": LARGE})
    return channel


@pytest.fixture
def server(useless: LocalChannel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The channel on a web server."""
    with serving(useless.folder) as made:
        monkeypatch.setenv("HARNESS_CONDA_CHANNELS", f"conda-forge={made.address}")
        yield made


@pytest.mark.parametrize(
    "address",
    ["/nowhere/conda-forge", pytest.param("http://127.0.0.1:9/conda-forge", marks=pytest.mark.slow)],
)
def test_a_channel_that_cannot_be_asked(
    useless: LocalChannel, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HARNESS_CONDA_CHANNELS", f"conda-forge={address}")
    error = refused(make_conda())
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert error.message.startswith(
        "small: conda packages: a channel cannot be asked (HARNESS_CONDA_CHANNELS"
    )
    assert address in error.message


@pytest.mark.parametrize(
    ("dependency", "words"),
    [
        ("no-such-package", "No candidates were found for no-such-package"),
        ("needs-other>=1", "other >=2, for which no candidates were found"),
        ("library>=1,<1", "No candidates were found for library >=1,<1"),
        ("library ===", "unable to parse version spec"),
    ],
)
def test_what_cannot_be_satisfied_is_told_in_the_words_of_the_solver(
    useless: LocalChannel, make_conda: CondaMaker, dependency: str, words: str
) -> None:
    useless.add("library", "1.0")
    useless.add("needs-other", "1.0", depends=["other >=2"])
    error = refused(make_conda(dependencies=[dependency]))
    assert error.reason is Reason.ENVIRONMENT_UNSATISFIABLE
    assert words in error.message
    assert words in error.log.read_text("utf-8")


def test_a_file_that_is_not_what_the_index_says(useless: LocalChannel, make_conda: CondaMaker) -> None:
    package = useless.add("library", "1.0", {"lib/library": b"good"})
    index = (useless.folder / "linux-64" / "repodata.json").read_bytes()
    useless.add("library", "1.0", {"lib/library": b"evil"})
    (useless.folder / "linux-64" / "repodata.json").write_bytes(index)
    error = refused(make_conda(dependencies=["library"]))
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert f"hash mismatch of {package.as_uri()}: expected " in error.message
    assert hashlib.sha256(package.read_bytes()).hexdigest() in error.message


@pytest.mark.parametrize("over_http", [False, True])
def test_a_file_that_is_not_what_the_lock_says(
    useless: LocalChannel,
    make_conda: CondaMaker,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    over_http: bool,
) -> None:
    if not over_http:
        monkeypatch.setenv("HARNESS_CONDA_CHANNELS", f"conda-forge={useless.address}")
    made = make_conda()
    locked = LockedPackage(channel="conda-forge", path="linux-64/python-3.11.0-0.conda", sha256="0" * 64)
    locks.write(made.conda_lock("linux-64"), [locked], spec=made, platform="linux-64")
    error = refused(made)
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert "hash mismatch" in error.message
    assert "python-3.11.0-0.conda" in error.message
    assert "0" * 64 in error.message


def test_a_locked_file_that_is_gone(useless: LocalChannel, make_conda: CondaMaker, server: Server) -> None:
    made = make_conda()
    locked = LockedPackage(channel="conda-forge", path="linux-64/python-3.11.1-0.conda", sha256="0" * 64)
    locks.write(made.conda_lock("linux-64"), [locked], spec=made, platform="linux-64")
    error = refused(made)
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert "404" in error.message
    assert "python-3.11.1-0.conda" in error.message


@pytest.mark.slow
def test_a_download_that_dies_half_way(
    python: LocalChannel, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    python.add("library", "1.0", {"lib/library": LARGE})
    made = make_conda(dependencies=["library"])
    with serving(python.folder) as server:
        monkeypatch.setenv("HARNESS_CONDA_CHANNELS", f"conda-forge={server.address}")
        server.breaks.add("library-1.0-0.conda")
        error = refused(made)
        assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
        assert "failed to fetch library-1.0-0.conda" in error.message
        assert server.asked.count("library-1.0-0.conda") > 1  # it may have been chance
        server.breaks.clear()
        server.asked.clear()
        built = ensure(made)
    assert (built.prefix / "lib" / "library").read_bytes() == LARGE
    # What was complete was kept.
    assert [name for name in server.asked if name.endswith(".conda")] == ["library-1.0-0.conda"]


def test_offline_nothing_is_asked(
    python: LocalChannel, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    python.add("library", "1.0", {"lib/library": LARGE})
    made, other = make_conda(), make_conda("other", dependencies=["library"])
    with serving(python.folder) as server:
        monkeypatch.setenv("HARNESS_CONDA_CHANNELS", f"conda-forge={server.address}")
        monkeypatch.setenv("HARNESS_OFFLINE", "1")
        off = "and downloads are switched off; do it once without --offline (HARNESS_OFFLINE)"
        assert refused(made).message in {  # whichever it looked at first
            f"small: conda packages: no usable repodata cache for {server.address}/{platform}/, {off}"
            for platform in ("linux-64", "noarch")
        }
        assert server.asked == []
        monkeypatch.delenv("HARNESS_OFFLINE")
        store.wipe(ensure(made).prefix.parent)
        server.asked.clear()
        monkeypatch.setenv("HARNESS_OFFLINE", "1")
        assert ensure(made).fresh  # from its lock
        locks.kept(made, "linux-64").unlink()
        store.wipe(store.entry_folder(made.ref(Backend.CONDA)))
        assert ensure(made).fresh  # solved by the index that was read
        error = refused(other)
        assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
        assert error.message == f"other: conda packages: library-1.0-0.conda: not in the cache, {off}"
        assert server.asked == []


def test_offline_a_channel_in_a_folder_is_at_hand(
    python: LocalChannel, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    assert ensure(make_conda()).fresh


def test_cancelled_in_the_middle(make_conda: CondaMaker, server: Server) -> None:
    server.stalls.add("python-3.11.0-0.conda")
    cancel = threading.Event()

    def cancel_once_it_stalls() -> None:
        if server.stalled.wait(30):
            cancel.set()

    canceller = threading.Thread(target=cancel_once_it_stalls)
    canceller.start()
    made = make_conda()
    with pytest.raises(Interrupted):
        store.ensure(made, Backend.CONDA, on_progress=lambda _: None, cancel=cancel)
    canceller.join()
    assert store.find(made, Backend.CONDA) is None
    assert not [child for child in psutil.Process().children(recursive=True) if "python" in child.name()]


def test_a_solver_that_crashes(
    useless: LocalChannel, make_conda: CondaMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program.py"
    monkeypatch.setattr(rattler_process, "_PROGRAM", program)
    program.write_text("import os\nprint('about to crash', flush=True)\nos.abort()\n", "utf-8")
    error = refused(make_conda())
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert error.message == "small: conda packages: ended by SIGABRT\nabout to crash"
    program.write_text("raise SystemExit(0)\n", "utf-8")
    assert refused(make_conda()).message == "small: conda packages: py-rattler ended without a reply"


def test_two_builds_at_once(python: LocalChannel, make_conda: CondaMaker) -> None:
    made = make_conda(health="import time\ntime.sleep(0.5)\n")
    outputs = [process.communicate(timeout=60)[0] for process in [_start(made), _start(made)]]
    built = [output.splitlines()[-1].split() for output in outputs]
    assert sorted(word for word, _ in built) == ["fresh", "reused"]
    assert len({prefix for _, prefix in built}) == 1


def test_two_builds_that_share_the_cache_of_packages(python: LocalChannel, make_conda: CondaMaker) -> None:
    processes = [_start(make_conda(name)) for name in ("first", "second", "third")]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [output.splitlines()[-1].split()[0] for output in outputs] == ["fresh"] * 3


def test_killed_in_the_middle(
    python: LocalChannel, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    python.add("library", "1.0", {"lib/library": LARGE})
    made = make_conda(dependencies=["library"])
    with serving(python.folder) as server:
        monkeypatch.setenv("HARNESS_CONDA_CHANNELS", f"conda-forge={server.address}")
        server.stalls.add("library-1.0-0.conda")
        harness = _start(made)
        assert server.stalled.wait(30)
        below = [child.pid for child in psutil.Process(harness.pid).children(recursive=True)]
        harness.send_signal(signal.SIGKILL)  # it cannot tidy up
        harness.communicate()
        assert_gone(below, within=5)
        assert store.find(made, Backend.CONDA) is None
        server.stalls.clear()
        built = ensure(made)
    assert built.fresh
    assert (built.prefix / "lib" / "library").read_bytes() == LARGE
    assert list(store.entry_folder(built.ref).glob("prefix-*")) == [built.prefix]


def test_two_at_once_and_both_killed(
    python: LocalChannel, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    python.add("library", "1.0", {"lib/library": LARGE})
    made = make_conda(dependencies=["library"])
    with serving(python.folder) as server:
        monkeypatch.setenv("HARNESS_CONDA_CHANNELS", f"conda-forge={server.address}")
        server.stalls.add("library-1.0-0.conda")
        harnesses = [_start(made), _start(made)]
        assert server.stalled.wait(30)
        parents = [psutil.Process(harness.pid) for harness in harnesses]
        below = [child.pid for parent in parents for child in parent.children(recursive=True)]
        for harness in harnesses:
            harness.send_signal(signal.SIGKILL)
        for harness in harnesses:
            harness.communicate()
        assert_gone(below, within=5)
        assert store.find(made, Backend.CONDA) is None
        server.stalls.clear()
        outputs = [process.communicate(timeout=60)[0] for process in [_start(made), _start(made)]]
    assert sorted(output.splitlines()[-1].split()[0] for output in outputs) == ["fresh", "reused"]
    folder = store.entry_folder(made.ref(Backend.CONDA))
    assert len(list(folder.glob("prefix-*"))) == 1


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root to mount a small disk")
def test_a_full_disk(
    useless: LocalChannel, make_conda: CondaMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    useless.add("huge", "1.0", {"lib/huge": os.urandom(8 << 20)})
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(disk / "cache"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
    try:
        error = refused(make_conda(dependencies=["huge"]))
    finally:
        subprocess.run(["umount", disk], check=True)
    assert error.reason is Reason.DISK_FULL
    assert "No space left on device" in error.message
