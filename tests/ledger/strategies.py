"""Any record that the schema allows, for property-based tests."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st

from harness.cell import Backend, ConsumerRef, Depth, Device, EnvironmentRef, ModelRef, WeightsFormat
from harness.ledger.record import (
    Agreement,
    Artifact,
    CheckResult,
    HarnessRef,
    Machine,
    ModelInfo,
    OutputResult,
    Record,
)
from harness.verdict import Blame, Check, CheckStatus, Reason, Stage, Status

T = TypeVar("T", bound=msgspec.Struct)

TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 2**63)
SHAPES = st.lists(COUNTS, max_size=3).map(tuple)
SLUGS = st.sampled_from([reason.slug for reason in Reason])


def every(kind: type[T], /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Structs of a kind; a field for which nothing is said is an error, so that none is forgotten."""
    assert set(fields) == set(kind.__struct_fields__), kind
    return st.builds(kind, **fields)


def few(values: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    """None to two of them."""
    return st.lists(values, max_size=2).map(tuple)


CHECKS = every(
    CheckResult,
    name=st.sampled_from(Check),
    status=st.sampled_from(CheckStatus),
    seconds=NUMBERS,
    message=TEXT,
    peak_memory_bytes=COUNTS,
    reason=st.none() | SLUGS,
)
OUTPUTS = every(
    OutputResult,
    name=TEXT,
    shape=SHAPES,
    dtype=TEXT,
    max_abs_diff=st.none() | NUMBERS,
    max_rel_diff=st.none() | NUMBERS,
    mismatched_ppm=NUMBERS,
    atol=NUMBERS,
    rtol=NUMBERS,
    allowed_ppm=NUMBERS,
    headroom=st.none() | NUMBERS,
    comparison=st.sampled_from(["values", "partition"]),
    expected_shape=SHAPES,
    expected_dtype=TEXT,
    message=TEXT,
    worst_at=SHAPES,
    kind=TEXT,
)
AGREEMENTS = every(
    Agreement,
    weights_format=st.sampled_from(WeightsFormat),
    device=st.sampled_from(Device),
    agrees=st.booleans(),
    max_abs_diff=st.none() | NUMBERS,
    atol=st.none() | NUMBERS,
    rtol=st.none() | NUMBERS,
    reproduces=st.none() | st.booleans(),
)
VERDICTS = st.just((Status.PASSED, None, None)) | st.tuples(
    st.sampled_from([Status.FAILED, Status.INCONCLUSIVE, Status.NOT_APPLICABLE]),
    SLUGS,
    st.sampled_from([Blame.METADATA, Blame.ENVIRONMENT, Blame.TOOL]),
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record with any value in every field."""
    status, reason, blame = draw(VERDICTS)
    return draw(
        every(
            Record,
            schema=st.just(1),
            key=TEXT,
            run=TEXT,
            model=every(ModelRef, id=TEXT, version=TEXT, sha256=TEXT, source=TEXT),
            weights_format=st.none() | st.sampled_from(WeightsFormat),
            consumer=every(ConsumerRef, name=TEXT, version=TEXT),
            depth=st.sampled_from(Depth),
            environment=st.none()
            | every(EnvironmentRef, name=TEXT, backend=st.sampled_from(Backend), digest=TEXT),
            device=st.sampled_from(Device),
            status=st.just(status),
            reason=st.just(reason),
            blame=st.just(blame),
            stage=st.none() | st.sampled_from(Stage),
            message=TEXT,
            hint=TEXT,
            checks=few(CHECKS),
            outputs=few(OUTPUTS),
            agreement=few(AGREEMENTS),
            seconds=NUMBERS,
            peak_memory_bytes=COUNTS,
            peak_device_memory_bytes=COUNTS,
            attempts=COUNTS,
            started_at=TEXT,
            harness=every(HarnessRef, version=TEXT, commit=TEXT),
            run_url=TEXT,
            artifacts=few(every(Artifact, kind=TEXT, path=TEXT, bytes=COUNTS, title=TEXT)),
            threads=COUNTS,
            repeat=COUNTS,
            limits=st.dictionaries(TEXT, NUMBERS, max_size=2),
            collection=TEXT,
            isolation=TEXT,
            platform=TEXT,
            machine=every(
                Machine,
                system=TEXT,
                processor=TEXT,
                processors=COUNTS,
                memory_bytes=COUNTS,
                python=TEXT,
                gpu=TEXT,
            ),
            model_info=every(
                ModelInfo,
                name=TEXT,
                description=TEXT,
                format_version=TEXT,
                license=TEXT,
                authors=few(TEXT),
                tags=few(TEXT),
            ),
        )
    )


RECORDS = records()
