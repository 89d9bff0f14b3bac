"""An environment is made again from what was stored of it, and of nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from harness.cell import Backend, EnvironmentRef, WeightsFormat
from harness.environments import backend as backends
from harness.environments import known as knowns
from harness.environments import recipe as recipes
from harness.environments import spec as specs
from harness.environments import store, venv
from harness.environments.built import BuiltEnvironment
from harness.environments.failure import EnvironmentBuildError
from harness.environments.known import Known, Places, find, find_digest
from harness.environments.recipe import Recipe
from harness.environments.replay import Replayed, replay
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError, HarnessError, UsageError
from harness.verdict import Reason

from .conftest import TOML, Index, Maker

# Another back-end that makes the same as the first: what matters here is that it has another name.
OTHER = Backend.CONDA


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two back-ends."""
    files: dict[str, str] = {"environment.yml": "x"}
    module = SimpleNamespace(**{**vars(venv), "name": OTHER, "files_for": lambda _recipe: files})
    monkeypatch.setattr(backends, "BACKENDS", {Backend.VENV: venv, OTHER: module})


@pytest.fixture
def recorded(index: Index, make: Maker, tmp_path: Path) -> EnvironmentRef:
    """An environment of a ledger; its folder asks for a newer version since."""
    old = make(toml=TOML + '[variables]\nA = "1"\n', lock=f"tiny==1.0 --hash=sha256:{_digest(index)}\n")
    ref = old.ref(Backend.VENV)
    recipes.keep(_ledger(tmp_path) / recipes.FOLDER, old.recipe(Backend.VENV))
    index.add("tiny", "2.0")
    make(lock="tiny==2.0\n")
    return ref


def _digest(index: Index) -> str:
    page = (index.folder / "simple" / "tiny" / "index.html").read_text("utf-8")
    return page.partition("#sha256=")[2][:64]


def _ledger(folder: Path) -> Path:
    return folder / "reports" / "ledger"


def _places(folder: Path, *records: EnvironmentRef) -> Places:
    environments = folder / "environments"
    return Places(
        specs=specs.load_all(environments) if environments.exists() else {},
        ledger=_ledger(folder),
        recorded={ref.digest: ref for ref in records},
        commits={ref.digest: "0123456789abcdef" for ref in records},
    )


def _ensure(again: Replayed) -> BuiltEnvironment:
    return store.ensure(again.spec, again.ref.backend, on_progress=lambda _: None)


def _refused(asked: str, places: Places, backend: Backend = Backend.VENV) -> str:
    with pytest.raises(HarnessError) as caught, replay(find_digest(asked, places), backend, places.recipes):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_exactly_what_was_recorded(recorded: EnvironmentRef, tmp_path: Path) -> None:
    places = _places(tmp_path, recorded)
    known = find_digest(recorded.digest[:8], places)
    assert (known.ref, known.spec) == (recorded, None)
    options = {"weights_formats": (WeightsFormat.ONNX,), "consumers": ("x",), "python_full": "3.11.9"}
    with replay(known, Backend.VENV, places.recipes, **options) as again:  # type: ignore[arg-type]
        assert again.ref == recorded
        assert again.spec.recipe(Backend.VENV) == known.recipe
        assert (again.spec.weights_formats, again.spec.consumers) == ((WeightsFormat.ONNX,), ("x",))
        built = _ensure(again)
        folder = again.spec.folder
    assert not folder.exists()
    assert built.fresh
    assert built.packages == {"tiny": "1.0"}
    assert built.variables == {"A": "1"}
    assert built.prefix.parent == store.entry_folder(recorded)
    assert built.log.read_text("utf-8").endswith("every package of the lock is installed\n")
    with replay(known, Backend.VENV, places.recipes) as again:
        assert not _ensure(again).fresh


def test_files_are_still_checked_against_the_hashes(
    recorded: EnvironmentRef, index: Index, tmp_path: Path
) -> None:
    (index.folder / "files" / "tiny-1.0-py3-none-any.whl").unlink()
    shutil.rmtree(index.folder / "simple" / "tiny")
    index.add("tiny", "1.0", requires=("other",))  # the same name and version, another file
    places = _places(tmp_path, recorded)
    with (
        replay(find_digest(recorded.digest, places), Backend.VENV, places.recipes) as again,
        pytest.raises(EnvironmentBuildError, match="Hash mismatch"),
    ):
        _ensure(again)


def test_a_package_that_is_missing_is_unhealthy(recorded: EnvironmentRef, tmp_path: Path) -> None:
    places = _places(tmp_path, recorded)
    with replay(find_digest(recorded.digest, places), Backend.VENV, places.recipes) as again:
        health = again.spec.health.read_text("utf-8")
        assert "names" not in health
        again.spec.health.write_text(health.replace("'tiny'", "'tiny', 'huge'"), "utf-8")
        with pytest.raises(EnvironmentBuildError, match="not installed: huge") as caught:
            _ensure(again)
    assert caught.value.reason is Reason.ENVIRONMENT_UNHEALTHY


def test_a_package_that_a_marker_leaves_out_is_not_missed(index: Index, make: Maker, tmp_path: Path) -> None:
    old = make(requirements="", lock="tiny==1.0\nnowhere==1.0 ; sys_platform == 'other'\n")
    recipe = old.recipe(Backend.VENV)
    recipes.keep(_ledger(tmp_path) / recipes.FOLDER, recipe)
    shutil.rmtree(old.folder.parent)
    places = _places(tmp_path)
    known = find_digest(recipe.digest, places)
    assert known.ref.name == "replayed", "no record and no folder names it"
    with replay(known, Backend.VENV, places.recipes) as again:
        assert _ensure(again).packages == {"tiny": "1.0"}


def test_a_folder_that_still_asks_for_it_is_taken(index: Index, make: Maker, tmp_path: Path) -> None:
    made = make(health="print('mine')\nimport tiny\n")
    places = _places(tmp_path)
    known = find_digest(made.digest(Backend.VENV)[:6].upper(), places)
    assert known.spec is not None
    with replay(known, Backend.VENV, places.recipes) as again:
        assert "mine" in _ensure(again).log.read_text("utf-8")


def test_what_is_built_needs_no_ledger(index: Index, make: Maker, tmp_path: Path) -> None:
    made = make()
    store.ensure(made, Backend.VENV, on_progress=lambda _: None)
    recipe = made.recipe(Backend.VENV)
    make(lock="tiny==1\n")
    known = find_digest(recipe.digest, _places(tmp_path))
    assert (known.spec, known.recipe) == (None, recipe)


def test_digests_that_name_nothing(recorded: EnvironmentRef, tmp_path: Path) -> None:
    places = _places(tmp_path, recorded)
    assert "is no digest; name its first 6 or more digits" in _refused("abcde", places)
    assert "is no digest" in _refused("not hex at all", places)
    nothing = "000000" if not recorded.digest.startswith("000000") else "111111"
    words = _refused(nothing, places)
    assert f"{nothing}: no folder of environments, no record of {places.ledger}" in words
    assert "--output" in words


def test_several_digests_that_begin_alike(recorded: EnvironmentRef, tmp_path: Path) -> None:
    twin = msgspec.structs.replace(recorded, name="twin", digest=recorded.digest[:8] + "0" * 56)
    words = _refused(recorded.digest[:6], _places(tmp_path, recorded, twin))
    assert "several digests begin so" in words
    assert f"{recorded.digest[:12]} (small)" in words
    assert f"{twin.digest[:12]} (twin)" in words


def test_records_from_before_recipes_were_stored(recorded: EnvironmentRef, tmp_path: Path) -> None:
    shutil.rmtree(_ledger(tmp_path))
    words = _refused(recorded.digest, _places(tmp_path, recorded))
    assert "what environment small was made of was not stored with its records" in words
    assert "check out the harness's commit 0123456789ab and run `harness env build small`" in words


def test_a_lock_that_was_tampered_with(recorded: EnvironmentRef, tmp_path: Path) -> None:
    places = _places(tmp_path, recorded)
    path = places.recipes / f"{recorded.digest}.json"
    path.write_text(path.read_text("utf-8").replace("tiny==1.0", "tiny==2.0"), "utf-8")
    assert f"{path}: was changed after it was stored" in _refused(recorded.digest, places)


def test_another_builder(recorded: EnvironmentRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.environments.replay.BUILDER_VERSION", 99)
    words = _refused(recorded.digest, _places(tmp_path, recorded))
    assert "was made by version 1 of the builder and this harness has version 99" in words
    assert "check out the harness's commit 0123456789ab" in words


def test_what_this_harness_would_not_make_of_it(recorded: EnvironmentRef, tmp_path: Path) -> None:
    places = _places(tmp_path, recorded)
    stored = recipes.read(places.recipes, recorded.digest)
    assert stored is not None
    with_file = msgspec.structs.replace(stored, files={"unheard-of.txt": "x"})
    known = Known(ref=msgspec.structs.replace(recorded, digest=with_file.digest), recipe=with_file)
    with (
        pytest.raises(ConfigurationError, match="would make something else"),
        replay(known, Backend.VENV, places.recipes),
    ):
        pass


def test_a_name_that_leads_elsewhere(recorded: EnvironmentRef, tmp_path: Path) -> None:
    evil = msgspec.structs.replace(recorded, name="../../evil")
    assert "'../../evil' is no name of an environment" in _refused(recorded.digest, _places(tmp_path, evil))


def test_by_another_backend(other: None, recorded: EnvironmentRef, tmp_path: Path) -> None:
    places = _places(tmp_path, recorded)
    stored = recipes.read(places.recipes, recorded.digest)
    assert stored is not None
    theirs = msgspec.structs.replace(stored, backend=OTHER, files={"environment.yml": "x"})
    with replay(find_digest(recorded.digest, places), OTHER, places.recipes) as again:
        assert again.ref == EnvironmentRef(name="small", backend=OTHER, digest=theirs.digest)
        built = _ensure(again)
    assert built.packages == {"tiny": "1.0"}
    assert built.ref.backend is OTHER

    twice = msgspec.structs.replace(theirs, files={"environment.yml": "y"})
    recipes.keep(places.recipes, theirs)
    recipes.keep(places.recipes, twice)
    words = _refused(recorded.digest, places, OTHER)
    assert "conda has made several environments of the same lock" in words
    assert theirs.digest[:12] in words
    assert twice.digest[:12] in words


def test_back_to_the_first_backend_without_its_recipe(
    other: None, recorded: EnvironmentRef, tmp_path: Path
) -> None:
    places = _places(tmp_path, recorded)
    stored = recipes.read(places.recipes, recorded.digest)
    assert stored is not None
    theirs = msgspec.structs.replace(stored, backend=OTHER, files={"environment.yml": "x"})
    known = Known(ref=EnvironmentRef(name="small", backend=OTHER, digest=theirs.digest), recipe=theirs)
    with replay(known, Backend.VENV, tmp_path / "nowhere") as again:
        assert again.ref == recorded


def test_a_backend_that_lacks_what_it_reads(
    recorded: EnvironmentRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = _places(tmp_path, recorded)
    known = find_digest(recorded.digest, places)
    monkeypatch.setattr(backends, "BACKENDS", {**backends.BACKENDS, OTHER: venv})
    recipe = EnvironmentSpec.recipe

    def needs_a_file(self: EnvironmentSpec, backend: Backend) -> Recipe:
        if backend is OTHER:
            specs.read_text(self.folder / "environment.yml")
        return recipe(self, backend)

    monkeypatch.setattr(EnvironmentSpec, "recipe", needs_a_file)
    with (
        pytest.raises(UsageError, match="nothing was stored that conda could make it from"),
        replay(known, OTHER, places.recipes),
    ):
        pass


def test_by_name(index: Index, make: Maker, tmp_path: Path) -> None:
    made = make("abcdef0")  # also looks like a digest: names come first
    places = _places(tmp_path)
    assert find("abcdef0", places, Backend.VENV).spec == made
    assert find(made.digest(Backend.VENV)[:10], places, Backend.VENV).spec == made
    with pytest.raises(UsageError, match="no environment 'other'; there are: abcdef0"):
        find("other", places, Backend.VENV)


def test_a_record_whose_folder_was_renamed(recorded: EnvironmentRef, tmp_path: Path) -> None:
    (tmp_path / "environments" / "small").rename(tmp_path / "environments" / "renamed")
    places = _places(tmp_path, recorded)
    assert knowns.known(recorded, places).ref == recorded
