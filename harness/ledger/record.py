"""The schema of one record (a contract: ``harness results --format json`` prints exactly these keys).

Records hold no reference cycles, so the garbage collector need not look at them (``gc=False``): it would take
longer than reading a large ledger.
"""

from __future__ import annotations

import math

import msgspec

from harness.cell import Cell, ConsumerRef, Depth, Device, EnvironmentRef, ModelRef, WeightsFormat
from harness.verdict import Blame, Check, CheckStatus, Reason, Stage, Status, Verdict

SCHEMA = 1


class CheckResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer of one check; ``reason`` is the slug of why it did not pass.

    ``seconds`` is wall time; ``peak_memory_bytes`` is the worker's largest resident set up to then, 0 where
    the check ran nothing.
    """

    name: Check
    status: CheckStatus
    seconds: float = 0.0
    message: str = ""
    peak_memory_bytes: int = 0
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.reason is not None:
            Reason.from_slug(self.reason)


class OutputResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One output tensor against its expected one.

    ``max_abs_diff``, ``max_rel_diff`` and ``headroom`` are None where no finite number tells them (wrong
    shape, NaN, label maps). ``max_rel_diff`` is relative to ``|expected| + 1e-6``, as the reference runtime
    reports it. ``headroom`` is the share of the tolerance that the worst element left: 1 is equal, 0 at the
    limit, less than 0 beyond it (which ``allowed_ppm`` may permit). ``mismatched_ppm`` and ``allowed_ppm``
    count elements per million. ``comparison`` is "values" or "partition" (label maps, up to renumbering).
    ``worst_at`` is the index of the element that used most of its tolerance, ``kind`` a guess in words at
    what kind of difference it is, both only where the comparison failed.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    max_abs_diff: float | None
    max_rel_diff: float | None
    mismatched_ppm: float
    atol: float
    rtol: float
    allowed_ppm: float
    headroom: float | None
    comparison: str = "values"
    expected_shape: tuple[int, ...] = ()
    expected_dtype: str = ""
    message: str = ""
    worst_at: tuple[int, ...] = ()
    kind: str = ""

    def __post_init__(self) -> None:
        for field in ("max_abs_diff", "max_rel_diff", "headroom"):
            if (number := getattr(self, field)) is not None and not math.isfinite(number):
                raise ValueError(f"output {self.name}: field {field}: JSON has no {number}; store None")


class Agreement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A cell's outputs against those of other weights or another device of the same model in the same tool.

    ``max_abs_diff`` is None where no finite number tells it. ``atol`` and ``rtol`` are the widest tolerances
    that any output was allowed, None where none was compared. ``reproduces``: whether the other cell gave the
    declared outputs, None where a record does not tell.
    """

    weights_format: WeightsFormat
    device: Device
    agrees: bool
    max_abs_diff: float | None
    atol: float | None = None
    rtol: float | None = None
    reproduces: bool | None = None

    def __post_init__(self) -> None:
        if self.max_abs_diff is not None and not math.isfinite(self.max_abs_diff):
            raise ValueError(f"field max_abs_diff: JSON has no {self.max_abs_diff}; store None")


class Artifact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A file kept beside the ledger; ``path`` is relative to ``DIR/artifacts``.

    ``kind`` is log, build-log, cover, picture (of a difference) or array (``.npy``); ``title`` tells files of
    one kind apart, e.g. "probability: produced".
    """

    kind: str
    path: str
    bytes: int
    title: str = ""


class HarnessRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which harness made a record; ``commit`` is empty where it is not known."""

    version: str
    commit: str = ""


class Machine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The machine that a cell ran on, as far as results can depend on it; nothing that names its owner."""

    system: str = ""
    processor: str = ""
    processors: int = 0
    memory_bytes: int = 0
    python: str = ""
    gpu: str = ""


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the pages tell of a model beyond its reference, so that views need the ledger alone."""

    name: str = ""
    description: str = ""
    format_version: str = ""
    license: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution of one cell. See the module ``harness.verdict`` for the vocabulary.

    ``peak_device_memory_bytes`` is what the model had of its GPU's memory, 0 where nobody tells.
    ``limits`` are those of one attempt, by the names of ``harness.limits.Limits``; ``repeat`` is how often
    the declared inputs were run in it; ``collection`` is where ``model.source`` was found, as it was given.

    Raises:
        ValueError: an unknown reason, or a combination that ``Verdict`` refuses.
    """

    schema: int = SCHEMA
    key: str
    run: str
    model: ModelRef
    weights_format: WeightsFormat | None
    consumer: ConsumerRef
    depth: Depth
    environment: EnvironmentRef | None
    device: Device
    status: Status
    reason: str | None
    blame: Blame | None
    stage: Stage | None
    message: str
    hint: str
    checks: tuple[CheckResult, ...] = ()
    outputs: tuple[OutputResult, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    peak_device_memory_bytes: int = 0
    attempts: int = 1
    started_at: str = ""
    harness: HarnessRef
    run_url: str = ""
    artifacts: tuple[Artifact, ...] = ()
    threads: int = 1
    repeat: int = 1
    limits: dict[str, float] = {}
    collection: str = ""
    isolation: str = "process"
    platform: str = ""
    machine: Machine = Machine()
    model_info: ModelInfo = ModelInfo()

    def __post_init__(self) -> None:
        reason = None if self.reason is None else Reason.from_slug(self.reason)
        Verdict(status=self.status, reason=reason, blame=self.blame)  # refuses what no verdict may be

    @property
    def cell(self) -> Cell:
        """The unit of work that the record is about."""
        return Cell(
            model=self.model,
            weights_format=self.weights_format,
            consumer=self.consumer,
            environment=self.environment,
            device=self.device,
        )

    def check(self, name: Check) -> CheckResult | None:
        """The result of one check, None if the record has none of that name."""
        return next((check for check in self.checks if check.name is name), None)
