"""What a change touches, in real repositories."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.collection.changes import Reach
from harness.collection.difference import reach_between
from harness.collection.git import Checkout
from harness.errors import UsageError
from tests.collection.git_repository import VARIABLES, Repository

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


class Zoo(Repository):
    """A repository with two models, an environment and the harness; ``base`` is their commit."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for path in ("one/rdf.yaml", "one/weights.onnx", "group/two/bioimageio.yaml", "group/two/weights.pt"):
            self.write(f"collection/{path}", f"{path} with enough text that a renamed file is found again\n")
        self.write("collection/README.md")
        self.write("collection/policy.toml")
        self.write("environments/onnx/requirements.lock")
        self.write("harness/cell.py")
        self.write(".github/workflows/nightly.yml")
        self.base = self.commit()

    def reach(self, base: str = "", collection: str = "collection") -> Reach:
        """What has been changed since the base."""
        head = self.commit()
        checkout = Checkout(self.folder / "collection")
        return reach_between(checkout, str(self.folder / collection), base=base or self.base, head=head)


@pytest.fixture
def zoo(tmp_path: Path) -> Zoo:
    return Zoo(tmp_path / "zoo")


def test_nothing(zoo: Zoo) -> None:
    assert zoo.reach() == Reach()


def test_text_and_pages_touch_nothing(zoo: Zoo) -> None:
    for path in (
        "README.md",
        "docs/a.md",
        "collection/README.md",
        "tests/test_x.py",
        "environments/README.md",
    ):
        zoo.write(path, "new\n")
    assert zoo.reach() == Reach(review=("environments/README.md",))


def test_files_of_a_model(zoo: Zoo) -> None:
    zoo.write("collection/one/deep/er/notes.txt")
    assert zoo.reach() == Reach(models=("one",))


def test_a_new_and_a_nested_model(zoo: Zoo) -> None:
    zoo.write("collection/three/rdf.yaml")
    zoo.write("collection/group/two/weights.pt", "new\n")
    zoo.write("collection/group/four.zip")
    assert zoo.reach().models == ("group/four.zip", "group/two", "three")


def test_a_deleted_model_is_not_tested(zoo: Zoo) -> None:
    shutil.rmtree(zoo.folder / "collection" / "one")
    assert zoo.reach() == Reach(removed=("one",))


def test_a_model_that_lost_its_description_is_still_one(zoo: Zoo) -> None:
    (zoo.folder / "collection" / "one" / "rdf.yaml").unlink()
    reach = zoo.reach()
    assert reach.models == ("one",)


def test_a_renamed_model_is_a_new_one_and_a_deleted_one(zoo: Zoo) -> None:
    zoo.git("mv", "collection/one", "collection/group/uno")
    assert zoo.reach() == Reach(models=("group/uno",), removed=("one",))


def test_a_renamed_description(zoo: Zoo) -> None:
    zoo.git("mv", "collection/one/rdf.yaml", "collection/one/bioimageio.yaml")
    assert zoo.reach() == Reach(models=("one",))


def test_a_file_that_moves_from_one_model_to_another_touches_both(zoo: Zoo) -> None:
    zoo.git("mv", "collection/one/weights.onnx", "collection/group/two/weights.onnx")
    assert zoo.reach().models == ("group/two", "one")


def test_a_description_above_makes_other_models_parts_of_it(zoo: Zoo) -> None:
    zoo.write("collection/group/rdf.yaml")
    assert zoo.reach() == Reach(models=("group",), removed=("group/two",))


def test_a_description_that_goes_shows_what_is_below(zoo: Zoo) -> None:
    zoo.write("collection/group/rdf.yaml")
    base = zoo.commit()
    (zoo.folder / "collection" / "group" / "rdf.yaml").unlink()
    assert zoo.reach(base) == Reach(models=("group/two",), removed=("group",))


def test_the_mode_of_a_file(zoo: Zoo) -> None:
    (zoo.folder / "collection" / "one" / "weights.onnx").chmod(0o755)
    assert zoo.reach() == Reach(models=("one",))


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("a b", "a b"),
        ('it\'s "so" $(id)', 'it\'s "so" $(id)'),
        ("two\nlines\ttab", "two\nlines\ttab"),
        ("größe", "größe"),
        (b"caf\xe9", "caf\ufffd"),
        ("-rf", "-rf"),
        ("*[a]", "*[a]"),
    ],
)
def test_names_of_any_kind(zoo: Zoo, folder: str | bytes, source: str) -> None:
    name = folder if isinstance(folder, bytes) else folder.encode()
    zoo.write(b"collection/" + name + b"/rdf.yaml")
    assert zoo.reach() == Reach(models=(source,))


def test_a_submodule_touches_the_models_in_it(zoo: Zoo, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other")
    other.write("inside/rdf.yaml")
    other.commit()
    zoo.git("submodule", "--quiet", "add", str(other.folder), "collection/lab")
    base = zoo.commit()
    other.write("inside/rdf.yaml", "new\n")
    other.commit()
    zoo.git("submodule", "--quiet", "update", "--remote")
    assert zoo.reach(base) == Reach(models=("lab/inside",))


def test_a_new_submodule_is_reviewed(zoo: Zoo, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other")
    other.write("inside/rdf.yaml")
    other.commit()
    zoo.git("submodule", "--quiet", "add", str(other.folder), "collection/lab")
    assert zoo.reach() == Reach(models=("lab/inside",), review=(".gitmodules",))


def test_what_decides_how_models_are_tested(zoo: Zoo) -> None:
    changed = (
        ".ci/run",
        ".github/CODEOWNERS",
        ".github/workflows/nightly.yml",
        "collection/policy.toml",
        "environments/onnx/requirements.lock",
        "harness/consumers/new.py",
        "hatch.toml",
        "noxfile.py",
        "pyproject.toml",
    )
    for path in changed:
        zoo.write(path, "new\n")
    assert zoo.reach() == Reach(
        environments=("onnx",),
        harness=(
            ".ci/run",
            ".github/workflows/nightly.yml",
            "harness/consumers/new.py",
            "hatch.toml",
            "noxfile.py",
            "pyproject.toml",
        ),
        review=changed,
    )


def test_a_policy_runs_nothing_and_is_reviewed(zoo: Zoo) -> None:
    zoo.write("collection/policy.toml", "schema = 1\n")
    assert zoo.reach() == Reach(review=("collection/policy.toml",))


def test_settings_of_the_format_library_are_reviewed(zoo: Zoo) -> None:
    zoo.write(".env", "BIOIMAGEIO_HTTP_TIMEOUT=soon\n")  # with it, no description can be read
    assert zoo.reach() == Reach(review=(".env",))


def test_the_harness_is_reviewed_although_someone_calls_it_a_model(zoo: Zoo) -> None:
    zoo.write("harness/rdf.yaml")
    zoo.write("harness/cell.py", "new\n")
    reach = zoo.reach(collection=".")
    assert "harness/cell.py" in reach.review
    assert "harness" in reach.models


def test_what_moved_out_of_the_harness_is_reviewed(zoo: Zoo) -> None:
    zoo.write("harness/long.py", "text that is long enough to be found again after it has been moved\n")
    base = zoo.commit()
    zoo.git("mv", "harness/long.py", "collection/one/long.py")
    assert zoo.reach(base) == Reach(
        models=("one",), harness=("harness/long.py",), review=("harness/long.py",)
    )


def test_what_happened_in_the_base_since_is_no_part_of_the_change(zoo: Zoo) -> None:
    zoo.git("checkout", "--quiet", "-b", "change")
    zoo.write("collection/one/weights.onnx", "new\n")
    zoo.commit()
    zoo.git("checkout", "--quiet", "main")
    zoo.write("collection/three/rdf.yaml")
    base = zoo.commit()
    zoo.git("checkout", "--quiet", "change")
    assert zoo.reach(base) == Reach(models=("one",))


def test_the_merge_may_be_checked_out(zoo: Zoo) -> None:
    zoo.git("checkout", "--quiet", "-b", "change")
    zoo.write("collection/one/weights.onnx", "new\n")
    head = zoo.commit()
    zoo.git("checkout", "--quiet", "main")
    zoo.write("collection/three/rdf.yaml")
    shutil.rmtree(zoo.folder / "collection" / "group")
    base = zoo.commit()
    zoo.git("merge", "--quiet", "--no-edit", "change")
    checkout = Checkout(zoo.folder)
    reach = reach_between(checkout, str(zoo.folder / "collection"), base=base, head=head)
    assert reach == Reach(models=("one",)), "not what the base has added and deleted since"


def test_a_collection_that_is_one_model(zoo: Zoo) -> None:
    zoo.write("collection/one/weights.onnx", "new\n")
    zoo.write("collection/group/two/weights.pt", "new\n")
    assert zoo.reach(collection="collection/one").models == ("one",)


def _index(**versions: str) -> str:
    items = [
        {"id": name, "type": "model", "versions": [{"source": f"{name}/rdf.yaml", "sha256": digest}]}
        for name, digest in versions.items()
    ]
    return json.dumps({"items": items})


def test_an_index(zoo: Zoo) -> None:
    zoo.write("collection/index.json", _index(one="1", gone="2", same="3"))
    base = zoo.commit()
    zoo.write("collection/index.json", _index(one="4", same="3", new="5"))
    reach = zoo.reach(base, collection="collection/index.json")
    assert reach == Reach(models=("new/rdf.yaml", "one/rdf.yaml"), removed=("gone/rdf.yaml",))


def test_a_shallow_clone_says_what_to_do(zoo: Zoo, tmp_path: Path) -> None:
    zoo.write("collection/one/weights.onnx", "new\n")
    head = zoo.commit()
    clone = tmp_path / "clone"
    command = ["git", "clone", "--quiet", "--depth=1", zoo.folder.as_uri(), str(clone)]
    subprocess.run(command, env=VARIABLES, check=True, capture_output=True)
    with pytest.raises(UsageError, match=rf"commit {zoo.base}: is not in this clone; .*`fetch-depth: 0`"):
        reach_between(Checkout(clone), str(clone / "collection"), base=zoo.base, head=head)


def test_histories_that_share_nothing(zoo: Zoo) -> None:
    zoo.git("checkout", "--quiet", "--orphan", "other")
    zoo.write("collection/one/weights.onnx", "new\n")
    with pytest.raises(UsageError, match=r"no commit that both come from; .*`fetch-depth: 0`"):
        zoo.reach()


@pytest.mark.parametrize("base", ["--output=x", "gone", "0" * 40])
def test_a_base_that_is_no_commit(zoo: Zoo, base: str) -> None:
    with pytest.raises(UsageError, match=f"commit {base}"):
        zoo.reach(base)


def test_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git rev-parse failed: fatal: not a git repository"):
        Checkout(tmp_path)


def test_what_a_commit_holds(zoo: Zoo) -> None:
    checkout = Checkout(zoo.folder)
    zoo.write("collection/policy.toml", "new\n")
    assert checkout.file(zoo.base, "collection/policy.toml") == b"x\n"
    assert checkout.file(zoo.base, "collection/none.toml") is None


@pytest.mark.parametrize(
    "setting", ["[diff]\nrelative = true", "[diff]\norderFile = /nowhere", "[core]\nquotePath = true"]
)
def test_no_setting_of_the_user_hides_a_change(
    zoo: Zoo, setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text(f"{setting}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    zoo.write("harness/cell.py", "new\n")
    assert zoo.reach().harness == ("harness/cell.py",)
