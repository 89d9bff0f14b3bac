"""Requirements files as authors write and freeze them."""

from __future__ import annotations

import pytest

from harness.environments.declared.declaration import Declaration, Notes, RefusedError
from harness.environments.declared.requirements_txt import read

DROPPED = "(not asked: packages come from where this machine looks for them)"

INDEX, WHEELS = ".".join(("pypi", "org")), ".".join(("download", "pytorch", "org"))


def declared(text: str) -> tuple[Declaration, tuple[str, ...]]:
    notes = Notes()
    return read(text, notes), notes.words()


def test_lines_as_pip_reads_them() -> None:
    declaration, notes = declared(
        "# made by hand\n"
        "\n"
        "Scikit_Image>=0.20,<1   # with a comment\n"
        "torch == \\\n"
        "  2.4.0\n"
        "# a comment ends here \\\n"
        "zarr[jupyter,Zip]!=3 ; python_version<'3.12'\n"
        "tqdm\\"
    )
    assert declaration.pip == (
        "scikit-image<1,>=0.20",
        "torch==2.4.0",
        "tqdm",
        'zarr[Zip,jupyter]!=3 ; python_version < "3.12"',
    )
    assert notes == ()


def test_places_are_named_without_passwords() -> None:
    declaration, notes = declared(
        f"--index-url https://{INDEX}/simple\n"
        "--extra-index-url=https://me:secret@packages.example.org/simple/?token=secret\n"
        "-f /home/me/wheels\n"
        f"-fhttps://{WHEELS}/whl/torch_stable.html\n"
        "--no-index\n"
        "torch==2.4.0+cu118 --find-links https://[broken\n"
    )
    assert declaration == Declaration(
        pip=("torch==2.4.0",),
        elsewhere=("--no-index", "/home/me/wheels", "https://[broken", "packages.example.org"),
    )
    (places, label) = notes
    assert places.endswith(DROPPED)
    assert label.startswith("torch==2.4.0+cu118 (without the label")
    assert "secret" not in f"{places}{declaration}"


def test_places_that_everybody_asks_are_no_others() -> None:
    declaration, _ = declared(f"--extra-index-url https://{WHEELS}/whl/cu118\ntorch==2.4.0+cu118")
    assert declaration == Declaration(pip=("torch==2.4.0",))


def test_options_that_change_nothing() -> None:
    declaration, notes = declared(
        "--only-binary :all:\n--prefer-binary\n--trusted-host a.org\n--require-hashes\n"
        "tqdm==4.0 --hash=sha256:aa \\\n --hash sha256:bb\n"
    )
    assert declaration == Declaration(pip=("tqdm==4.0",))
    assert notes == (
        "--only-binary, --prefer-binary (only wheels are installed anyway)",
        "--trusted-host (whom to trust is for the machine to say)",
        "--require-hashes, --hash (which files come is not compared)",
    )


def test_python_is_no_package() -> None:
    declaration, (note,) = declared("python>=3.10,<3.12\nnumpy")
    assert declaration == Declaration(pythons=("3.10", "3.11"), pip=("numpy",))
    assert note == "python>=3.10,<3.12 (taken for the version of Python, which is no package of an index)"


@pytest.mark.parametrize(
    ("line", "message", "malformed"),
    [
        ("-e .", "-e .: is installed from source, which runs its code", False),
        ("--editable=git+https://a.org/b", "--editable .*: is installed from source", False),
        ("-r other.txt", "-r other.txt: names another file, which is not declared", False),
        ("-rother.txt", "-r other.txt: names another file", False),
        ("--requirement other.txt", "--requirement other.txt: names another file", False),
        ("-c limits.txt", "-c limits.txt: names another file", False),
        ("git+https://github.com/juglab/uSplit.git@main", "comes from version control", False),
        ("careamics @ git+https://github.com/a/b", "comes from version control", False),
        ("git@github.com:a/b.git", "comes from version control", False),
        ("https://a.org/torch-2-py3-none-any.whl", "is a place and not a package", False),
        (
            "torch @ https://a.org/torch-2-py3-none-any.whl",
            "is a place and not a release; .* torch==1.2",
            False,
        ),
        ("numpy @ file:///croot/numpy_1672336185480/work", "is a place and not a release", False),
        (".", "is a place and not a package", False),
        ("./package", "is a place and not a package", False),
        ("/home/me/package", "is a place and not a package", False),
        ("C:\\me\\package", "is a place and not a package", False),
        ("torch-2-py3-none-any.whl", "is a place and not a package", False),
        ("--pre", "--pre: this option cannot be followed; leave it out", False),
        ("--no-binary numpy", "--no-binary numpy: this option cannot be followed", False),
        ("numpy --install-option='a", "has a quote without its end", True),
        ("numpy=1.26.4=py310_0", "is no requirement; write for example package==1.2", True),
        ("numpy==1.26 scipy", "is no requirement", True),
        ("numpy===one+two", "is no requirement", True),
        ("numpy; " + "(" * 480, "is no requirement", True),
        ("a" * 501, "is no requirement", True),
        ("${PACKAGE}", "is no requirement", True),
        ("python=>3", "is no requirement", True),
    ],
)
def test_what_is_refused(line: str, message: str, malformed: bool) -> None:
    with pytest.raises(RefusedError, match=message) as refused:
        declared(f"tqdm\n{line}\n")
    assert refused.value.malformed is malformed


def test_a_password_is_not_quoted() -> None:
    with pytest.raises(RefusedError) as refused:
        declared("git+https://me:secret@a.org/b.git")
    assert refused.value.message.startswith("git+https://a.org/b.git: comes from version control")


def test_a_file_has_a_number_of_lines() -> None:
    assert declared("tqdm\n" * 5_000)[0].pip == ("tqdm",)
    with pytest.raises(RefusedError, match="has more than 5,000 lines"):
        declared("tqdm\n" * 5_001)
