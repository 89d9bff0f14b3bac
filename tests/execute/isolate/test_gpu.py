"""What confinements show of a GPU; device files of the memory's zeros stand in for those of a GPU."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import IsolationError
from harness.execute.isolate import requirements
from harness.execute.isolate.process import Process
from harness.gpu import shown
from harness.gpu.nvidia_smi import parse
from harness.limits import Limits
from tests.conftest import needs_base_image
from tests.execute.isolate import containers
from tests.execute.isolate.confined import run_python
from tests.gpu.stand_in import HEALTHY

(GPU,) = parse(HEALTHY).found
ZEROS = os.makedev(1, 5)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A device file that reads as zeros, and that the driver is said to have for this GPU."""
    tmp_path.chmod(0o755)
    path = Path(f"/dev/stand-in-{os.getpid()}")
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, ZEROS)
        path.chmod(0o666)
        path.open("rb").close()
    except OSError as error:
        pytest.skip(f"needs to make a device file ({error.strerror})")
    library = tmp_path / "libcuda.so.1"
    library.write_text("a library")
    monkeypatch.setattr(shown, "device_nodes", lambda _gpu: (path,))
    monkeypatch.setattr(shown, "driver_libraries", lambda: (library,))
    yield path
    path.unlink()


def test_a_sandbox_shows_devices_and_libraries_and_nothing_beside_them(node: Path, tmp_path: Path) -> None:
    try:
        sandbox = requirements.sandbox()
    except IsolationError as error:
        pytest.skip(f"needs the level sandbox: {error}")
    library = tmp_path / "libcuda.so.1"
    (tmp_path / "secret").write_text("not shown")
    code = (
        f"import os; n = {str(node)!r}; f = os.open(n, os.O_RDWR); print(os.read(f, 4), os.write(f, b'x')); "
        f"print(os.listdir({str(tmp_path)!r}), open({str(library)!r}).read()); "
        "print(os.path.isdir('/proc/driver'))"
    )
    ran = run_python(sandbox.with_gpu(GPU), code, tmp_path)
    assert ran.printed.splitlines() == [
        "b'\\x00\\x00\\x00\\x00' 1",
        "['libcuda.so.1'] a library",
        str(Path("/proc/driver").is_dir()),
    ]
    (tmp_path / "cell").rename(tmp_path / "before")
    ran = run_python(sandbox, f"open({str(node)!r})", tmp_path)
    assert not ran.finished.ok


def test_a_process_sees_it_anyway() -> None:
    confinement = Process()
    assert confinement.with_gpu(GPU) is confinement


def test_a_container_with_the_system_of_the_machine(node: Path, tmp_path: Path) -> None:
    code = f"import os; f = os.open({str(node)!r}, os.O_RDWR); print(os.read(f, 2))"
    containers.engine()
    ended = containers.run(code, tmp_path, inside=containers.confinement().with_gpu(GPU))
    assert (ended.ok, (tmp_path / "log").read_text()) == (True, "b'\\x00\\x00'\n")


def test_an_image_needs_the_toolkit(tmp_path: Path) -> None:
    """Here there is none, and what the engine says of that becomes what to do."""
    image = needs_base_image()
    inside = containers.confinement().in_image(image).with_gpu(GPU)
    assert inside.options((), Limits())[-2:] == ("--gpus", f"device={GPU.uuid}")
    answer = containers.engine().call("run", "--rm", "--gpus", f"device={GPU.uuid}", image, "true")
    assert not answer.ok
    assert answer.error().startswith("it cannot hand a GPU to a container: install nvidia-container-toolkit")
