"""Whatever a declared file holds: an answer, never an exception; and what is equal stays equal."""

from __future__ import annotations

import codecs

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from harness.environments.declared.declaration import Declaration, Reading, RefusedError, quoted
from harness.environments.declared.read import MANAGERS, MAX_BYTES, read

NAMES = st.sampled_from(
    ["numpy", "Torch_Vision", "scikit.image", "python", "pip", "pytorch", "_libgcc_mutex"]
)
VERSIONS = st.sampled_from(["1", "1.2", "3.10", "2.4.0+cu118", "1.*", "3.9.7", "0.1b1", "", "x", "1!2"])
OPERATORS = st.sampled_from(["", "=", "==", "===", ">=", "<", "!=", "~=", " ", "=>", "::", "@"])
BUILDS = st.sampled_from(["", "=py38_0", " py38_0", "=*cuda*", "; python_version < '3.11'", "[extra]", " #"])
PACKAGES = st.tuples(NAMES, OPERATORS, VERSIONS, BUILDS).map("".join)
OPTIONS = st.sampled_from(
    [
        "-e .",
        "-r a.txt",
        "--extra-index-url https://a:b@c.org",
        "-f",
        "--pre",
        "--hash=sha256:a",
        "'",
        "-",
        "--",
    ]
)
LINES = PACKAGES | OPTIONS | st.text(max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | LINES
ENTRIES = st.lists(SCALARS | st.dictionaries(st.sampled_from(["pip", "conda"]), st.lists(LINES) | SCALARS))
FILES = st.dictionaries(
    st.sampled_from(["name", "prefix", "channels", "dependencies", "variables", "platforms"]) | st.text(),
    ENTRIES | SCALARS | st.lists(PACKAGES, min_size=1),
)
CONDA_FILES = FILES.map(lambda content: yaml.safe_dump(content).encode())
PIP_FILES = st.lists(LINES).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass"))


def answer(manager: str, data: bytes) -> Reading | RefusedError:
    try:
        return read(manager, data, shown="file")
    except RefusedError as refused:
        return refused


@given(st.sampled_from(MANAGERS), CONDA_FILES | PIP_FILES | st.binary())
@example("conda", b"dependencies: [" + b"[" * 5_000)
@example("conda", b"a: &a [*a]")
@example("pip", b"0_")
@example("pip", codecs.BOM_UTF16_LE + b"\x00")
def test_there_is_always_an_answer(manager: str, data: bytes) -> None:
    found = answer(manager, data)
    if isinstance(found, RefusedError):
        assert found.message.startswith("file: ")
        assert len(found.message) < 500
    else:
        assert all(note.isprintable() for note in found.notes)
        for text in found.declaration.pip:
            assert Requirement(text).url is None
            assert not text.startswith("-")


@given(st.lists(PACKAGES))
def test_a_normal_form_is_its_own_normal_form(lines: list[str]) -> None:
    found = answer("pip", "\n".join(lines).encode())
    if isinstance(found, Reading):
        again = read("pip", "\n".join(found.declaration.pip).encode(), shown="file")
        assert again == Reading(declaration=Declaration(pip=found.declaration.pip))


@given(st.lists(PACKAGES))
def test_so_is_that_of_conda_packages(entries: list[str]) -> None:
    found = answer("conda", yaml.safe_dump({"dependencies": entries}).encode())
    if isinstance(found, Reading):
        text = yaml.safe_dump({"dependencies": list(found.declaration.conda)})
        again = read("conda", text.encode(), shown="file")
        assert again.declaration.conda == found.declaration.conda
        assert again.notes == ()


@given(st.permutations(["numpy==1.26", "torch>=2", "tqdm", "# nothing", ""]))
def test_order_does_not_matter(lines: list[str]) -> None:
    expected = Declaration(pip=("numpy==1.26", "torch>=2", "tqdm"))
    assert read("pip", "\n".join(lines).encode(), shown="file").declaration == expected


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
@pytest.mark.parametrize(
    ("manager", "text"), [("pip", "tqdm\r\n"), ("conda", "dependencies: [{pip: [tqdm]}]")]
)
def test_files_that_a_shell_of_windows_has_written(
    mark: bytes, encoding: str, manager: str, text: str
) -> None:
    reading = read(manager, mark + text.encode(encoding), shown="file")
    assert reading.declaration == Declaration(pip=("tqdm",))
    noted = () if encoding == "utf-8" else (f"the whole file (is {encoding}, read as such)",)
    assert reading.notes == noted


def test_what_is_no_text() -> None:
    with pytest.raises(
        RefusedError, match=r"file: is not UTF-8 \(byte 1\); save it as UTF-8 text"
    ) as refused:
        read("pip", b"a\xff", shown="file")
    assert refused.value.malformed


def test_a_file_has_a_size() -> None:
    assert read("pip", b"#" * MAX_BYTES, shown="file").declaration == Declaration()
    with pytest.raises(RefusedError, match="file: has more than 1,000,000 bytes") as refused:
        read("pip", b"#" * (MAX_BYTES + 1), shown="file")
    assert not refused.value.malformed


def test_what_messages_quote() -> None:
    assert quoted("a\n  b\x1b[1m") == "a b?[1m"
    assert quoted("x" * 200) == "x" * 99 + "…"
    assert quoted("git+https://me:token@a.org/b") == "git+https://a.org/b"
