"""What an author declares is made again in exactly the versions that it came to (uv and conda for real)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.cell import Backend, EnvironmentRef
from harness.environments import recipe, solved, store
from harness.environments.built import BuiltEnvironment
from harness.environments.declared import solution
from harness.environments.declared.declaration import Declaration
from harness.environments.declared.spec import DeclaredSpec, declared_spec, from_recipe
from harness.environments.failure import EnvironmentBuildError
from harness.environments.known import Known
from harness.environments.replay import replay
from harness.errors import ConfigurationError, UsageError

from ..conftest import PYTHON, Index, Maker

# A package that leaves a trace when anything in the environment is started on this machine.
TRACE = "import os; open(os.path.join({!r}, 'started'), 'w').close()\n"


@pytest.fixture
def declared(index: Index, make: Maker) -> Callable[..., DeclaredSpec]:
    """Declares packages as a plan does; a cell needs ``tool`` beside them."""
    index.add("tool", "1.0")
    like = make(lock="")

    def declare(*pip: str) -> DeclaredSpec:
        declaration = Declaration(pythons=(PYTHON,), pip=pip)
        spec = declared_spec(declaration, ("tool",), like=like, preferences="", backend=Backend.VENV)
        return msgspec.structs.replace(spec, folder=store.entry_folder(spec.ref(Backend.VENV)))

    return declare


def built(spec: DeclaredSpec) -> BuiltEnvironment:
    """The environment, solved now unless it has a solution."""
    return store.ensure(spec, Backend.VENV, on_progress=lambda _: None)


def recorded(spec: DeclaredSpec, ledger: Path) -> Known:
    """What a ledger knows of it after a run."""
    made = built(spec)
    recipe.keep(ledger, spec.recipe(Backend.VENV))
    solution.keep(ledger, made.ref.digest, solved.of(made))
    store.wipe(made.prefix.parent)
    ref = EnvironmentRef(name="replayed", backend=Backend.VENV, digest=made.ref.digest)
    stored = recipe.read(ledger, ref.digest)
    assert stored is not None
    return Known(ref=ref, recipe=stored)


def again(known: Known, ledger: Path, python_full: str = "") -> BuiltEnvironment:
    """Made from what was stored."""
    with replay(known, Backend.VENV, ledger, python_full=python_full) as found:
        assert found.ref.digest == known.ref.digest
        made = store.ensure(found.spec, Backend.VENV, on_progress=lambda _: None)
    assert made.ref == found.ref
    return made


def test_the_same_versions(declared: Callable[..., DeclaredSpec], index: Index, tmp_path: Path) -> None:
    known = recorded(declared("tiny"), tmp_path / "ledger")
    index.add("tiny", "2.0")
    index.add("tool", "2.0")
    made = again(known, tmp_path / "ledger", python_full=f"{PYTHON}.1")
    assert made.packages == {"tiny": "1.0", "tool": "1.0"}
    assert made.ref.name == f"as-described-{known.ref.digest[:8]}"
    assert not again(known, tmp_path / "ledger").fresh, "it is there"
    store.wipe(made.prefix.parent)
    assert built(declared("tiny")).packages == {"tiny": "2.0", "tool": "2.0"}, "solved today"
    assert again(known, tmp_path / "ledger").packages == {"tiny": "1.0", "tool": "1.0"}, "others give way"


def test_others_that_are_in_use_stay(
    declared: Callable[..., DeclaredSpec], index: Index, tmp_path: Path
) -> None:
    known = recorded(declared("tiny"), tmp_path / "ledger")
    index.add("tiny", "2.0")
    spec = declared("tiny")
    with store.in_use(spec, Backend.VENV):
        built(spec)
        with pytest.raises(UsageError, match="in use in other versions; wait for that run to end"):
            again(known, tmp_path / "ledger")
    assert store.find(spec, Backend.VENV)


def test_nothing_of_it_is_started_on_this_machine(
    declared: Callable[..., DeclaredSpec], index: Index, tmp_path: Path
) -> None:
    trace = TRACE.format(str(tmp_path))
    index.add("starting", "1.0", beside={"starting.pth": trace, "sitecustomize.py": trace})
    known = recorded(declared("starting"), tmp_path / "ledger")
    assert again(known, tmp_path / "ledger").fresh
    assert not (tmp_path / "started").exists()


def test_files_are_checked_against_the_hashes(
    declared: Callable[..., DeclaredSpec], index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = recorded(declared("tiny"), tmp_path / "ledger")
    other = Index(tmp_path / "other")
    other.add("tiny", "1.0", beside={"more.py": ""})
    other.add("tool", "1.0")
    monkeypatch.setenv("UV_DEFAULT_INDEX", other.url)
    with pytest.raises(EnvironmentBuildError, match="Hash mismatch"):
        again(known, tmp_path / "ledger")


def test_versions_that_were_not_stored_or_are_several(
    declared: Callable[..., DeclaredSpec], index: Index, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    known = recorded(declared("tiny"), ledger)
    index.add("tiny", "2.0")
    recorded(declared("tiny"), ledger)
    with pytest.raises(UsageError, match=r"made in several sets of versions \(\w{16}, \w{16}\); leave one"):
        again(known, ledger)
    for path in ledger.glob("*.solution.json"):
        path.unlink()
    with pytest.raises(UsageError, match="holds no exact versions"):
        again(known, ledger)
    there = built(declared("tiny"))
    assert again(known, ledger).prefix == there.prefix, "what is built needs no ledger"


def test_versions_that_were_tampered_with(declared: Callable[..., DeclaredSpec], tmp_path: Path) -> None:
    known = recorded(declared("tiny"), tmp_path / "ledger")
    (path,) = (tmp_path / "ledger").glob("*.solution.json")
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**content, "lock": content["lock"].replace("1.0", "2.0")}), "utf-8")
    with pytest.raises(ConfigurationError, match="was changed after it was stored"):
        again(known, tmp_path / "ledger")


def test_a_lock_that_names_a_place(declared: Callable[..., DeclaredSpec], tmp_path: Path) -> None:
    """Even by somebody who takes care of the digests."""
    known = recorded(declared("tiny"), tmp_path / "ledger")
    (path,) = (tmp_path / "ledger").glob("*.solution.json")
    path.unlink()
    evil = solution.Solution(python=PYTHON, lock="--index-url https://evil.example/simple\ntiny==1.0\n")
    solution.keep(tmp_path / "ledger", known.ref.digest, evil)
    with pytest.raises(EnvironmentBuildError, match="an address or a place"):
        again(known, tmp_path / "ledger")


def test_by_another_backend(declared: Callable[..., DeclaredSpec], tmp_path: Path) -> None:
    known = recorded(declared("tiny"), tmp_path / "ledger")
    with (
        pytest.raises(UsageError, match="is made by venv alone; leave out --backend"),
        replay(known, Backend.CONDA, tmp_path / "ledger"),
    ):
        pass


def test_versions_are_stored_once(tmp_path: Path) -> None:
    one = solution.Solution(python=PYTHON, lock="tiny==1.0\n")
    for _ in range(2):
        solution.keep(tmp_path, "0" * 64, one)
    assert solution.stored(tmp_path, "0" * 64) == [one]


def test_a_recipe_of_a_folder_is_none_of_a_declaration(tmp_path: Path, make: Maker) -> None:
    with pytest.raises(ConfigurationError, match=r"its recipe has no declaration\.json"):
        from_recipe(make(lock="").recipe(Backend.VENV), folder=tmp_path)
