"""Whatever a model does to its worker, it gets one record with a true verdict, and the others go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.ledger.record import Record
from harness.verdict import Check, CheckStatus, Reason

from .broken import copy_model, update_sha256, with_code
from .conftest import Run, run_harness

pytestmark = pytest.mark.slow

FORWARD = "def forward(self, *arrays):\n    {}\n\nUNet2d.forward = forward"
CODE: dict[str, tuple[str, Reason]] = {
    "raises": (FORWARD.format("raise RuntimeError('no mitochondria here')"), Reason.EXCEPTION),
    "syntax-error": ("def broken(:", Reason.IMPORT_ERROR),
    "undeclared-dependency": ("import a_package_that_nobody_has", Reason.UNDECLARED_DEPENDENCY),
    "segfaults": (FORWARD.format("import os; os.kill(os.getpid(), 11)"), Reason.CRASHED),
    "aborts": (FORWARD.format("import os; os.abort()"), Reason.CRASHED),
    "hangs": (FORWARD.format("import time; time.sleep(600)"), Reason.TIMED_OUT),
    "spins-and-ignores-sigterm": (
        FORWARD.format("import signal; signal.signal(15, signal.SIG_IGN)\n    while True: pass"),
        Reason.TIMED_OUT,
    ),
    "exits-without-reply": (FORWARD.format("import os; os._exit(0)"), Reason.NO_REPLY),
    "exits-politely": (FORWARD.format("import sys; sys.exit(0)"), Reason.EXCEPTION),
    "leaves-a-child": (
        "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(987)'])\n"
        + FORWARD.format("raise RuntimeError('left a child')"),
        Reason.EXCEPTION,
    ),
    "weights-do-not-fit": (
        (
            "class UNet2d(nn.Module):\n    def __init__(self, **_):\n        super().__init__()\n"
            "        self.other = nn.Linear(2, 2)\n    def forward(self, x):\n        return x"
        ),
        Reason.WEIGHTS_MISMATCH,
    ),
    "wrong-shape": (
        "_forward = UNet2d.forward\n" + FORWARD.format("return _forward(self, *arrays)[..., ::2]"),
        Reason.WRONG_SHAPE,
    ),
    "nan": (
        "_forward = UNet2d.forward\n" + FORWARD.format("return _forward(self, *arrays) * float('nan')"),
        Reason.UNEXPECTED_NAN,
    ),
    "noisy": (
        "import sys\n_forward = UNet2d.forward\n"
        + FORWARD.format(
            "print('x' * 3_000_000); print('y' * 3_000_000, file=sys.stderr); return _forward(self, *arrays)"
        ),
        Reason.VALUES_DIFFER,  # its test output is changed, so that its log is kept
    ),
}
# 128 pixels, and 24 on both sides.
CRASHES_WHEN_PADDED = "_forward = UNet2d.forward\n" + FORWARD.format(
    "import os; arrays[0].shape[-1] == 176 and os.kill(os.getpid(), 11); return _forward(self, *arrays)"
)


@pytest.fixture(scope="module")
def run(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("faults")
    for name, (code, _) in CODE.items():
        with_code(collection / "nuclei-unet2d", folder, name, code)
    with_code(collection / "nuclei-unet2d", folder, "crashes-when-padded", CRASHES_WHEN_PADDED)
    (folder / "noisy" / "test_probability.npy").write_bytes(
        (folder / "noisy" / "test_probability.npy").read_bytes()[:-400] + b"\x00" * 400
    )
    update_sha256(folder / "noisy", "test_probability.npy")
    copy_model(collection / "nuclei-unet2d", folder, "good")
    scratch = tmp_path_factory.mktemp("scratch")
    output = tmp_path_factory.mktemp("run")
    options = ("--weights", "pytorch_state_dict", "--timeout", "60")
    finished = run_harness(folder, output, *options, TMPDIR=str(scratch))
    assert list(scratch.iterdir()) == [], "scratch folders are gone"
    return finished


def record_of(run: Run, name: str) -> Record:
    (record,) = [record for record in run.records if record.model.id == name]
    return record


@pytest.mark.parametrize("name", sorted(CODE))
def test_verdict(run: Run, name: str) -> None:
    record = record_of(run, name)
    expected = CODE[name][1]
    assert (record.reason, record.status, record.blame) == (
        expected.slug,
        expected.status,
        expected.blame,
    ), record.message
    assert record.hint
    assert record.attempts == (2 if expected.spurious else 1)


def test_the_good_model_beside_them_passes(run: Run) -> None:
    assert run.code == 1
    assert record_of(run, "good").reason is None


def test_a_crash_in_the_padded_call_is_a_finding(run: Run) -> None:
    record = record_of(run, "crashes-when-padded")
    assert record.reason is None, record.message
    check = record.check(Check.AS_CALLED)
    assert check
    assert check.status is CheckStatus.FAILED
    assert "SIGSEGV" in check.message


def test_no_child_is_left(run: Run) -> None:
    assert record_of(run, "leaves-a-child").reason == "exception"
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes()
        except OSError:
            continue
        assert b"time.sleep(987)" not in command


def test_a_log_is_kept_with_its_first_and_last_part(run: Run) -> None:
    record = record_of(run, "noisy")
    (log,) = [artifact for artifact in record.artifacts if artifact.kind == "log"]
    text = (run.output / "artifacts" / log.path).read_text()
    assert len(text) < 600_000
    assert "bytes left out" in text
    assert log.bytes == (run.output / "artifacts" / log.path).stat().st_size


def test_the_message_quotes_the_models_own_words(run: Run) -> None:
    assert "no mitochondria here" in record_of(run, "raises").message
    page = (run.output / "site" / "models" / "raises@1.0.0.html").read_text("utf-8")
    assert "no mitochondria here" in page
    assert record_of(run, "raises").hint.split("`")[0][:40] in page


def test_the_log_has_the_traceback_with_the_models_line(run: Run) -> None:
    record = record_of(run, "raises")
    (log,) = [artifact for artifact in record.artifacts if artifact.kind == "log"]
    text = (run.output / "artifacts" / log.path).read_text()
    assert "in forward" in text
    assert "raise RuntimeError('no mitochondria here')" in text
    assert "in forward" in record.message
