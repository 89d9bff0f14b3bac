"""The one home of the words, colours and icons that people see for statuses, reasons and checks."""

from __future__ import annotations

from typing import NamedTuple

from harness.verdict import Blame, Check, CheckStatus, Reason, Stage, Status


class StatusLook(NamedTuple):
    """How a status is shown: a word, a text icon (never colour alone), a colour for pages and badges."""

    label: str
    icon: str
    color: str


STATUS: dict[Status, StatusLook] = {
    Status.PASSED: StatusLook("passed", "✓", "#1a7f37"),
    Status.FAILED: StatusLook("failed", "✗", "#cf222e"),
    Status.NOT_APPLICABLE: StatusLook("not applicable", "–", "#59636e"),
    Status.INCONCLUSIVE: StatusLook("no verdict", "?", "#9a6700"),
}

CHECK_STATUS: dict[CheckStatus, StatusLook] = {
    CheckStatus.PASSED: STATUS[Status.PASSED],
    CheckStatus.FAILED: STATUS[Status.FAILED],
    CheckStatus.SKIPPED: StatusLook("skipped", "–", "#59636e"),
    CheckStatus.INCONCLUSIVE: STATUS[Status.INCONCLUSIVE],
}

BLAME: dict[Blame, str] = {
    Blame.MODEL: "the model",
    Blame.METADATA: "the model's description",
    Blame.ENVIRONMENT: "the environment",
    Blame.TOOL: "the tool",
    Blame.INFRASTRUCTURE: "the test infrastructure",
}

STAGE: dict[Stage, str] = {
    Stage.PLAN: "planning",
    Stage.FETCH: "fetching the files",
    Stage.VALIDATE: "reading the description",
    Stage.SCAN: "scanning for dangerous content",
    Stage.ENVIRONMENT: "building the environment",
    Stage.LOAD: "loading the model",
    Stage.RUN: "running the model",
    Stage.COMPARE: "comparing the outputs",
    Stage.CONSISTENCY: "checking consistency",
    Stage.HARNESS: "the harness itself",
}

CHECK: dict[Check, tuple[str, str]] = {
    Check.FETCH: ("fetch", "Every file that the description names is there, with the sha256 that it states."),
    Check.VALIDATE: ("validate", "The description follows its format and the test tensors fit it."),
    Check.SCAN: ("scan", "No dangerous content was found without running anything."),
    Check.ENVIRONMENT: ("environment", "The locked environment was built and is healthy."),
    Check.LOAD: ("load", "The consumer loads the weights."),
    Check.RUNS: ("runs", "The model computes on the test input without an error."),
    Check.REPRODUCES: ("reproduces", "The outputs equal the declared test outputs within tolerance."),
    Check.VARIANTS: (
        "variants",
        "Other sizes and batches that the description allows give the described shapes.",
    ),
    Check.AS_CALLED: (
        "as called",
        "The consumer's default call, with its padding, gives the declared outputs too (not required).",
    ),
    Check.DETERMINISM: ("determinism", "Repeated runs give the same outputs."),
    Check.AGREEMENT: ("agreement", "All weights formats and devices give the same outputs."),
}


class ReasonText(NamedTuple):
    """A reason in words: a label of a few words, and a hint that says what to do next."""

    label: str
    hint: str


REASON: dict[Reason, ReasonText] = {
    Reason.FORMAT_NOT_SUPPORTED: ReasonText(
        "weights format not supported by the tool",
        "Nothing to mend; add weights in a format that the tool supports to be tested in it.",
    ),
    Reason.MODEL_NOT_SUPPORTED: ReasonText(
        "not a model for this tool",
        "Nothing to mend, unless the message names what the tool looks for and the model should have it.",
    ),
    Reason.TOOL_VERSION_UNTESTED: ReasonText(
        "tool version not tested",
        "Run the tests of the tool's adapter with this version and widen its `TESTED`, or lock another "
        "version; no model is at fault.",
    ),
    Reason.DOWNLOAD_FAILED: ReasonText(
        "download failed", "The network or the server failed; run again with `--rerun inconclusive`."
    ),
    Reason.FILE_MISSING: ReasonText(
        "file missing", "Add the file to the package, or correct the source that names it."
    ),
    Reason.SHA256_MISMATCH: ReasonText(
        "sha256 differs",
        "The file changed after its sha256 was written: restore it, or write its `sha256` anew.",
    ),
    Reason.SOURCE_OUTSIDE_PACKAGE: ReasonText(
        "source outside the package",
        "Put the file itself into the package, and name it by a relative path without `..` or links.",
    ),
    Reason.ARCHIVE_UNSAFE: ReasonText(
        "unsafe archive",
        "Pack the model again: only plain files, relative names without `..`, and within the size limits.",
    ),
    Reason.DESCRIPTION_INVALID: ReasonText(
        "description invalid",
        "Correct the field that the message names (entries of a list are counted from 0), then run again.",
    ),
    Reason.FORMAT_VERSION_UNSUPPORTED: ReasonText(
        "format version not supported", "Use format_version 0.4 or 0.5 in the description."
    ),
    Reason.TEST_TENSOR_INVALID: ReasonText(
        "test tensor invalid",
        "Make test tensor and description agree in axes, sizes and data type; it is a plain numeric .npy.",
    ),
    Reason.DANGEROUS_CONTENT: ReasonText(
        "dangerous content",
        "Save the weights again without the code that the message names; keep nothing but tensors. If they "
        "need it, ask the maintainers to review it (`[[scan.allow]]` in the policy).",
    ),
    Reason.SCAN_FAILED: ReasonText(
        "scan failed",
        "The scanner could not read the file that the message names: if it is damaged, upload it again.",
    ),
    Reason.ENVIRONMENT_UNSATISFIABLE: ReasonText(
        "environment cannot be solved",
        "Correct the declared dependencies: the message says what stands in the way.",
    ),
    Reason.ENVIRONMENT_BUILD_FAILED: ReasonText(
        "environment build failed", "See the build log, then run again with `--rerun inconclusive`."
    ),
    Reason.ENVIRONMENT_UNHEALTHY: ReasonText(
        "environment fails its health check",
        "See the build log; `harness env build NAME` builds it again and shows the check.",
    ),
    Reason.DEVICE_UNAVAILABLE: ReasonText(
        "no such device here",
        "Run it on a machine with a GPU that can be used; `harness doctor` says what is here.",
    ),
    Reason.DEVICE_UNHEALTHY: ReasonText(
        "GPU fails its check",
        "Nothing is known of the model: mend what the message names, then run again.",
    ),
    Reason.DISK_FULL: ReasonText("disk full", "Free disk space and run again with `--rerun inconclusive`."),
    Reason.TOOL_UNUSABLE: ReasonText(
        "tool cannot be used",
        "No model is at fault: the tool's owner, whom the message names, can mend its adapter or its "
        "environment.",
    ),
    Reason.IMPORT_ERROR: ReasonText(
        "model code cannot be imported",
        "Correct the architecture's source file, or the `callable` that names something in it.",
    ),
    Reason.UNDECLARED_DEPENDENCY: ReasonText(
        "undeclared dependency",
        "Do without the module, or declare its package in the `dependencies` of the weights entry: the "
        "tool's own environment does not have it (`harness env show`).",
    ),
    Reason.DEPENDENCY_NOT_INSTALLED: ReasonText(
        "declared dependency not installed",
        "Nothing is wrong with the declaration: the tool's own environment (`harness env show`) installs "
        "nothing that a model declares. `harness run --as-described` runs it in what it declares, too.",
    ),
    Reason.REFUSED_BY_TOOL: ReasonText(
        "refused by the tool",
        "The message is what the tool says that it looks for; change the description where it is right, else "
        "tell its owner.",
    ),
    Reason.WEIGHTS_MISMATCH: ReasonText(
        "weights do not fit the architecture",
        "Export weights and architecture from the same model; check the architecture's kwargs.",
    ),
    Reason.UNSUPPORTED_OPERATOR: ReasonText(
        "unsupported operator",
        "Export the weights with operators that this version of the tool supports (ONNX: another opset), or "
        "ask its team for the one that the message names.",
    ),
    Reason.LOAD_FAILED: ReasonText(
        "loading failed",
        "Check that the weights file is complete, and that it is of the weights format that lists it.",
    ),
    Reason.EXCEPTION: ReasonText(
        "exception while running",
        "Mend what the message names; the log has the whole traceback.",
    ),
    Reason.CRASHED: ReasonText(
        "crashed",
        "A signal ended the process, twice: look for compiled code that the test input or the weights break.",
    ),
    Reason.TIMED_OUT: ReasonText(
        "timed out",
        "Make the test input smaller, or ask for a longer limit (`--timeout`, or `seconds` or `cpu_seconds` "
        "in the policy).",
    ),
    Reason.MEMORY_LIMIT: ReasonText(
        "out of memory",
        "Make the test input smaller, or ask for a higher limit (`memory_bytes` in the policy).",
    ),
    Reason.PROCESS_EXITED: ReasonText(
        "ended its own process",
        "Do not call `exit` or `os._exit` in model code; raise an exception that says what is wrong.",
    ),
    Reason.PROCESS_LIMIT: ReasonText(
        "too many processes",
        "Do not start processes in model code, or ask for a higher limit (`processes` in the policy).",
    ),
    Reason.DISK_LIMIT: ReasonText(
        "wrote too much",
        "Do not write files in model code, or ask for a higher limit (`file_bytes` or `disk_bytes` in the "
        "policy).",
    ),
    Reason.NETWORK_ACCESS: ReasonText(
        "tried to use the network", "Put everything that the model needs into its package."
    ),
    Reason.UNSUPPORTED_PREPROCESSING: ReasonText(
        "preprocessing not supported",
        "Use pre- and postprocessing steps that this tool's version implements.",
    ),
    Reason.WRONG_OUTPUT_COUNT: ReasonText(
        "wrong number of outputs", "Describe every output of the network, in its order, and no other."
    ),
    Reason.WRONG_SHAPE: ReasonText(
        "wrong shape",
        "If the produced shape is right, correct the output's `axes` and save its test tensor again; if not, "
        "correct the network.",
    ),
    Reason.WRONG_DTYPE: ReasonText(
        "wrong data type",
        "If the produced type is right, correct the output's described type and save its test tensor again; "
        "if not, correct the network or its postprocessing.",
    ),
    Reason.UNEXPECTED_NAN: ReasonText(
        "NaN or infinity where none was expected",
        "Look for a division by zero or an overflow in the network.",
    ),
    Reason.VALUES_DIFFER: ReasonText(
        "values differ beyond tolerance",
        "If another weights format gives the declared outputs, export these weights again; if none does, "
        "save the test outputs again, or state the tolerance that the model needs and why.",
    ),
    Reason.NOT_DETERMINISTIC: ReasonText(
        "not deterministic",
        "If the model draws random numbers, fix the seed, and switch dropout and noise off; if it does not, "
        "the tool computes differently each time: tell its team.",
    ),
    Reason.FORMATS_DISAGREE: ReasonText(
        "weights formats disagree", "Export the weights formats again from one trained model."
    ),
    Reason.DEVICES_DISAGREE: ReasonText(
        "devices disagree",
        "Look for operations whose result depends on the device, or state a tolerance for it.",
    ),
    Reason.VARIANT_FAILS: ReasonText(
        "another allowed size fails",
        "Describe only the sizes (min + n × step) and batches that the network takes, and the output sizes "
        "that follow.",
    ),
    Reason.NO_REPLY: ReasonText(
        "worker gave no reply", "Run again; if it stays so, read the log and report it."
    ),
    Reason.REPLY_MALFORMED: ReasonText(
        "worker's reply malformed", "Run again; if it stays so, read the log and report it."
    ),
    Reason.INTERNAL_ERROR: ReasonText(
        "internal error of the harness", "Report it with the traceback in the log; the model is not at fault."
    ),
}

HINT_IN_TOOL = "Show it to the team of {title}, {home}: as far as is known here, the model is not at fault."
"""In place of a reason's hint, where another tool than the reference runtime has to act."""

HINT_AS_DESCRIBED = (
    "Nothing is wrong with the declaration: the cell in {name} has what it asks for; see that one."
)
"""The same, where what one environment lacks is in another, which the model's author declares."""
