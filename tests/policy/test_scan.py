from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cell import ModelRef, WeightsFormat
from harness.policy.scan import Allow, OnUnreadable, ScanRules
from tests.policy.cells import CELL

NUCLEI = CELL.model
ONNX = WeightsFormat.ONNX
DIGEST, OTHER = "a1" * 32, "b2" * 32
FINDINGS = ("imports os.system", "imports os.popen", "has the entry 'imports os.system'")


def allow(**changes: Any) -> Allow:
    return Allow(**{"finding": "imports os.*", "why": "reviewed"} | changes)


def digest_that_nobody_needs() -> str:
    raise AssertionError("the file is read")


def test_a_finding_of_any_file() -> None:
    rules = ScanRules(allow=(allow(),))
    assert rules.allowing("imports os.system", digest_that_nobody_needs) == allow()
    assert rules.allowing("imports posix.system", digest_that_nobody_needs) is None
    assert rules.allowing("has the entry 'imports os.system'", digest_that_nobody_needs) is None


def test_a_finding_of_the_file_that_was_reviewed() -> None:
    entry = allow(model="zoo/*", weights="onnx", sha256=DIGEST)
    assert entry.lets_through("imports os.system", lambda: DIGEST)
    assert not entry.lets_through("imports os.system", lambda: OTHER)
    assert not entry.lets_through("imports os.system", str), "a file that cannot be read has no digest"
    assert not entry.lets_through("imports shutil.rmtree", digest_that_nobody_needs)


def test_the_first_entry_that_matches_gives_the_reason() -> None:
    rules = ScanRules(allow=(allow(finding="imports x"), allow(why="first"), allow(why="second")))
    found = rules.allowing("imports os.system", str)
    assert found is not None
    assert found.why == "first"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"finding": " "}, "finding: is empty"),
        ({"finding": "*"}, "finding: begins with a wildcard; begin with the scanner's words"),
        ({"finding": "?mports os.system"}, "finding: begins with a wildcard"),
        ({"finding": "[i]mports os.system"}, "finding: begins with a wildcard"),
        ({"why": ""}, "why: is empty"),
        ({"sha256": "A1" * 32}, "sha256: is no digest of 64 digits"),
        ({"sha256": "a1"}, "sha256: is no digest of 64 digits"),
        (
            {"model": "nuclei"},
            "sha256: is missing, and any model can call itself so; `harness scan`",
        ),
        ({"model": "?*"}, "sha256: is missing"),
        ({"model": ""}, "model: is empty"),
        ({"weights": "onxx"}, "weights: 'onxx' matches none"),
    ],
)
def test_an_entry_that_says_too_little(changes: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        allow(**changes)
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"finding": "imports os.*", "why": "reviewed"} | changes, Allow)


def test_about_weights() -> None:
    mine, other = allow(model="nuclei", sha256=DIGEST), allow(model="cells", sha256=DIGEST)
    rules = ScanRules(unreadable=OnUnreadable.BLOCK, allow=(mine, other, allow(weights="keras_*")))
    assert rules.about(NUCLEI, ONNX) == ScanRules(unreadable=OnUnreadable.BLOCK, allow=(mine,))


def test_what_decides_is_canonical() -> None:
    one, two = allow(sha256=DIGEST, why="one"), allow(finding="imports a.b", why="two")
    text = ScanRules(allow=(one, two)).deciding(NUCLEI, ONNX)
    assert text == f'["no-verdict",["imports a.b",""],["imports os.*","{DIGEST}"]]'
    assert ScanRules(allow=(two, one, two)).deciding(NUCLEI, ONNX) == text
    reworded = msgspec.structs.replace(one, why="in other words")
    assert ScanRules(allow=(reworded, two)).deciding(NUCLEI, ONNX) == text
    assert ScanRules().deciding(NUCLEI, ONNX) == ""
    assert ScanRules(unreadable=OnUnreadable.BLOCK).deciding(NUCLEI, ONNX) == '["block"]'


ENTRIES = st.builds(
    Allow,
    model=st.sampled_from(["*", "a*", "b"]),
    weights=st.sampled_from(["*", "keras_*"]),
    finding=st.sampled_from(["imports os.*", "imports os.system", "has *"]),
    why=st.sampled_from(["w", "v"]),
    sha256=st.sampled_from([DIGEST, OTHER]),
)
RULES = st.builds(
    ScanRules, unreadable=st.sampled_from(OnUnreadable), allow=st.lists(ENTRIES, max_size=3).map(tuple)
)
REFS = st.builds(ModelRef, id=st.sampled_from(["a", "ab", "b"]), source=st.just("s"))
FORMATS = st.sampled_from([ONNX, WeightsFormat.KERAS_V3])


@given(RULES, RULES, REFS, FORMATS)
def test_what_may_change_a_verdict_changes_the_key(
    before: ScanRules, after: ScanRules, model: ModelRef, weights: WeightsFormat
) -> None:
    if before.deciding(model, weights) != after.deciding(model, weights):
        return
    mine, others = before.about(model, weights), after.about(model, weights)
    assert mine.unreadable is others.unreadable
    for finding in FINDINGS:
        for digest in (DIGEST, OTHER):
            let_through = [rules.allowing(finding, lambda: digest) is not None for rules in (mine, others)]  # noqa: B023
            assert let_through[0] is let_through[1]


@given(RULES, ENTRIES, REFS, FORMATS)
def test_an_entry_about_other_weights_changes_no_key(
    rules: ScanRules, entry: Allow, model: ModelRef, weights: WeightsFormat
) -> None:
    more = msgspec.structs.replace(rules, allow=(*rules.allow, entry))
    if not entry.covers(model, weights):
        assert more.deciding(model, weights) == rules.deciding(model, weights)
