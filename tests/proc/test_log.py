"""Of a long output the first and the last part are kept, and it never takes more room than that."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import proc
from harness.limits import Limits
from harness.proc.log import Log

from .commands import linux, run


@given(chunks=st.lists(st.binary(max_size=30), max_size=20), limit=st.none() | st.integers(1, 100))
def test_first_and_last_half(chunks: list[bytes], limit: int | None) -> None:
    whole = b"".join(chunks)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(b"before\n")
        with Log(path, limit) as log:
            for chunk in chunks:
                log.write(chunk)
        kept = path.read_bytes().removeprefix(b"before\n")
    if limit is None or len(whole) <= limit:
        assert kept == whole
    else:
        first, last = limit - limit // 2, limit // 2
        marker = f"\n[... {len(whole) - limit} bytes left out ...]\n".encode()
        assert kept == whole[:first] + marker + whole[len(whole) - last :]


def test_the_number_of_bytes_left_out_is_easy_to_read(tmp_path: Path) -> None:
    with Log(tmp_path / "log", 10) as log:
        log.write(b"x" * 1_234_567)
    assert (tmp_path / "log").read_text() == "xxxxx\n[... 1,234,557 bytes left out ...]\nxxxxx"


def test_what_comes_after_the_end_is_dropped(tmp_path: Path) -> None:
    with Log(tmp_path / "log", None) as log:
        log.write(b"in time")
    log.write(b"too late")
    assert (tmp_path / "log").read_bytes() == b"in time"


@linux
def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        run("print('x' * 1_000_000)", tmp_path)


def test_a_noisy_process(tmp_path: Path) -> None:
    limit = 64 * 1024
    code = "print('begin'); print('noise' * 4_000_000); print('end')"
    finished = run(code, tmp_path, limits=Limits(seconds=60, log_bytes=limit))
    assert finished.ok
    text = (tmp_path / "log").read_text()
    assert text.startswith("begin\nnoise")
    assert text.endswith("noise\nend\n")
    assert f"\n[... {6 + 20_000_001 + 4 - limit:,} bytes left out ...]\n" in text
    assert limit < len(text) < limit + 100
    assert proc.tail(tmp_path / "log", lines=1) == "end"


def test_a_noisy_process_never_takes_more_room_meanwhile(tmp_path: Path) -> None:
    code = "import time\nend = time.monotonic() + 1\nwhile time.monotonic() < end: print('noise' * 1000)"
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, code, tmp_path, limits=Limits(seconds=60, log_bytes=50_000))
        largest = 0
        while not running.done():
            largest = max(largest, (tmp_path / "log").stat().st_size if (tmp_path / "log").exists() else 0)
            time.sleep(0.01)
    assert running.result().ok
    assert 25_000 <= largest < 51_000


def test_the_first_half_can_be_read_at_once(tmp_path: Path) -> None:
    code = "import time; print('hello', flush=True); time.sleep(20)"
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, code, tmp_path, limits=Limits(seconds=2, log_bytes=1000))
        while proc.tail(tmp_path / "log") != "hello":
            assert not running.done()
            time.sleep(0.01)


def test_the_tail_of_no_log_is_empty(tmp_path: Path) -> None:
    assert proc.tail(tmp_path / "log") == ""


def test_the_tail_has_the_last_lines_without_blank_ones(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\ntwo  \n\n\xff three\n")
    assert proc.tail(tmp_path / "log", lines=3) == "two\n\N{REPLACEMENT CHARACTER} three"
    assert proc.tail(tmp_path / "log", limit=5) == "hree"
