"""Faults of real descriptions on the lines that their authors have to change."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cell import WeightsFormat
from harness.collection.index import Found
from harness.collection.model import Unreadable, read_model
from harness.github.annotations import LONGEST_MESSAGE, LONGEST_TITLE, annotations_of
from harness.github.message import Annotation, AnnotationLevel
from harness.ledger.record import Record
from harness.verdict import Blame, Reason
from tests.conftest import ROOT
from tests.github.rendered import HOSTILE
from tests.reports.factories import because, make_model, make_record

MODEL = ROOT / "collection" / "nuclei-unet2d"
PATH = "collection/nuclei-unet2d/rdf.yaml"


def unreadable(reason: Reason, message: str) -> Record:
    """The record of a model that could not be read."""
    told = because(reason, message)
    return make_record(model=make_model("nuclei"), weights_format=None, environment=None, **told)


def annotated(folder: Path, edit: Callable[[str], str]) -> list[tuple[str, Annotation]]:
    """The lines of an edited description that are annotated after it was read, with what is said of them."""
    text = edit((MODEL / "rdf.yaml").read_text("utf-8"))
    made = annotated_bytes(folder, text.encode())
    return [(text.splitlines()[each.start_line - 1].strip(), each) for each in made]


def annotated_bytes(folder: Path, content: bytes) -> tuple[Annotation, ...]:
    """What is said of a model with this description after it was read."""
    shutil.copytree(MODEL, folder)
    (folder / "rdf.yaml").write_bytes(content)
    model = read_model(Found(source="nuclei", path=folder))
    assert isinstance(model, Unreadable)
    return annotations_of([unreadable(model.reason, model.message)], path=PATH, content=content)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("license: CC-BY-4.0", "license: mine", "license: mine"),
        ("type: uint16", "type: uint17", "type: uint17"),
        ("name: Bioimage", "nom: Bioimage", "- nom: Bioimage Harness contributors"),
        ("source: test_probability.npy", "source: missing.npy", "test_tensor:"),
        ("287525f4", "00000000", "test_tensor:"),
        ("absolute_tolerance: 0.0001", "absolute_tolerance: wide", "- absolute_tolerance: wide"),
        ("min: 64", "min: 65", "- type: space"),
        ("format_version: 0.5.7", "format_version: 0.3.0", "format_version: 0.3.0"),
        ("covers: [cover.png]", "covers: [cover.png", "documentation: README.md"),
        ("covers: [cover.png]", "name: again", "name: again"),
    ],
)
def test_the_line_is_the_one_to_be_changed(tmp_path: Path, old: str, new: str, line: str) -> None:
    found = annotated(tmp_path / "nuclei", lambda text: text.replace(old, new, 1))
    assert line in [shown for shown, _ in found], [(shown, each.message) for shown, each in found]
    for _, each in found:
        assert each.path == PATH
        assert each.level is AnnotationLevel.FAILURE
        assert each.title.startswith("nuclei: ")


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: ("# " + "x" * 100 + "\n").encode() * 15_000 + text.encode(),
        lambda text: text.replace("Finds", "'Finds\u2028", 1).replace("images.", "images.'", 1).encode(),
    ],
    ids=["CRLF", "BOM", "1.5 MB", "line separators"],
)
def test_however_it_is_written_the_line_is_found(tmp_path: Path, written: Callable[[str], bytes]) -> None:
    content = written((MODEL / "rdf.yaml").read_text("utf-8").replace("license: CC-BY-4.0", "license: mine"))
    found = annotated_bytes(tmp_path / "nuclei", content)
    assert found[0].message.startswith("license: Input should be ")
    assert content.split(b"\n")[found[0].start_line - 1].rstrip() == b"license: mine"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (lambda text: text.replace("  - id:", "\t- id:", 1), "- id: image"),
        (lambda text: text.replace("license:", "license: mine\nlicense:"), "license: CC-BY-4.0"),
        (lambda text: f"# a comment\n{text}\n# {'x' * 5_000_000}", "# a comment"),
    ],
    ids=["a tab", "a key twice", "5 MB"],
)
def test_what_cannot_be_read_is_said_where_it_is(
    tmp_path: Path, written: Callable[[str], str], line: str
) -> None:
    content = written((MODEL / "rdf.yaml").read_text("utf-8")).encode()
    (found,) = annotated_bytes(tmp_path / "nuclei", content)
    assert content.decode().splitlines()[found.start_line - 1].strip() == line


def test_what_an_anchor_names_is_said_where_it_is_used(tmp_path: Path) -> None:
    def anchored(text: str) -> str:
        return text.replace("unit: micrometer", "unit: &u meters", 1).replace(
            "unit: micrometer", "unit: *u", 1
        )

    found = annotated(tmp_path / "nuclei", anchored)
    assert [line for line, _ in found[:2]] == ["unit: &u meters", "unit: *u"]


def test_several_faults_are_each_on_their_line(tmp_path: Path) -> None:
    found = annotated(tmp_path / "nuclei", lambda text: text.replace("unit: micrometer", "units: micrometer"))
    assert [line for line, _ in found] == ["units: micrometer"] * 4
    assert len({each.start_line for _, each in found}) == 4
    assert found[0][1].message.splitlines() == [
        "inputs[0].axes[2].units: Extra inputs are not permitted",
        "Correct the field that the message names (entries of a list are counted from 0), then run again.",
    ]


def test_faults_of_weights_are_on_their_entry() -> None:
    content = (MODEL / "rdf.yaml").read_bytes()
    told = because(Reason.UNDECLARED_DEPENDENCY, "No module named 'einops'")
    record = make_record(weights_format=WeightsFormat.ONNX, **told)
    (annotation,) = annotations_of([record, record], path=PATH, content=content)
    assert content.decode().splitlines()[annotation.start_line - 1].strip() == "onnx:"


@pytest.mark.parametrize(
    "record",
    [
        make_record(),
        make_record(**because(Reason.VALUES_DIFFER)),
        make_record(**because(Reason.DOWNLOAD_FAILED, "field covers[0]: no answer")),
        make_record(**because(Reason.DEPENDENCY_NOT_INSTALLED, blame=Blame.METADATA)),
    ],
)
def test_only_what_the_description_did_is_said_there(record: Record) -> None:
    assert annotations_of([record], path=PATH, content=b"a: 1") == ()


@given(
    st.lists(st.sampled_from([*HOSTILE, "field a.b[0]: x", "; field ", ": line 99999999: "]), max_size=8).map(
        "".join
    )
)
def test_any_message_is_a_remark_that_github_takes(message: str) -> None:
    record = unreadable(Reason.DESCRIPTION_INVALID, message * 50)
    for each in annotations_of([record], path=PATH, content=b"a:\n  b: 1\n"):
        assert 1 <= each.start_line <= 3
        assert len(each.title) <= LONGEST_TITLE
        assert len(each.message) <= LONGEST_MESSAGE
        assert all(line.isprintable() for line in each.message.split("\n"))
        (each.title + each.message).encode()


def test_of_hundreds_of_faults_the_first_are_said() -> None:
    message = "; ".join(f"field f{number}: is wrong" for number in range(300))
    content = "".join(f"f{number}: x\n" for number in range(300)).encode()
    found = annotations_of(
        [unreadable(Reason.DESCRIPTION_INVALID, f"rdf.yaml: {message}")], path=PATH, content=content
    )
    assert [each.start_line for each in found] == list(range(1, 21))
