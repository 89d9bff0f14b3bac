"""Conda packages that authors declare, solved and installed for real, from a channel in a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from harness.cell import Backend
from harness.environments import integrity, lock, solved, store
from harness.environments.built import BuiltEnvironment
from harness.environments.declared import solution
from harness.environments.declared.declaration import Declaration
from harness.environments.declared.spec import DeclaredSpec, declared_spec
from harness.environments.failure import EnvironmentBuildError
from harness.environments.known import Known
from harness.environments.replay import replay
from harness.verdict import Reason

from ..conftest import Index, Maker
from .channel import PYTHON, LocalChannel

SITE = "site-packages"


def files_of(name: str, version: str) -> dict[str, bytes]:
    """A package for every Python, with the metadata by which pip knows it."""
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    return {f"{SITE}/{name}.py": b"value = 7\n", f"{SITE}/{name}-{version}.dist-info/METADATA": about}


class Declare:
    """Declares packages; a cell needs ``tool`` 1.0 beside them, which is a wheel and needs ``tiny``."""

    def __init__(self, index: Index, make: Maker) -> None:
        index.add("tool", "1.0", requires=("tiny",))
        index.add("tiny", "2.0")
        self._like = make(lock="")

    def __call__(
        self, *conda: str, needs: tuple[str, ...] = ("tool==1.0",), **declared: object
    ) -> DeclaredSpec:
        """The environment of a declaration, as a plan makes it."""
        values = {"conda": conda, "channels": ("conda-forge",), "pythons": (PYTHON,), **declared}
        like = msgspec.structs.replace(self._like, python=PYTHON)
        declaration = msgspec.convert(values, Declaration)
        spec = declared_spec(declaration, needs, like=like, preferences="", backend=Backend.CONDA)
        return msgspec.structs.replace(spec, folder=store.entry_folder(spec.ref(Backend.CONDA)))


@pytest.fixture
def declare(python: LocalChannel, index: Index, make: Maker) -> Declare:
    return Declare(index, make)


def _built(spec: DeclaredSpec) -> BuiltEnvironment:
    return store.ensure(spec, Backend.CONDA, on_progress=lambda _: None)


def _refused(spec: DeclaredSpec) -> EnvironmentBuildError:
    with pytest.raises(EnvironmentBuildError) as caught:
        _built(spec)
    return caught.value


def test_conda_packages_with_wheels_beside_them(declare: Declare, python: LocalChannel, index: Index) -> None:
    python.add("pure", "2.0", files_of("pure", "2.0"), noarch=True)
    index.add("more", "1.0", requires=("pure>=1",))
    index.add("pure", "2.0")
    built = _built(declare("pure>=1,<3", pip=("more",)))
    wheels = {"tool": "1.0", "tiny": "2.0", "more": "1.0"}
    assert built.packages == {**wheels, "pure": "2.0", "python": built.python_version}
    code = "import pure, tiny, more, tool; print(pure.value, tiny.version)"
    done = subprocess.run([str(built.python), "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "7 2.0\n", "the conda package was not replaced by the wheel of that name"
    assert integrity.damage(built) == ""
    kept = built.prefix.with_name("requirements.lock").read_text("utf-8")
    assert lock.pins(kept) == {**wheels, "pure": "2.0"}
    assert not _built(declare("pure>=1,<3", pip=("more",))).fresh


def test_the_first_build_decides_for_all_later_ones(declare: Declare, python: LocalChannel) -> None:
    python.add("pure", "1.0", files_of("pure", "1.0"), noarch=True)
    first = _built(declare("pure"))
    python.add("pure", "2.0", files_of("pure", "2.0"), noarch=True)
    store.discard(first)
    assert _built(declare("pure")).packages == first.packages


def test_made_again_in_the_versions_that_it_had(
    declare: Declare, python: LocalChannel, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python.add("pure", "1.0", files_of("pure", "1.0"), noarch=True)
    spec = declare("pure")
    first = _built(spec)
    ledger = tmp_path / "ledger"
    solution.keep(ledger, first.ref.digest, solved.of(first))
    python.add("pure", "2.0", files_of("pure", "2.0"), noarch=True)
    index.add("tiny", "3.0")
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "another machine"))
    known = Known(ref=first.ref, recipe=spec.recipe(Backend.CONDA))
    with replay(known, Backend.CONDA, ledger) as again:
        made = store.ensure(again.spec, Backend.CONDA, on_progress=lambda _: None)
    assert (made.ref, made.packages) == (first.ref, first.packages)
    monkeypatch.setenv("HARNESS_CONDA_PLATFORM", "linux-aarch64")
    store.wipe(made.prefix.parent)
    with (
        replay(known, Backend.CONDA, ledger) as again,
        pytest.raises(
            EnvironmentBuildError, match="what conda installed was for linux-64, this is linux-aarch"
        ),
    ):
        store.ensure(again.spec, Backend.CONDA, on_progress=lambda _: None)


def test_the_first_python_that_has_a_solution(declare: Declare) -> None:
    assert _built(declare(pythons=("3.10", PYTHON))).python_version.startswith(f"{PYTHON}.")


def test_a_framework_that_conda_has_brought_along_is_not_needed_twice(
    declare: Declare, python: LocalChannel
) -> None:
    python.add("pytorch", "2.1.0", files_of("torch", "2.1.0"), noarch=True)
    python.add("segment", "1.0", depends=("pytorch",))
    built = _built(declare("segment", needs=("tool==1.0", "torch==2.4.0")))
    assert built.packages["torch"] == "2.1.0"


@pytest.mark.parametrize("pythons", [(PYTHON,), ()])
def test_what_no_channel_has_is_at_fault_in_the_words_of_the_solver(
    pythons: tuple[str, ...], declare: Declare
) -> None:
    error = _refused(declare("nobody-has-it=1.2", pythons=pythons))
    assert (error.reason, error.declared_so) == (Reason.ENVIRONMENT_UNSATISFIABLE, True)
    assert "nobody-has-it" in error.message


def test_unless_it_may_be_in_a_channel_that_is_not_asked(declare: Declare) -> None:
    error = _refused(declare("nobody-has-it", elsewhere=("defaults",)))
    assert not error.declared_so
    assert "are not asked: defaults" in error.message


def test_a_channel_out_of_reach_is_not_at_fault(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HARNESS_CONDA_CHANNELS", f"conda-forge={tmp_path / 'nowhere'}")
    error = _refused(declare("pure"))
    assert (error.reason, error.declared_so) == (Reason.ENVIRONMENT_BUILD_FAILED, False)


def test_wheels_that_do_not_go_with_what_conda_has_installed(declare: Declare, python: LocalChannel) -> None:
    python.add("tiny", "1.0", files_of("tiny", "1.0"), noarch=True)
    error = _refused(declare("tiny", needs=("tool==1.0", "tiny>=2")))
    assert (error.reason, error.declared_so) == (Reason.ENVIRONMENT_UNSATISFIABLE, False)
    assert "do not all go with what conda has installed" in error.message


@pytest.mark.parametrize(("pythons", "at_fault"), [((PYTHON,), True), ((), False)])
def test_wheels_that_have_no_solution_by_themselves(
    pythons: tuple[str, ...], at_fault: bool, declare: Declare
) -> None:
    """With another Python, which nobody has tried, they might have one."""
    error = _refused(declare(pip=("tiny==9",), pythons=pythons))
    assert (error.reason, error.declared_so) == (Reason.ENVIRONMENT_UNSATISFIABLE, at_fault)
    assert "there is no version of tiny==9" in error.message


def test_no_code_of_its_packages_runs_on_this_machine(
    declare: Declare, python: LocalChannel, tmp_path: Path
) -> None:
    """Whoever has made the channel has made the Python, too; its ``.pth`` files run at each of its starts."""
    trace = tmp_path / "ran"
    line = f"import pathlib; pathlib.Path({str(trace)!r}).touch()\n".encode()
    python.add("evil", "1.0", {f"{SITE}/evil.pth": line, "bin/.evil-post-link.sh": line}, noarch=True)
    built = _built(declare("evil"))
    assert not trace.exists()
    subprocess.run([str(built.python), "-c", ""], check=True)
    assert trace.exists(), "it is what it is made for"


def test_its_packages_are_kept_apart_from_those_of_other_environments(declare: Declare, cache: Path) -> None:
    """A file of the same name from another channel must not be taken for it."""
    _built(declare())
    assert list((cache / "conda-declared" / "pkgs").glob("python-*"))
    assert not list((cache / "conda").glob("pkgs/python-*"))
