"""What a policy says, and the questions that are asked of it (pure)."""

from __future__ import annotations

import datetime
from enum import Enum

import msgspec

from harness.cell import Cell, Device
from harness.limits import Limits, layered
from harness.policy.bounds import Bounds
from harness.policy.isolation import Isolation
from harness.policy.match import Match, refuse_blank
from harness.policy.notify import Notify
from harness.policy.scan import ScanRules
from harness.verdict import Check, Reason, Status

SCHEMA = 1
FINDINGS = (Check.AS_CALLED, Check.DETERMINISM, Check.AGREEMENT)  # all other checks are always required
_TOLERANCE, _CHECKS = "policy.tolerance", "policy.checks"


class Level(str, Enum):
    """What a cell means to the gate."""

    REQUIRED = "required"
    ADVISORY = "advisory"
    QUARANTINED = "quarantined"


class Versions(str, Enum):
    """Which versions of an environment are run, where it has several."""

    ALL = "all"
    FIRST = "first"  # the one that users get


class Rule(Match, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The level of the cells that it matches.

    Raises:
        ValueError: it does not say why.
    """

    level: Level
    why: str

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_blank("why", self.why)


class Waiver(Match, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Known failures of required cells that do not block for a time.

    Attributes:
        reasons: slugs; a cell that is red for another reason still blocks.
        owner: who looks after it, e.g. "@octocat".
        why: what is known.
        expires: the last day (UTC) on which it holds.

    Raises:
        ValueError: it names no reason, one that turns no cell red, or neither owner nor why.
    """

    reasons: tuple[str, ...]
    owner: str
    why: str
    expires: datetime.date

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_blank("owner", self.owner)
        refuse_blank("why", self.why)
        unknown = [slug for slug in self.reasons if slug not in _WAIVABLE]
        if unknown or not self.reasons:
            what = f"{unknown[0]!r} is no reason of a failed or inconclusive cell" if unknown else "is empty"
            raise ValueError(f"reasons: {what}; known: {', '.join(_WAIVABLE)}")

    def holds(self, today: datetime.date) -> bool:
        """Whether it has not expired."""
        return today <= self.expires

    @property
    def words(self) -> str:
        """What it waives until when, and why."""
        return (
            f"({self.cells}): {', '.join(self.reasons)} until {self.expires} by {self.owner}, "
            f"because {_line(self.why)}"
        )


class Checks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Findings that are required beside the checks that always are.

    Raises:
        ValueError: a check that is no finding.
    """

    required: tuple[Check, ...] = ()

    def __post_init__(self) -> None:
        for check in self.required:
            if check not in FINDINGS:
                raise ValueError(
                    f"required: {check.value!r} is always required; leave it out; "
                    f"known: {', '.join(finding.value for finding in FINDINGS)}"
                )


class LimitsRule(Match, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the cells that it matches; the fields are those of :class:`harness.limits.Limits`.

    Raises:
        ValueError: it states no limit, or one that is not above zero.
    """

    seconds: float | None = None
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    file_bytes: int | None = None
    disk_bytes: int | None = None
    log_bytes: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.limits.stated():
            raise ValueError(f"states no limit; known: {', '.join(Limits.__struct_fields__)}")

    @property
    def limits(self) -> Limits:
        """What it states."""
        return Limits(**{name: getattr(self, name) for name in Limits.__struct_fields__})


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole policy; an empty one requires every cell, and neither waives nor bounds anything.

    ``verify_files`` says to hash every file in every run, whatever is known of it.
    ``as_described`` says whether weights also run in what their authors declare.
    ``required_devices``: where one of them cannot be used, its cells have no verdict; else they are left out.
    ``versions`` says which run of an environment that has several.
    """

    schema: int = SCHEMA
    rules: tuple[Rule, ...] = msgspec.field(default=(), name="rule")
    waivers: tuple[Waiver, ...] = msgspec.field(default=(), name="waiver")
    checks: Checks = Checks()
    limits: tuple[LimitsRule, ...] = ()
    tolerance: Bounds = Bounds()
    isolation: Isolation = Isolation()
    verify_files: bool = False
    scan: ScanRules = ScanRules()
    as_described: bool = False
    required_devices: tuple[Device, ...] = ()
    versions: Versions = Versions.ALL
    notify: Notify = Notify()

    def level_of(self, cell: Cell, default: Level = Level.REQUIRED) -> tuple[Level, str]:
        """The level of a cell, and what decided it in words: the first rule that matches, else its tool."""
        for number, rule in enumerate(self.rules, start=1):
            if rule.matches(cell):
                return (
                    rule.level,
                    f"rule {number} ({rule.cells}): {rule.level.value}, because {_line(rule.why)}",
                )
        if default is not Level.REQUIRED:
            return default, f"no rule matches: {default.value}, as {cell.consumer.name} asks for itself"
        return Level.REQUIRED, "no rule matches: required"

    def without_names(self) -> Policy:
        """What it says of a model whose name nobody has reviewed: a model chooses its own."""
        return msgspec.structs.replace(
            self,
            rules=tuple(rule for rule in self.rules if not rule.is_about_names),
            waivers=tuple(waiver for waiver in self.waivers if not waiver.is_about_names),
        )

    def limits_for(self, cell: Cell) -> Limits:
        """What the policy states for a cell: of every entry that matches, the later one wins."""
        return layered(*(entry.limits for entry in self.limits if entry.matches(cell)))

    @property
    def required_checks(self) -> frozenset[Check]:
        """Findings without which a cell does not pass."""
        return frozenset(self.checks.required)

    def bounded(self, atol: float, rtol: float, ppm: float) -> tuple[float, float, float]:
        """A description's tolerance within the bounds of the policy."""
        return self.tolerance.bounded(atol, rtol, ppm)

    def deciding(self) -> dict[str, str]:
        """What can change any verdict, as text for the cells' keys; empty where the policy changes none.

        Levels, waivers, limits, isolation and who is told are not in it: to change them, nothing has to run
        again.
        """
        texts = {}
        if self.tolerance != Bounds():
            texts[_TOLERANCE] = msgspec.json.encode(self.tolerance, order="sorted").decode()
        if self.required_checks:
            texts[_CHECKS] = " ".join(sorted(check.value for check in self.required_checks))
        return texts

    def deciding_for(self, cell: Cell) -> str:
        """What can change the verdict of this cell alone, as text for its key; empty if nothing does."""
        return self.scan.deciding(cell.model, cell.weights_format) if cell.weights_format else ""

    def decided(self, settings: dict[str, str]) -> bool:
        """Whether keys with these settings are of cells that were judged by this policy."""
        mine = {name: settings[name] for name in (_TOLERANCE, _CHECKS) if name in settings}
        return mine == self.deciding()


DEFAULT = Policy()

_WAIVABLE = tuple(reason.slug for reason in Reason if reason.status in (Status.FAILED, Status.INCONCLUSIVE))


def _line(text: str) -> str:
    return " ".join(text.split())
