"""What authors declare, solved and built by uv for real, from a package index in a folder."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from harness.cell import Backend
from harness.environments import interpreter, lock, store, uv_command
from harness.environments.attempt import Attempt
from harness.environments.built import BuiltEnvironment
from harness.environments.declared.declaration import Declaration
from harness.environments.declared.pythons import KNOWN
from harness.environments.declared.spec import DeclaredSpec, declared_spec
from harness.environments.failure import EnvironmentBuildError
from harness.verdict import Reason

from .conftest import PYTHON, Index, Maker


class Declare:
    """Declares packages; a cell needs ``tool`` beside them, of which there are 1.0 and 2.0."""

    def __init__(self, index: Index, make: Maker) -> None:
        index.add("tool", "1.0", requires=("tiny",))
        index.add("tool", "2.0", requires=("tiny",))
        index.add("tiny", "2.0")
        wheel = index.folder / "files" / "tiny-1.0-py3-none-any.whl"
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        self._like = make(lock=f"tiny==1.0 \\\n    --hash=sha256:{digest}\n")

    def __call__(
        self, *pip: str, needs: tuple[str, ...] = ("tool==1.0",), near: str = PYTHON, **declared: object
    ) -> DeclaredSpec:
        """The environment of a declaration, as a plan makes it."""
        declaration = msgspec.convert({"pip": pip, "pythons": (PYTHON,), **declared}, Declaration)
        spec = declared_spec(
            declaration,
            needs,
            like=msgspec.structs.replace(self._like, python=near),
            preferences=lock.preferences(self._like.lock.read_text("utf-8")),
            backend=Backend.VENV,
        )
        return msgspec.structs.replace(spec, folder=store.entry_folder(spec.ref(Backend.VENV)))


@pytest.fixture
def declare(index: Index, make: Maker, monkeypatch: pytest.MonkeyPatch) -> Declare:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    return Declare(index, make)


@pytest.fixture
def missing(declare: Declare, tmp_path: Path) -> str:
    """A version of Python that this machine does not have."""
    attempt = Attempt(log=tmp_path / "log", cwd=tmp_path, on_progress=lambda _: None)
    for version in reversed(KNOWN):
        try:
            interpreter.find(version, attempt, variables=uv_command.settings().variables)
        except EnvironmentBuildError:
            return version
    pytest.skip("needs a version of Python that is not here")


def _built(spec: DeclaredSpec) -> BuiltEnvironment:
    return store.ensure(spec, Backend.VENV, on_progress=lambda _: None)


def _refused(spec: DeclaredSpec) -> EnvironmentBuildError:
    with pytest.raises(EnvironmentBuildError) as caught:
        _built(spec)
    return caught.value


def test_it_is_built_once_and_its_lock_is_kept(declare: Declare) -> None:
    built = _built(declare("tiny==2.0"))
    assert built.packages == {"tiny": "2.0", "tool": "1.0"}
    assert built.fresh
    kept = built.prefix.with_name("requirements.lock").read_text("utf-8")
    assert lock.pins(kept) == {"tiny": "2.0", "tool": "1.0"}
    assert "--hash=sha256:" in kept
    assert not _built(declare("tiny==2.0")).fresh
    assert f"solving tiny==2.0, tool==1.0 for Python {PYTHON}" in built.log.read_text("utf-8")


def test_what_is_left_open_is_as_in_the_current_environment(declare: Declare) -> None:
    assert _built(declare()).packages == {"tiny": "1.0", "tool": "1.0"}


def test_the_first_python_that_has_a_solution(declare: Declare, index: Index) -> None:
    index.add("new", "1.0", python=f">={PYTHON}")
    built = _built(declare("new", pythons=("3.8", PYTHON), near="3.8"))
    assert built.python_version.startswith(f"{PYTHON}.")
    assert built.packages["new"] == "1.0"


def test_an_interpreter_that_is_not_here_is_no_fault_of_the_declaration(
    declare: Declare, missing: str
) -> None:
    error = _refused(declare("tiny", pythons=(missing,)))
    assert (error.reason, error.declared_so) == (Reason.ENVIRONMENT_BUILD_FAILED, False)
    assert f"uv python install {missing}" in error.message


def test_another_python_is_taken_instead(declare: Declare, missing: str) -> None:
    built = _built(declare("tiny", pythons=(PYTHON, missing), near=missing))
    assert built.python_version.startswith(f"{PYTHON}.")


def test_a_declaration_without_a_solution_is_at_fault_in_the_words_of_the_solver(declare: Declare) -> None:
    error = _refused(declare("tiny==9", "nobody-has-it"))
    assert (error.reason, error.declared_so) == (Reason.ENVIRONMENT_UNSATISFIABLE, True)
    assert "there is no version of tiny==9" in error.message
    assert "tool" not in error.message
    assert error.log.is_file()


def test_with_any_python(declare: Declare) -> None:
    error = _refused(declare("tiny==9", pythons=()))
    assert error.declared_so
    assert "there is no solution with any Python that may be taken" in error.message


def test_what_does_not_fit_the_tool_is_not_at_fault(declare: Declare) -> None:
    error = _refused(declare("tool==2.0"))
    assert (error.reason, error.declared_so) == (Reason.ENVIRONMENT_UNSATISFIABLE, False)
    assert (
        f"can be installed with Python {PYTHON}, but not beside what the cell needs (tool==1.0)"
        in error.message
    )
    assert "you require tool==2.0 and tool==1.0" in error.message


def test_what_would_have_to_be_built_is_not_at_fault(declare: Declare, index: Index) -> None:
    index.add_source("segment", "1.0")
    error = _refused(declare("segment"))
    assert (error.reason, error.declared_so) == (Reason.ENVIRONMENT_UNSATISFIABLE, False)
    assert error.message.startswith(
        "what is distributed as source alone is not built, since that runs its code"
    )


def test_what_may_be_at_a_place_that_is_not_asked_is_not_at_fault(declare: Declare) -> None:
    error = _refused(declare("private", elsewhere=("packages.example.org",)))
    assert (error.reason, error.declared_so) == (Reason.ENVIRONMENT_UNSATISFIABLE, False)
    assert "are not asked: packages.example.org" in error.message
    assert "private was not found" in error.message


def test_an_index_out_of_reach_is_not_at_fault(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    error = _refused(declare("tiny"))
    assert (error.reason, error.declared_so) == (Reason.ENVIRONMENT_BUILD_FAILED, False)


def test_no_code_of_its_packages_runs_on_this_machine(declare: Declare, index: Index, tmp_path: Path) -> None:
    """Lines of ``.pth`` files run whenever the environment's interpreter starts."""
    trace = tmp_path / "ran"
    line = f"import pathlib; pathlib.Path({str(trace)!r}).touch()\n"
    index.add("evil", "1.0", beside={"evil.pth": line})
    built = _built(declare("evil"))
    assert (built.prefix / "lib" / f"python{PYTHON}" / "site-packages" / "evil.pth").is_file()
    assert not trace.exists()
    subprocess.run([str(built.python), "-c", ""], check=True)
    assert trace.exists(), "it is what it is made for"


def test_the_digest_is_of_all_that_decides(declare: Declare) -> None:
    def digest(spec: DeclaredSpec) -> str:
        return spec.digest(Backend.VENV)

    spec = declare("tiny")
    assert spec.name == f"as-described-{digest(spec)[:8]}"
    assert not spec.trusted
    assert digest(spec) == digest(declare("tiny"))
    others = [
        declare("tiny==1.0"),
        declare("tiny", pythons=()),
        declare("tiny", needs=("tool==2.0",)),
        declare("tiny", elsewhere=("a.org",)),
        msgspec.structs.replace(spec, preferences=""),
        msgspec.structs.replace(spec, variables={"A": "b"}),
        msgspec.structs.replace(spec, torch_backend="cu126"),
    ]
    assert len({digest(spec), *map(digest, others)}) == len(others) + 1
    assert digest(msgspec.structs.replace(spec, folder=Path(sys.prefix))) == digest(spec)
