"""Map raw evidence to a reason, in one place (pure).

Evidence is an exit code, a signal, a limit that was hit, the reply, the stage that was reached, and the log;
:func:`explain` weighs them in this order: what the worker said of an error, then how the process ended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.execute.conclude.evidence import ErrorEvent, Evidence
from harness.limits import Limits
from harness.verdict import Blame, Reason, Status, Verdict
from harness.worker import protocol

# Matched against the whole chain of causes, in this order; the first match decides.
_DISK = (r"No space left on device|Disk quota exceeded|requested and \d+ written", Reason.DISK_FULL)
_TOO_LARGE = (r"\[Errno 27\]|File too large", Reason.DISK_LIMIT)
# numpy, PyTorch (Windows; Linux; a GPU), ONNX Runtime, TensorFlow, in this order.
_MEMORY = (
    (
        r"^MemoryError|Unable to allocate|not enough memory|[Cc]an('t|not) allocate memory|out of memory"
        r"|bad_alloc|Failed to allocate memory|OOM when allocating"
    ),
    Reason.MEMORY_LIMIT,
)
# What CUDA says where the GPU or its driver failed, and no program that ran on it.
_DEVICE = (
    (
        r"no kernel image is available|uncorrectable (ECC|NVLink) error|GPU is lost|hardware stack error"
        r"|busy or unavailable|no CUDA-capable device|driver version is insufficient|CUDA driver initiali"
        r"|Found no NVIDIA driver"
    ),
    Reason.DEVICE_UNHEALTHY,
)
_NETWORK = (
    r"^(gaierror|ConnectionRefusedError|ConnectionError|URLError|ConnectError|ConnectTimeout)",
    Reason.NETWORK_ACCESS,
)
# The reference runtime sets the steps up while it loads a model.
_PROCESSING = (
    r"^NotImplementedError: (.*processing|model\.v0_\d\.\w+Kwargs|expected min and max quantiles)",
    Reason.UNSUPPORTED_PREPROCESSING,
)
_LOAD: tuple[tuple[str, Reason], ...] = (
    _DISK,
    _TOO_LARGE,
    _MEMORY,
    _DEVICE,
    _NETWORK,
    (r"^OSError: \[Errno 5\]", Reason.INTERNAL_ERROR),
    (
        r"loading state_dict|size mismatch for|Layer .* expected \d+ variables|shape mismatch",
        Reason.WEIGHTS_MISMATCH,
    ),
    (
        (
            r"NOT_IMPLEMENTED|not a registered function/op|Unsupported model IR version|Unknown builtin op"
            r"|No Op registered for|Unknown layer|Could not locate (class|function)"
            r"|Opset .* under development"
        ),
        Reason.UNSUPPORTED_OPERATOR,
    ),
    (r"^(SyntaxError|IndentationError|TabError|ImportError)|has no `?\w+`? attribute", Reason.IMPORT_ERROR),
    _PROCESSING,
)
_RUN: tuple[tuple[str, Reason], ...] = (
    _DISK,
    _TOO_LARGE,
    _MEMORY,
    _DEVICE,
    _NETWORK,
    _PROCESSING,
)
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # Keras writes in bold
_DIGEST = re.compile(r"(?<=\w)_[0-9a-f]{64}(?=\.py|')")  # bioimageio.core adds it to a module's name
# What a process brings on itself; any other signal comes from outside.
_OWN_SIGNALS = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGTRAP")
_DURING: Mapping[str, str] = {
    "start": "starting",
    "import": "importing the tool",
    "load": "loading the model",
    "run": "running the model",
}
_OF_LIMIT: Mapping[str, tuple[Reason, str]] = {
    "seconds": (Reason.TIMED_OUT, "stopped after {:g} s"),
    "cpu_seconds": (Reason.TIMED_OUT, "stopped after {:g} s of processor time"),
    "memory_bytes": (Reason.MEMORY_LIMIT, "stopped for using more than {:,} bytes of memory"),
    "processes": (Reason.PROCESS_LIMIT, "stopped for having more than {:g} processes at a time"),
    "file_bytes": (Reason.DISK_LIMIT, "stopped for writing a file of more than {:,} bytes"),
    "disk_bytes": (Reason.DISK_LIMIT, "stopped for writing more than {:,} bytes to disk"),
}


def explain(evidence: Evidence, limits: Limits, *, task: str | None = None) -> Verdict:
    """Why there is no result of a task (of loading, for None) although there should be one."""
    error = evidence.error(task)
    return explain_error(error) if error else explain_end(evidence, limits)


def explain_error(error: ErrorEvent) -> Verdict:
    """The verdict of an exception in the worker."""
    message = _in_words(error)
    if error.stage == "io":
        return Verdict.because(_first_match((_DISK, _TOO_LARGE), error) or Reason.INTERNAL_ERROR, message)
    if error.tool or error.stage in {"import", "refused"}:
        return _of_tool(error, message)
    if error.in_worker:
        return Verdict.because(Reason.INTERNAL_ERROR, f"the worker itself failed: {message}")
    if error.missing_module is not None:
        return Verdict.because(Reason.UNDECLARED_DEPENDENCY, message)
    loading = error.stage == "load"
    reason = _first_match(_LOAD if loading else _RUN, error)
    if reason is Reason.MEMORY_LIMIT:
        # The machine's own memory ran out before the limit was hit, and other cells had their part in that.
        return Verdict(status=Status.INCONCLUSIVE, reason=reason, blame=Blame.INFRASTRUCTURE, message=message)
    return Verdict.because(reason or (Reason.LOAD_FAILED if loading else Reason.EXCEPTION), message)


def _of_tool(error: ErrorEvent, message: str) -> Verdict:
    """The consumer itself does not start, which no model did, or says that it does not take the model."""
    if error.stage == "refused":
        return Verdict.because(Reason.REFUSED_BY_TOOL, error.message)
    said = message.removeprefix("ToolError: ") if error.tool else f"the tool cannot be imported: {message}"
    return Verdict.because(Reason.TOOL_UNUSABLE, said)


def explain_end(evidence: Evidence, limits: Limits) -> Verdict:
    """The verdict of a process that ended, or was ended, before its reply was complete."""
    finished = evidence.finished
    in_model = evidence.stage in ("load", "run")
    during = _DURING[evidence.stage]
    if evidence.malformed is not None:
        return Verdict.because(Reason.REPLY_MALFORMED, f"while {during}: {evidence.malformed}")
    if finished.limit is not None:
        reason, what = _OF_LIMIT[finished.limit]
        message = f"{what.format(getattr(limits, finished.limit))} while {during}"
        return Verdict.because(reason if in_model else Reason.NO_REPLY, message)
    last = f"; last lines of the log:\n{evidence.log_tail}" if evidence.log_tail else ""
    if not finished.supervised:
        return Verdict.because(
            Reason.NO_REPLY, f"the process that watches over the worker was killed while {during}{last}"
        )
    if finished.signal in _OWN_SIGNALS and in_model:
        return Verdict.because(Reason.CRASHED, f"ended by {finished.signal} while {during}{last}")
    how = f"ended by {finished.signal}" if finished.signal else f"exited with code {finished.exit_code}"
    # Nobody from outside makes a process exit, and the worker's own failure has a code of its own.
    itself = in_model and finished.exit_code is not None and finished.exit_code != protocol.EXIT_FAILED
    reason = Reason.PROCESS_EXITED if itself else Reason.NO_REPLY
    return Verdict.because(reason, f"{how} while {during}, without a complete reply{last}")


def _first_match(rules: tuple[tuple[str, Reason], ...], error: ErrorEvent) -> Reason | None:
    for pattern, reason in rules:
        if any(re.search(pattern, cause, re.MULTILINE) for cause in error.causes):
            return reason
    return None


def _cut(message: str) -> str:
    """A message without blank lines and without the traceback that TensorFlow puts into it."""
    return "\n".join(line for line in message.splitlines() if line.strip() and not line.startswith("  File "))


def _in_words(error: ErrorEvent) -> str:
    """The exception, what caused it, and where it was raised, each on a line."""
    lines = [_cut(f"{error.type}: {error.message}".strip().removesuffix(":"))]
    causes = dict.fromkeys(cause for cause in error.causes[1:4] if cause not in lines)
    lines += [f"caused by {cause}" for cause in causes]
    if error.where and not error.where.startswith("<"):
        lines.append(f"at {error.where}")
    return _ESCAPES.sub("", _DIGEST.sub("", "\n".join(lines)))
