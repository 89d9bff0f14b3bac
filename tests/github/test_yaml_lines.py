"""Where a field is, in descriptions as authors write them and as enemies do."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.github import yaml_lines
from harness.github.yaml_lines import YamlLines

DESCRIPTION = b"""\
# a comment
format_version: 0.5.7
inputs:
  - id: image
    axes: &axes
      - {type: batch}
      - type: space
        id: y
        size:
          min: 64
  - {id: mask, axes: *axes, data: {type: uint8}}
outputs:
  - name: old
    <<: &more
      description: x
    data:
      type: float32
  - <<: [*more, {halo: 3}]
weights:
  "onnx":
    source: weights.onnx
    sha256: abc
"""


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("format_version", 2),
        ("inputs", 3),
        ("inputs[0]", 4),
        ("inputs[0].axes", 5),
        ("inputs[0].axes[1].size.min", 10),
        ("inputs.0.axes.1.size.min", 10),
        ("inputs[image].axes[y].size", 9),
        ("inputs[1].axes", 11),
        ("inputs[1].axes[1].size", 9),  # what the alias names
        ("inputs[1].data.type", 11),
        ("outputs[old].data.type", 17),
        ("outputs[0].description", 15),
        ("outputs[1].description", 15),
        ("outputs[1].halo", 18),
        ("weights.onnx.source", 21),
        # what is missing: its nearest parent that is there
        ("weights.onnx.opset_version", 20),
        ("inputs[0].axes[1].size.step", 9),
        ("inputs[7].axes", 3),
        ("inputs[99999999999999999999]", 3),
        ("inputs[0].axes[1].id.more", 8),
        ("description", 1),
        ("", 1),
        ("..[[]]..", 1),
    ],
)
def test_field_is_found(field: str, line: int) -> None:
    assert YamlLines(DESCRIPTION).line_of(field) == line


@pytest.mark.parametrize(("line", "clamped"), [(-1, 1), (0, 1), (5, 5), (10**9, 23)])
def test_a_line_is_one_of_the_file(line: int, clamped: int) -> None:
    assert YamlLines(DESCRIPTION).clamped(line) == clamped


def test_of_what_is_no_yaml_the_begin_is_known() -> None:
    lines = YamlLines(b"name: a\ninputs:\n  - id: x\n    axes: [\n  - b: ]]\n")
    assert lines.line_of("inputs[0].id") == 3


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", 2),
        ("\ufeff", 2),
        ("# a comment\r\n\r\n", 4),
        ("description: 'a\u2028b\u0085c\u2029d'\n", 3),  # for YAML these are ends of lines
        ("# \N{MICROSCOPE}\n", 3),  # two units of UTF-16, four bytes
        ("license: MIT\nlicense: mine\n", 4),  # twice: what comes after is where it is
        (f"# {'x' * 1_900_000}\n", 3),
    ],
)
def test_lines_are_those_of_a_difference(before: str, line: int) -> None:
    content = f"{before}inputs:\n- id: image\n  axes: 3\n".encode()
    assert content.split(b"\n")[line - 1].startswith(b"- id")
    assert YamlLines(content).line_of("inputs[0]") == line


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_with_and_without_libyaml(loader: type[yaml.SafeLoader], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_lines, "_LOADER", loader)
    content = "\ufeff# \N{MICROSCOPE}\r\na: 'b\u2028c'\r\ninputs:\r\n- &x {id: image}\r\n- *x\r\n".encode()
    lines = YamlLines(content)
    assert [lines.line_of(field) for field in ("a", "inputs", "inputs[0].id", "inputs[1]")] == [2, 3, 4, 5]


LAUGHS = b"a0: &a0 [x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 30)
)
MERGES = b"m0: &m0 {x: 1}\n" + b"".join(
    b"m%d: &m%d {<<: [%s]}\n" % (n, n, b", ".join([b"*m%d" % (n - 1)] * 10)) for n in range(1, 30)
)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 1_000_000,
        b"{a: " * 100_000,
        b"- " * 500_000,
        LAUGHS,
        MERGES,
        b"a: &a {<<: *a}\n",
        b"a: &a [*a]\n",
        b"? {b: c}\n: d\n? [e]\n: f\n",
        b"*nothing\n",
        b"a: !!python/object/apply:os.system [exit 1]\n",
        b"\xff\xfe\x00a",
        b"x: 1\n" * 400_000,
        b"%YAML 9.9\n---\na: b\n",
        b"",
    ],
)
def test_nothing_takes_long_or_runs(content: bytes) -> None:
    begun = time.monotonic()
    lines = YamlLines(content)
    for field in ("a", "a[0].a[0]", "m29.y.z", "a29" + "[0]" * 90, "a." * 50):
        assert 1 <= lines.line_of(field) <= content.count(b"\n") + 1
    assert time.monotonic() - begun < 10


@given(st.binary(max_size=200) | st.text("ab:-[]{}&*<!?|>'\" \n", max_size=80).map(str.encode))
def test_any_bytes_have_lines(content: bytes) -> None:
    assert 1 <= YamlLines(content).line_of("a[0].b") <= content.count(b"\n") + 1


NAMES = st.text("abc", min_size=1, max_size=3)
VALUES = st.recursive(
    st.just("value"),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), st.data())
def test_every_value_is_found_where_it_was_written(content: dict[str, object], data: st.DataObject) -> None:
    node: object = content
    field = ""
    while isinstance(node, (dict, list)):
        if isinstance(node, dict):
            name = data.draw(st.sampled_from(sorted(node)))
            field, node = f"{field}.{name}", node[name]
        else:
            index = data.draw(st.integers(0, len(node) - 1))
            field, node = f"{field}[{index}]", node[index]
    marked = yaml.safe_dump(content, default_flow_style=False)
    leaf = yaml.compose(marked, Loader=yaml.SafeLoader)
    for step in field.lstrip(".").replace("[", ".").replace("]", "").split("."):
        assert leaf is not None
        if isinstance(leaf, yaml.MappingNode):
            leaf = next(value for key, value in leaf.value if key.value == step)
        elif isinstance(leaf, yaml.SequenceNode):
            leaf = leaf.value[int(step)]
    assert isinstance(leaf, yaml.ScalarNode)
    assert YamlLines(marked.encode()).line_of(field) == leaf.start_mark.line + 1
