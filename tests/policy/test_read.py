from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cell import WeightsFormat
from harness.collection.description_yaml import FILE_NAMES
from harness.errors import ConfigurationError
from harness.isolation import Level as IsolationLevel
from harness.limits import Limits
from harness.policy import DEFAULT, Level, Policy, find_policy, read_policy
from harness.policy.read import DESCRIPTIONS
from harness.verdict import Check
from tests.conftest import ROOT
from tests.policy.cells import CELL

RULE = '[[rule]]\nlevel = "advisory"\nwhy = "w"\n'
ALLOW = '[[scan.allow]]\nfinding = "calls *"\nwhy = "w"\n'
WAIVER = '[[waiver]]\nreasons = ["crashed"]\nowner = "@o"\nwhy = "w"\nexpires = 2026-12-31\n'


def policy_of(folder: Path, text: str, *, schema: str = "schema = 1\n") -> Policy:
    path = folder / "policy.toml"
    path.write_text(schema + text, "utf-8")
    return read_policy(path)


def test_an_empty_policy_is_the_default_one(tmp_path: Path) -> None:
    assert policy_of(tmp_path, "") == DEFAULT
    assert policy_of(tmp_path, "[checks]\n[tolerance]\nfloor = {}\n").deciding() == {}


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "policy.md").read_text("utf-8"), re.DOTALL)
    policy = policy_of(tmp_path, example, schema="")
    assert [rule.level for rule in policy.rules] == [Level.ADVISORY, Level.QUARANTINED]
    assert policy.waivers[0].expires == datetime.date(2026, 12, 31)
    assert policy.required_checks == {Check.DETERMINISM, Check.AGREEMENT}
    assert policy.bounded(0, 1, 1e6) == (1e-6, 0.1, 1000)
    assert policy.limits[0].limits == Limits(seconds=1800, memory_bytes=16 * 1024**3)
    assert policy.isolation.chosen("auto") is IsolationLevel.SANDBOX
    assert policy.verify_files
    assert policy.notify.issues == ("stardist",)
    assert [entry.weights for entry in policy.scan.allow] == ["tensorflow_*"]


def test_the_policy_of_the_projects_own_collection(collection: Path) -> None:
    path = find_policy(str(collection), None)
    assert path == collection / "policy.toml"
    policy = read_policy(path)
    assert policy.level_of(CELL)[0] is Level.REQUIRED
    assert policy.waivers == ()
    assert policy.bounded(0.01, 1e-3, 100) == (0.01, 1e-3, 100), "no sample model needs more"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RULE * 2 + 'levle = "x"', "rule 2: field levle: is unknown; known: model, weights, .*, why$"),
        (
            RULE.replace("advisory", "optional"),
            "rule 1: field level: 'optional' is none of them; known: requ",
        ),
        (RULE.replace('"advisory"', "3"), "rule 1: field level: expected `str`, got `int`$"),
        (RULE.replace('"w"', '""'), "rule 1: field why: is empty$"),
        ('[[rule]]\nlevel = "advisory"', "rule 1: field why: is missing$"),
        (RULE + 'weights = "onxx"', "rule 1: field weights: 'onxx' matches none; known: .*, onnx,"),
        ('[rule]\nlevel = "advisory"', r"field rule: is no list; write each one below its own \[\[rule\]\]$"),
        ("rule = [3]", "rule 1: expected `object`, got `int`$"),
        (WAIVER + WAIVER.replace("crashed", "bored"), "waiver 2: field reasons: 'bored' is no reason"),
        (WAIVER.replace('["crashed"]', "[3]"), r"waiver 1: field reasons\[0\]: expected `str`, got `int`$"),
        (WAIVER.replace('owner = "@o"', ""), "waiver 1: field owner: is missing$"),
        (WAIVER.replace('why = "w"', ""), "waiver 1: field why: is missing$"),
        (WAIVER.replace("expires = 2026-12-31", ""), "waiver 1: field expires: is missing$"),
        (
            WAIVER.replace("2026-12-31", '"soon"'),
            "waiver 1: field expires: is no date; write it like 2026-12-31",
        ),
        (WAIVER.replace("2026-12-31", "2026-12-31T00:00:00"), "waiver 1: field expires: is no date"),
        ("[[limits]]\nhours = 1", "limits 1: field hours: is unknown; known: .*, seconds,"),
        ("[[limits]]\nseconds = nan", "limits 1: field seconds: nan is no number above 0$"),
        ('[[limits]]\nmemory_bytes = "4 GiB"', "limits 1: field memory_bytes: expected `int`, got `str`$"),
        ('[[limits]]\nmodel = "m"', "limits 1: states no limit; known: seconds, "),
        ('[checks]\nrequired = ["runs"]', "field checks.required: 'runs' is always required; leave it out"),
        (
            '[checks]\nrequired = ["ran"]',
            r"field checks.required\[0\]: 'ran' is none of them; known: as-called",
        ),
        ("[notify]\nissue = []", "field notify.issue: is unknown; known: issues$"),
        ('[notify]\nissues = [" "]', "field notify.issues: is empty$"),
        ('[notify]\nissues = "stardist"', "field notify.issues: expected `array`, got `str`$"),
        ("[checks]\nneeded = []", "field checks.needed: is unknown; known: required$"),
        ("[tolerance]\nflor = {}", "field tolerance.flor: is unknown; known: floor, ceiling$"),
        ("[tolerance]\nfloor = {abs = 1}", "field tolerance.floor.abs: is unknown; known: atol, rtol, ppm$"),
        ("[tolerance]\nfloor = {atol = inf}", "field tolerance.floor.atol: inf is no number of 0 or more$"),
        (
            "[tolerance]\nfloor = {atol = 2}\nceiling = {atol = 1}",
            "field tolerance.floor.atol: 2 is above the ceiling, 1$",
        ),
        (
            '[isolation]\nlevel = "vm"',
            "field isolation.level: 'vm' is none of them; known: process, sandbox, container$",
        ),
        (
            '[isolation]\ncontainer = "cold"',
            "field isolation.container: 'cold' is none of them; known: warm,",
        ),
        ("[isolation]\nlevels = []", "field isolation.levels: is unknown; known: level, container$"),
        ('verify_files = "yes"', "field verify_files: expected `bool`, got `str`$"),
        (
            '[scan]\nunreadable = "load"',
            "field scan.unreadable: 'load' is none of them; known: no-verdict, block, allow$",
        ),
        ("[scan]\nallowed = []", "field scan.allowed: is unknown; known: unreadable, allow$"),
        (
            "[scan.allow]\n",
            r"field scan.allow: is no list; write each one below its own \[\[scan.allow\]\]$",
        ),
        (ALLOW + ALLOW.replace('why = "w"', ""), "scan.allow 2: field why: is missing$"),
        (ALLOW.replace('"calls *"', "3"), "scan.allow 1: field finding: expected `str`, got `int`$"),
        (ALLOW + 'model = "m"', "scan.allow 1: field sha256: is missing, and any model can call itself so; "),
        (
            ALLOW + 'device = "cpu"',
            "scan.allow 1: field device: is unknown; known: model, weights, find",
        ),
        (
            "rules = []",
            "field rules: is unknown; known: schema, rule, waiver, checks, limits, tolerance, isolation, ver",
        ),
        (
            'required_devices = ["gpu"]',
            r"field required_devices\[0\]: 'gpu' is none of them; known: ",
        ),
        ("as_described = 1", "field as_described: expected `bool`, got `int`$"),
        ("rule =", "is no TOML: "),
        ("a = " + "[" * 100_000, "is no TOML: "),
    ],
)
def test_what_is_wrong_is_named_with_file_entry_and_field(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=rf"policy\.toml: {message}"):
        policy_of(tmp_path, text)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("", "field schema: is missing; write `schema = 1`"),
        ("schema = 2\n", "field schema: is 2, this harness reads 1"),
        ("schema = '1'\n", "field schema: expected `int`, got `str`"),
    ],
)
def test_a_schema_that_nobody_knows(schema: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=rf"policy\.toml: {message}$"):
        policy_of(tmp_path, "", schema=schema)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"policy\.toml: cannot be read \(No such file"):
        read_policy(tmp_path / "policy.toml")
    (tmp_path / "policy.toml").write_bytes(b"# \xff")
    with pytest.raises(ConfigurationError, match=r"policy\.toml: is not UTF-8 \(byte 2\)"):
        read_policy(tmp_path / "policy.toml")


SNIPPETS = st.sampled_from(
    [
        RULE,
        WAIVER,
        ALLOW,
        "[checks]\n",
        "[tolerance]\n",
        "[isolation]\n",
        "[scan]\n",
        "[[limits]]\n",
        "a.b = 1\n",
        "\n",
    ]
)
VALUES = st.sampled_from(
    ["1", "-1", "nan", '"x"', '"*"', "[]", "[{}]", "{}", "{atol = 1}", "true", "2026-01-01"]
)
NAMES = st.sampled_from(
    [
        "rule",
        "model",
        "level",
        "reasons",
        "required",
        "floor",
        "seconds",
        "schema",
        '"a` - at `$.x"',
        "why",
        "scan",
        "scan.allow",
        "unreadable",
        "isolation.level",
        "verify_files",
    ]
)
LINES = st.builds("{} = {}\n".format, NAMES, VALUES)


@given(st.lists(SNIPPETS | LINES, max_size=6))
def test_no_text_is_worse_than_a_configuration_error(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        policy_of(folder, "".join(lines))
    except ConfigurationError as error:
        assert str(error).startswith(f"{folder / 'policy.toml'}: ")  # noqa: PT017


def test_where_a_policy_is_looked_for(tmp_path: Path) -> None:
    policy, chosen = tmp_path / "policy.toml", tmp_path / "other.toml"
    index = tmp_path / "index.json"
    for collection in (tmp_path, index):
        assert find_policy(str(collection), None) is None
    policy.touch()
    for collection in (tmp_path, index):
        assert find_policy(str(collection), None) == policy
        assert find_policy(str(collection), chosen) == chosen
    for elsewhere in (tmp_path / "model", tmp_path / "m.zip", tmp_path / "rdf.yaml"):
        assert find_policy(str(elsewhere), None) is None
    assert find_policy("https://example.org/index.json", None) is None
    policy.unlink()
    policy.symlink_to("gone")
    assert find_policy(str(tmp_path), None) == policy, "a link that leads nowhere is told, not passed over"


@pytest.mark.parametrize("name", FILE_NAMES)
def test_no_model_excuses_itself(name: str, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").touch()
    (tmp_path / name).touch()
    assert find_policy(str(tmp_path), None) is None
    assert name in DESCRIPTIONS


def test_globs_of_weights_are_words_of_the_format(tmp_path: Path) -> None:
    for weights in WeightsFormat:
        policy = policy_of(tmp_path, f'{RULE}weights = "{weights.value}"')
        assert policy.rules[0].weights == weights.value
