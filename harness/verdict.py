"""The closed vocabulary of verdicts: status, blame, stage and reason.

A verdict never uses a word that is not here. Labels, hints and colours are in :mod:`harness.labels`.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import msgspec


class Status(str, Enum):
    """The answer of a record; there is no fifth one. A missing record is an error, not a status."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not-applicable"
    INCONCLUSIVE = "inconclusive"

    @property
    def conclusive(self) -> bool:
        """Whether the question was answered; only such a record satisfies a cell's key."""
        return self is not Status.INCONCLUSIVE


class CheckStatus(str, Enum):
    """The answer of one check within a record."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    INCONCLUSIVE = "inconclusive"


class Check(str, Enum):
    """The questions that a record answers one by one."""

    FETCH = "fetch"
    VALIDATE = "validate"
    SCAN = "scan"
    ENVIRONMENT = "environment"
    LOAD = "load"
    RUNS = "runs"
    REPRODUCES = "reproduces"
    VARIANTS = "variants"
    AS_CALLED = "as-called"
    DETERMINISM = "determinism"
    AGREEMENT = "agreement"


class Blame(str, Enum):
    """Who can act on a verdict that is not passed."""

    MODEL = "model"
    METADATA = "metadata"
    ENVIRONMENT = "environment"
    TOOL = "tool"
    INFRASTRUCTURE = "infrastructure"


class Stage(str, Enum):
    """Where in the life of a cell a reason belongs."""

    PLAN = "plan"
    FETCH = "fetch"
    VALIDATE = "validate"
    SCAN = "scan"
    ENVIRONMENT = "environment"
    LOAD = "load"
    RUN = "run"
    COMPARE = "compare"
    CONSISTENCY = "consistency"
    HARNESS = "harness"


class _Meaning(NamedTuple):
    slug: str
    stage: Stage
    status: Status
    blame: Blame
    spurious: bool = False


_FAILED, _INCONCLUSIVE, _NOT_APPLICABLE = Status.FAILED, Status.INCONCLUSIVE, Status.NOT_APPLICABLE


class Reason(Enum):
    """Why a cell is not passed: its slug, stage, default status and blame, and whether it may be chance.

    A spurious reason is confirmed by a second attempt before it turns a cell red.
    """

    # plan: decided before anything is built or run
    FORMAT_NOT_SUPPORTED = _Meaning("format-not-supported", Stage.PLAN, _NOT_APPLICABLE, Blame.TOOL)
    MODEL_NOT_SUPPORTED = _Meaning("model-not-supported", Stage.PLAN, _NOT_APPLICABLE, Blame.TOOL)
    TOOL_VERSION_UNTESTED = _Meaning("tool-version-untested", Stage.PLAN, _INCONCLUSIVE, Blame.TOOL)
    # fetch
    DOWNLOAD_FAILED = _Meaning("download-failed", Stage.FETCH, _INCONCLUSIVE, Blame.INFRASTRUCTURE, True)
    FILE_MISSING = _Meaning("file-missing", Stage.FETCH, _FAILED, Blame.METADATA)
    SHA256_MISMATCH = _Meaning("sha256-mismatch", Stage.FETCH, _FAILED, Blame.METADATA)
    SOURCE_OUTSIDE_PACKAGE = _Meaning("source-outside-package", Stage.FETCH, _FAILED, Blame.METADATA)
    ARCHIVE_UNSAFE = _Meaning("archive-unsafe", Stage.FETCH, _FAILED, Blame.MODEL)
    # validate
    DESCRIPTION_INVALID = _Meaning("description-invalid", Stage.VALIDATE, _FAILED, Blame.METADATA)
    FORMAT_VERSION_UNSUPPORTED = _Meaning(
        "format-version-unsupported", Stage.VALIDATE, _FAILED, Blame.METADATA
    )
    TEST_TENSOR_INVALID = _Meaning("test-tensor-invalid", Stage.VALIDATE, _FAILED, Blame.METADATA)
    # scan
    DANGEROUS_CONTENT = _Meaning("dangerous-content", Stage.SCAN, _FAILED, Blame.MODEL)
    SCAN_FAILED = _Meaning("scan-failed", Stage.SCAN, _INCONCLUSIVE, Blame.INFRASTRUCTURE)
    # environment
    ENVIRONMENT_UNSATISFIABLE = _Meaning(
        "environment-unsatisfiable", Stage.ENVIRONMENT, _FAILED, Blame.ENVIRONMENT
    )
    ENVIRONMENT_BUILD_FAILED = _Meaning(
        "environment-build-failed", Stage.ENVIRONMENT, _INCONCLUSIVE, Blame.INFRASTRUCTURE
    )
    ENVIRONMENT_UNHEALTHY = _Meaning(
        "environment-unhealthy", Stage.ENVIRONMENT, _INCONCLUSIVE, Blame.ENVIRONMENT
    )
    DISK_FULL = _Meaning("disk-full", Stage.ENVIRONMENT, _INCONCLUSIVE, Blame.INFRASTRUCTURE)
    DEVICE_UNAVAILABLE = _Meaning(
        "device-unavailable", Stage.ENVIRONMENT, _INCONCLUSIVE, Blame.INFRASTRUCTURE
    )
    DEVICE_UNHEALTHY = _Meaning("device-unhealthy", Stage.ENVIRONMENT, _INCONCLUSIVE, Blame.INFRASTRUCTURE)
    # load
    TOOL_UNUSABLE = _Meaning("tool-unusable", Stage.LOAD, _INCONCLUSIVE, Blame.TOOL)
    IMPORT_ERROR = _Meaning("import-error", Stage.LOAD, _FAILED, Blame.MODEL)
    UNDECLARED_DEPENDENCY = _Meaning("undeclared-dependency", Stage.LOAD, _FAILED, Blame.METADATA)
    DEPENDENCY_NOT_INSTALLED = _Meaning(
        "dependency-not-installed", Stage.LOAD, _INCONCLUSIVE, Blame.ENVIRONMENT
    )
    REFUSED_BY_TOOL = _Meaning("refused-by-tool", Stage.LOAD, _NOT_APPLICABLE, Blame.TOOL)
    WEIGHTS_MISMATCH = _Meaning("weights-mismatch", Stage.LOAD, _FAILED, Blame.MODEL)
    UNSUPPORTED_OPERATOR = _Meaning("unsupported-operator", Stage.LOAD, _FAILED, Blame.TOOL)
    LOAD_FAILED = _Meaning("load-failed", Stage.LOAD, _FAILED, Blame.MODEL)
    # run
    EXCEPTION = _Meaning("exception", Stage.RUN, _FAILED, Blame.MODEL)
    CRASHED = _Meaning("crashed", Stage.RUN, _FAILED, Blame.MODEL, True)
    TIMED_OUT = _Meaning("timed-out", Stage.RUN, _FAILED, Blame.MODEL, True)
    MEMORY_LIMIT = _Meaning("memory-limit", Stage.RUN, _FAILED, Blame.MODEL, True)
    PROCESS_EXITED = _Meaning("process-exited", Stage.RUN, _FAILED, Blame.MODEL, True)
    PROCESS_LIMIT = _Meaning("process-limit", Stage.RUN, _FAILED, Blame.MODEL)
    DISK_LIMIT = _Meaning("disk-limit", Stage.RUN, _FAILED, Blame.MODEL)
    NETWORK_ACCESS = _Meaning("network-access", Stage.RUN, _FAILED, Blame.MODEL)
    UNSUPPORTED_PREPROCESSING = _Meaning("unsupported-preprocessing", Stage.RUN, _FAILED, Blame.TOOL)
    # compare
    WRONG_OUTPUT_COUNT = _Meaning("wrong-output-count", Stage.COMPARE, _FAILED, Blame.MODEL)
    WRONG_SHAPE = _Meaning("wrong-shape", Stage.COMPARE, _FAILED, Blame.MODEL)
    WRONG_DTYPE = _Meaning("wrong-dtype", Stage.COMPARE, _FAILED, Blame.MODEL)
    UNEXPECTED_NAN = _Meaning("unexpected-nan", Stage.COMPARE, _FAILED, Blame.MODEL, True)
    VALUES_DIFFER = _Meaning("values-differ", Stage.COMPARE, _FAILED, Blame.MODEL, True)
    # consistency
    NOT_DETERMINISTIC = _Meaning("not-deterministic", Stage.CONSISTENCY, _INCONCLUSIVE, Blame.TOOL)
    FORMATS_DISAGREE = _Meaning("formats-disagree", Stage.CONSISTENCY, _FAILED, Blame.MODEL)
    DEVICES_DISAGREE = _Meaning("devices-disagree", Stage.CONSISTENCY, _FAILED, Blame.MODEL)
    VARIANT_FAILS = _Meaning("variant-fails", Stage.CONSISTENCY, _FAILED, Blame.METADATA)
    # harness
    NO_REPLY = _Meaning("no-reply", Stage.HARNESS, _INCONCLUSIVE, Blame.INFRASTRUCTURE, True)
    REPLY_MALFORMED = _Meaning("reply-malformed", Stage.HARNESS, _INCONCLUSIVE, Blame.INFRASTRUCTURE, True)
    INTERNAL_ERROR = _Meaning("internal-error", Stage.HARNESS, _INCONCLUSIVE, Blame.INFRASTRUCTURE)

    @property
    def slug(self) -> str:
        """The word that is stored in records."""
        return self.value.slug

    @property
    def stage(self) -> Stage:
        """Where in a cell's life the reason arises."""
        return self.value.stage

    @property
    def status(self) -> Status:
        """The status that a record with this reason has."""
        return self.value.status

    @property
    def blame(self) -> Blame:
        """Who can act, unless the evidence says otherwise."""
        return self.value.blame

    @property
    def spurious(self) -> bool:
        """Whether chance may have caused it, so that it is tried again before it is believed."""
        return self.value.spurious

    @classmethod
    def from_slug(cls, slug: str) -> Reason:
        """The reason with this slug. Raises ValueError for an unknown one."""
        for reason in cls:
            if reason.slug == slug:
                return reason
        raise ValueError(f"unknown reason {slug!r}")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer about one cell. ``reason`` and ``blame`` are None exactly when it passed.

    Raises:
        ValueError: for a combination that the vocabulary forbids, e.g. failed by infrastructure.
    """

    status: Status
    reason: Reason | None = None
    blame: Blame | None = None
    message: str = ""

    def __post_init__(self) -> None:
        passed = self.status is Status.PASSED
        if passed is not (self.reason is None) or passed is not (self.blame is None):
            raise ValueError(
                f"a {self.status.value} verdict with reason {self.reason} and blame {self.blame}"
            )
        if (self.status, self.blame) in _FORBIDDEN:
            raise ValueError(f"{self.status.value} never carries blame {self.blame}")

    @classmethod
    def because(cls, reason: Reason, message: str, *, blame: Blame | None = None) -> Verdict:
        """The verdict of a reason, with the reason's own blame unless the evidence names another."""
        return cls(status=reason.status, reason=reason, blame=blame or reason.blame, message=message)


_FORBIDDEN = frozenset(
    {(Status.FAILED, Blame.INFRASTRUCTURE), (Status.INCONCLUSIVE, Blame.MODEL)},
)

PASSED = Verdict(status=Status.PASSED)
