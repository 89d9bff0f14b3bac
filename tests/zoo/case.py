"""What a case of the zoo is, and the verdict that belongs to each reason."""

from __future__ import annotations

from typing import NamedTuple

from harness.cell import WeightsFormat
from harness.verdict import Blame, Check, CheckStatus, Reason, Stage, Status
from tests.zoo.building import Build


class Meaning(NamedTuple):
    """The rest of a verdict that has a reason."""

    status: Status
    blame: Blame
    stage: Stage


class Case(NamedTuple):
    """A model and the verdict that it must get.

    Attributes:
        name: of the model's folder, and its id.
        build: makes the model in a folder that does not exist yet; in ``<folder>.zip`` if it is a package.
        reason: None if the model passes.
        says: words that name the culprit in the verdict's message.
        weights: which of the model's weights the verdict is about; None for the only ones.
        findings: checks with the status that they must have, whatever the verdict.
        status: None if it is the one that belongs to the reason.
        prevented: whether sandbox and container keep the model from doing it at all, so that it passes there.
    """

    name: str
    build: Build
    reason: Reason | None = None
    says: tuple[str, ...] = ()
    weights: WeightsFormat | None = None
    findings: tuple[tuple[Check, CheckStatus], ...] = ()
    status: Status | None = None
    prevented: bool = False

    @property
    def label(self) -> str:
        """Tells cases apart in the names of tests."""
        return f"{self.name}-{self.weights.value}" if self.weights else self.name


# Written out by hand, so that a change of the vocabulary is a change here, too.
MEANING: dict[Reason, Meaning] = {
    Reason.FORMAT_NOT_SUPPORTED: Meaning(Status.NOT_APPLICABLE, Blame.TOOL, Stage.PLAN),
    Reason.MODEL_NOT_SUPPORTED: Meaning(Status.NOT_APPLICABLE, Blame.TOOL, Stage.PLAN),
    Reason.TOOL_VERSION_UNTESTED: Meaning(Status.INCONCLUSIVE, Blame.TOOL, Stage.PLAN),
    Reason.DOWNLOAD_FAILED: Meaning(Status.INCONCLUSIVE, Blame.INFRASTRUCTURE, Stage.FETCH),
    Reason.FILE_MISSING: Meaning(Status.FAILED, Blame.METADATA, Stage.FETCH),
    Reason.SHA256_MISMATCH: Meaning(Status.FAILED, Blame.METADATA, Stage.FETCH),
    Reason.SOURCE_OUTSIDE_PACKAGE: Meaning(Status.FAILED, Blame.METADATA, Stage.FETCH),
    Reason.ARCHIVE_UNSAFE: Meaning(Status.FAILED, Blame.MODEL, Stage.FETCH),
    Reason.DESCRIPTION_INVALID: Meaning(Status.FAILED, Blame.METADATA, Stage.VALIDATE),
    Reason.FORMAT_VERSION_UNSUPPORTED: Meaning(Status.FAILED, Blame.METADATA, Stage.VALIDATE),
    Reason.TEST_TENSOR_INVALID: Meaning(Status.FAILED, Blame.METADATA, Stage.VALIDATE),
    Reason.DANGEROUS_CONTENT: Meaning(Status.FAILED, Blame.MODEL, Stage.SCAN),
    Reason.SCAN_FAILED: Meaning(Status.INCONCLUSIVE, Blame.INFRASTRUCTURE, Stage.SCAN),
    Reason.ENVIRONMENT_UNSATISFIABLE: Meaning(Status.FAILED, Blame.ENVIRONMENT, Stage.ENVIRONMENT),
    Reason.ENVIRONMENT_BUILD_FAILED: Meaning(Status.INCONCLUSIVE, Blame.INFRASTRUCTURE, Stage.ENVIRONMENT),
    Reason.ENVIRONMENT_UNHEALTHY: Meaning(Status.INCONCLUSIVE, Blame.ENVIRONMENT, Stage.ENVIRONMENT),
    Reason.DISK_FULL: Meaning(Status.INCONCLUSIVE, Blame.INFRASTRUCTURE, Stage.ENVIRONMENT),
    Reason.DEVICE_UNAVAILABLE: Meaning(Status.INCONCLUSIVE, Blame.INFRASTRUCTURE, Stage.ENVIRONMENT),
    Reason.DEVICE_UNHEALTHY: Meaning(Status.INCONCLUSIVE, Blame.INFRASTRUCTURE, Stage.ENVIRONMENT),
    Reason.TOOL_UNUSABLE: Meaning(Status.INCONCLUSIVE, Blame.TOOL, Stage.LOAD),
    Reason.IMPORT_ERROR: Meaning(Status.FAILED, Blame.MODEL, Stage.LOAD),
    Reason.UNDECLARED_DEPENDENCY: Meaning(Status.FAILED, Blame.METADATA, Stage.LOAD),
    Reason.DEPENDENCY_NOT_INSTALLED: Meaning(Status.INCONCLUSIVE, Blame.ENVIRONMENT, Stage.LOAD),
    Reason.REFUSED_BY_TOOL: Meaning(Status.NOT_APPLICABLE, Blame.TOOL, Stage.LOAD),
    Reason.WEIGHTS_MISMATCH: Meaning(Status.FAILED, Blame.MODEL, Stage.LOAD),
    Reason.UNSUPPORTED_OPERATOR: Meaning(Status.FAILED, Blame.TOOL, Stage.LOAD),
    Reason.LOAD_FAILED: Meaning(Status.FAILED, Blame.MODEL, Stage.LOAD),
    Reason.EXCEPTION: Meaning(Status.FAILED, Blame.MODEL, Stage.RUN),
    Reason.CRASHED: Meaning(Status.FAILED, Blame.MODEL, Stage.RUN),
    Reason.TIMED_OUT: Meaning(Status.FAILED, Blame.MODEL, Stage.RUN),
    Reason.MEMORY_LIMIT: Meaning(Status.FAILED, Blame.MODEL, Stage.RUN),
    Reason.PROCESS_EXITED: Meaning(Status.FAILED, Blame.MODEL, Stage.RUN),
    Reason.PROCESS_LIMIT: Meaning(Status.FAILED, Blame.MODEL, Stage.RUN),
    Reason.DISK_LIMIT: Meaning(Status.FAILED, Blame.MODEL, Stage.RUN),
    Reason.NETWORK_ACCESS: Meaning(Status.FAILED, Blame.MODEL, Stage.RUN),
    Reason.UNSUPPORTED_PREPROCESSING: Meaning(Status.FAILED, Blame.TOOL, Stage.RUN),
    Reason.WRONG_OUTPUT_COUNT: Meaning(Status.FAILED, Blame.MODEL, Stage.COMPARE),
    Reason.WRONG_SHAPE: Meaning(Status.FAILED, Blame.MODEL, Stage.COMPARE),
    Reason.WRONG_DTYPE: Meaning(Status.FAILED, Blame.MODEL, Stage.COMPARE),
    Reason.UNEXPECTED_NAN: Meaning(Status.FAILED, Blame.MODEL, Stage.COMPARE),
    Reason.VALUES_DIFFER: Meaning(Status.FAILED, Blame.MODEL, Stage.COMPARE),
    Reason.NOT_DETERMINISTIC: Meaning(Status.INCONCLUSIVE, Blame.TOOL, Stage.CONSISTENCY),
    Reason.FORMATS_DISAGREE: Meaning(Status.FAILED, Blame.MODEL, Stage.CONSISTENCY),
    Reason.DEVICES_DISAGREE: Meaning(Status.FAILED, Blame.MODEL, Stage.CONSISTENCY),
    Reason.VARIANT_FAILS: Meaning(Status.FAILED, Blame.METADATA, Stage.CONSISTENCY),
    Reason.NO_REPLY: Meaning(Status.INCONCLUSIVE, Blame.INFRASTRUCTURE, Stage.HARNESS),
    Reason.REPLY_MALFORMED: Meaning(Status.INCONCLUSIVE, Blame.INFRASTRUCTURE, Stage.HARNESS),
    Reason.INTERNAL_ERROR: Meaning(Status.INCONCLUSIVE, Blame.INFRASTRUCTURE, Stage.HARNESS),
}
