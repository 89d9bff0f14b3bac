"""Map raw evidence to a reason, in one place (pure)."""

from __future__ import annotations

import re

from harness.execute.evidence import ErrorEvent, Evidence
from harness.verdict import Blame, Reason, Verdict

# Matched against the whole chain of causes, in this order; the first match decides.
_LOAD: tuple[tuple[str, Reason], ...] = (
    (r"No space left on device", Reason.DISK_FULL),
    (r"^MemoryError|not enough memory|Unable to allocate", Reason.MEMORY_LIMIT),
    (
        r"loading state_dict|size mismatch for|Layer .* expected \d+ variables|shape mismatch",
        Reason.WEIGHTS_MISMATCH,
    ),
    (
        (
            r"NOT_IMPLEMENTED|not a registered function/op|Unsupported model IR version|Unknown builtin op"
            r"|Unknown layer|Could not locate (class|function)|Opset .* under development"
        ),
        Reason.UNSUPPORTED_OPERATOR,
    ),
    (r"^(SyntaxError|IndentationError|TabError|ImportError)|has no `?\w+`? attribute", Reason.IMPORT_ERROR),
)
_RUN: tuple[tuple[str, Reason], ...] = (
    (r"No space left on device", Reason.DISK_FULL),
    (r"^MemoryError|not enough memory|Unable to allocate|bad_alloc", Reason.MEMORY_LIMIT),
    (r"^(gaierror|ConnectionRefusedError|ConnectionError|URLError|ConnectError)", Reason.NETWORK_ACCESS),
    (r"^NotImplementedError.*processing", Reason.UNSUPPORTED_PREPROCESSING),
)


def explain_error(error: ErrorEvent) -> Verdict:
    """The verdict of an exception in the worker."""
    message = _in_words(error)
    if error.stage == "import":
        # The consumer itself does not start: no model did that.
        return Verdict.because(
            Reason.ENVIRONMENT_UNHEALTHY, f"the tool cannot be imported: {message}", blame=Blame.ENVIRONMENT
        )
    if error.missing_module is not None:
        return Verdict.because(Reason.UNDECLARED_DEPENDENCY, message)
    if error.stage == "load":
        return Verdict.because(_first_match(_LOAD, error) or Reason.LOAD_FAILED, message)
    return Verdict.because(_first_match(_RUN, error) or Reason.EXCEPTION, message)


def explain_end(evidence: Evidence, *, timeout: float) -> Verdict:
    """The verdict of a process that ended, or was ended, before its reply was complete."""
    finished = evidence.finished
    during = {"start": "starting", "import": "importing the tool", "load": "loading the model"}.get(
        evidence.stage, "running the model"
    )
    if evidence.malformed is not None:
        return Verdict.because(Reason.REPLY_MALFORMED, f"while {during}: {evidence.malformed}")
    if finished.timed_out:
        return Verdict.because(Reason.TIMED_OUT, f"stopped after {timeout:g} s while {during}")
    last = f"; last lines of the log:\n{evidence.log_tail}" if evidence.log_tail else ""
    if finished.signal == "SIGKILL":
        # Nobody but the system's memory killer or a person sends it: the model is not known to be at fault.
        return Verdict.because(Reason.NO_REPLY, f"killed from outside (SIGKILL) while {during}{last}")
    if finished.signal is not None and evidence.stage in ("load", "run"):
        return Verdict.because(Reason.CRASHED, f"ended by {finished.signal} while {during}{last}")
    how = f"ended by {finished.signal}" if finished.signal else f"exited with code {finished.exit_code}"
    return Verdict.because(Reason.NO_REPLY, f"{how} while {during}, without a complete reply{last}")


def _first_match(rules: tuple[tuple[str, Reason], ...], error: ErrorEvent) -> Reason | None:
    for pattern, reason in rules:
        if any(re.search(pattern, cause, re.MULTILINE) for cause in error.causes):
            return reason
    return None


def _in_words(error: ErrorEvent) -> str:
    """The exception and what caused it, each on a line."""
    lines = [f"{error.type}: {error.message}".strip().removesuffix(":")]
    lines += [f"caused by {cause}" for cause in error.causes[1:4] if cause not in lines]
    return "\n".join(lines)
