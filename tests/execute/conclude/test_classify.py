"""From exit codes, signals and exceptions to reasons."""

from __future__ import annotations

import pytest

from harness.execute.conclude.classify import explain, explain_end, explain_error
from harness.execute.conclude.evidence import BeginEvent, ErrorEvent, Event, Evidence, StageEvent
from harness.limits import DEFAULTS
from harness.proc import Finished
from harness.verdict import Blame, Reason, Stage, Status
from harness.worker.protocol import EXIT_FAILED


def error(
    cause: str,
    *,
    stage: str = "load",
    missing: str | None = None,
    where: str = "",
    in_worker: bool = False,
) -> ErrorEvent:
    kind, _, message = cause.partition(": ")
    return ErrorEvent(
        stage=stage,  # type: ignore[arg-type]
        task=None,
        type=kind,
        message=message,
        missing_module=missing,
        causes=(cause,),
        traceback="",
        where=where,
        in_worker=in_worker,
    )


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ("SyntaxError: invalid syntax (net.py, line 3)", Reason.IMPORT_ERROR),
        ("ImportError: Failed to import net.py", Reason.IMPORT_ERROR),
        ("AttributeError: Imported module has no `Net` attribute.", Reason.IMPORT_ERROR),
        ("RuntimeError: Error(s) in loading state_dict for UNet: Missing key(s)", Reason.WEIGHTS_MISMATCH),
        ("NotImplemented: [ONNXRuntimeError] : 9 : NOT_IMPLEMENTED", Reason.UNSUPPORTED_OPERATOR),
        ("Fail: Fatal error: foo:Bar(-1) is not a registered function/op", Reason.UNSUPPORTED_OPERATOR),
        ("RuntimeError: Unknown builtin op: foo::bar", Reason.UNSUPPORTED_OPERATOR),
        ("MemoryError: ", Reason.MEMORY_LIMIT),
        ("OSError: [Errno 28] No space left on device", Reason.DISK_FULL),
        ("RuntimeError: PytorchStreamReader failed reading zip archive", Reason.LOAD_FAILED),
    ],
)
def test_errors_while_loading(cause: str, reason: Reason) -> None:
    verdict = explain_error(error(cause))
    assert verdict.reason is reason
    assert verdict.message


def test_a_missing_module_of_the_model_is_an_undeclared_dependency() -> None:
    verdict = explain_error(error("ModuleNotFoundError: No module named 'timm'", missing="timm"))
    assert (verdict.reason, verdict.blame) == (Reason.UNDECLARED_DEPENDENCY, Blame.METADATA)


def test_a_tool_that_cannot_be_imported_is_not_the_models_fault() -> None:
    verdict = explain_error(
        error("ModuleNotFoundError: No module named 'torch'", stage="import", missing="torch")
    )
    assert (verdict.status, verdict.blame) == (Status.INCONCLUSIVE, Blame.TOOL)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ("RuntimeError: The size of tensor a must match", Reason.EXCEPTION),
        ("RuntimeError: DefaultCPUAllocator: not enough memory: you tried to", Reason.MEMORY_LIMIT),
        ("ConnectionRefusedError: [Errno 111] Connection refused", Reason.NETWORK_ACCESS),
        ("NotImplementedError: preprocessing step foo", Reason.UNSUPPORTED_PREPROCESSING),
    ],
)
def test_errors_while_running(cause: str, reason: Reason) -> None:
    assert explain_error(error(cause, stage="run")).reason is reason


@pytest.mark.parametrize("stage", ["load", "run"])
@pytest.mark.parametrize(
    "cause",
    [
        "MemoryError: ",
        "ArrayMemoryError: Unable to allocate 72.8 TiB for an array with shape (10000000000000,)",
        (
            "RuntimeError: [enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate "
            "memory: you tried to allocate 40000000000000 bytes. Error code 12 (Cannot allocate memory)"
        ),
        "OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of",
        "RuntimeException: [ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory",
        "ResourceExhaustedError: OOM when allocating tensor with shape[1000000,10000000] and type float",
    ],
)
def test_memory_that_nobody_limited_is_not_the_models_fault(cause: str, stage: str) -> None:
    verdict = explain_error(error(cause, stage=stage))
    assert (verdict.reason, verdict.status) == (Reason.MEMORY_LIMIT, Status.INCONCLUSIVE)
    assert verdict.blame is Blame.INFRASTRUCTURE


@pytest.mark.parametrize("stage", ["load", "run"])
@pytest.mark.parametrize(
    "cause",
    [
        "RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU",
        "AcceleratorError: CUDA error: no kernel image is available for execution on the device",
        "RuntimeError: CUDA error: uncorrectable ECC error encountered",
        "RuntimeError: CUDA error: all CUDA-capable devices are busy or unavailable",
        "RuntimeError: CUDA: CUDA driver version is insufficient for CUDA runtime version",
    ],
)
def test_a_gpu_that_fails_is_not_the_models_fault(cause: str, stage: str) -> None:
    verdict = explain_error(error(cause, stage=stage))
    assert (verdict.reason, verdict.status) == (Reason.DEVICE_UNHEALTHY, Status.INCONCLUSIVE)


def test_the_place_is_in_the_message() -> None:
    verdict = explain_error(error("KeyError: 'deep'", stage="run", where="net.py, line 7, in forward"))
    assert verdict.message == "KeyError: 'deep'\nat net.py, line 7, in forward"


def test_what_a_tool_refuses_is_told_in_its_words() -> None:
    verdict = explain_error(error("RefusedError: no workflow tag recognized", stage="refused"))
    assert (verdict.reason, verdict.blame) == (Reason.REFUSED_BY_TOOL, Blame.TOOL)
    assert verdict.message == "no workflow tag recognized"
    assert verdict.status is Status.NOT_APPLICABLE
    assert Reason.REFUSED_BY_TOOL.stage is Stage.LOAD
    of_model = explain_error(error("RefusedError: no", stage="load"))
    assert of_model.reason is Reason.LOAD_FAILED, "a model may have an exception of that name"


def test_a_fault_of_the_worker_is_not_the_models() -> None:
    verdict = explain_error(error("RuntimeError: bug", stage="run", in_worker=True))
    assert (verdict.reason, verdict.status) == (Reason.INTERNAL_ERROR, Status.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ("FilesError: output y cannot be written: 32768 requested and 17376 written", Reason.DISK_FULL),
        ("FilesError: an input cannot be read: [Errno 2] No such file", Reason.INTERNAL_ERROR),
    ],
)
def test_trouble_with_files_is_not_the_models(cause: str, reason: Reason) -> None:
    verdict = explain_error(error(cause, stage="io"))
    assert (verdict.reason, verdict.blame) == (reason, Blame.INFRASTRUCTURE)


def ended(
    *events: Event,
    code: int | None = None,
    signal: str | None = None,
    limit: str | None = None,
    supervised: bool = True,
    malformed: str | None = None,
) -> Evidence:
    finished = Finished(
        exit_code=code,
        signal=signal,
        limit=limit,
        seconds=1.0,
        cpu_seconds=1.0,
        peak_memory_bytes=0,
        supervised=supervised,
    )
    return Evidence(finished=finished, events=events, malformed=malformed, log_tail="last words")


LOADING = StageEvent(stage="load", seconds=0.0)
RUNNING = BeginEvent(task="reproduces")


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (ended(LOADING, RUNNING, signal="SIGSEGV"), Reason.CRASHED),
        (ended(LOADING, signal="SIGABRT"), Reason.CRASHED),
        (ended(LOADING, RUNNING, signal="SIGKILL"), Reason.NO_REPLY),
        (ended(LOADING, RUNNING, signal="SIGTERM", limit="seconds"), Reason.TIMED_OUT),
        (ended(LOADING, RUNNING, signal="SIGXCPU", limit="cpu_seconds"), Reason.TIMED_OUT),
        (ended(LOADING, RUNNING, signal="SIGKILL", limit="memory_bytes"), Reason.MEMORY_LIMIT),
        (ended(LOADING, RUNNING, signal="SIGKILL", limit="processes"), Reason.PROCESS_LIMIT),
        (ended(LOADING, RUNNING, signal="SIGKILL", limit="disk_bytes"), Reason.DISK_LIMIT),
        (ended(LOADING, RUNNING, signal="SIGXFSZ", limit="file_bytes"), Reason.DISK_LIMIT),
        (ended(signal="SIGTERM", limit="seconds"), Reason.NO_REPLY),
        (ended(signal="SIGKILL", limit="memory_bytes"), Reason.NO_REPLY),
        (ended(LOADING, RUNNING, signal="SIGTERM"), Reason.NO_REPLY),
        (ended(LOADING, RUNNING, code=0), Reason.PROCESS_EXITED),
        (ended(LOADING, code=3), Reason.PROCESS_EXITED),
        (ended(LOADING, RUNNING, code=EXIT_FAILED), Reason.NO_REPLY),
        (ended(LOADING, RUNNING, supervised=False), Reason.NO_REPLY),
        (ended(LOADING, RUNNING, code=0, malformed="line 3"), Reason.REPLY_MALFORMED),
        (ended(signal="SIGSEGV"), Reason.NO_REPLY),
        (ended(code=1), Reason.NO_REPLY),
    ],
)
def test_ends_without_a_complete_reply(evidence: Evidence, reason: Reason) -> None:
    verdict = explain_end(evidence, DEFAULTS)
    assert (verdict.reason, verdict.status, verdict.blame) == (reason, reason.status, reason.blame)
    assert verdict.message


def test_a_limit_is_named_with_its_size() -> None:
    message = explain_end(ended(LOADING, limit="memory_bytes", signal="SIGKILL"), DEFAULTS).message
    assert message == "stopped for using more than 8,589,934,592 bytes of memory while loading the model"


def test_what_the_worker_said_comes_before_how_it_ended() -> None:
    said = ended(LOADING, error("SyntaxError: bad"), code=0)
    assert explain(said, DEFAULTS).reason is Reason.IMPORT_ERROR
    assert explain(said, DEFAULTS, task="reproduces").reason is Reason.PROCESS_EXITED


def test_a_file_beyond_the_limit_is_no_full_disk() -> None:
    assert explain_error(error("OSError: [Errno 27] File too large")).reason is Reason.DISK_LIMIT
    assert explain_error(error("OSError: [Errno 27] File too large", stage="io")).reason is Reason.DISK_LIMIT


def test_the_log_is_quoted() -> None:
    assert "last words" in explain_end(ended(code=3), DEFAULTS).message
    assert "code 3" in explain_end(ended(code=3), DEFAULTS).message


def test_a_message_has_no_terminal_codes_digests_or_blank_lines() -> None:
    digest = "0" * 64
    cause = f'ValueError: \x1b[1mbad\x1b[0m\n\n  File "x.py", line 1\nin net_{digest}.py'
    assert explain_error(error(cause, stage="run")).message == "ValueError: bad\nin net.py"
