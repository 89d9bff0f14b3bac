"""What goes, what stays, and what the disk gets back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest
from filelock import FileLock

from harness.cell import Backend, EnvironmentRef
from harness.environments import inventory, store
from harness.environments.built import BuiltEnvironment
from harness.environments.declared.declaration import Declaration
from harness.environments.declared.spec import declared_spec
from harness.environments.entry_lock import lock_file
from harness.environments.prune import Pruned, prune
from harness.errors import OutputError

from .conftest import PYTHON, Index, Maker
from .test_leases import end, hold_elsewhere

DAY = 86_400.0
NOW = time.time() + 10 * DAY
MEGABYTE = 1024**2


@pytest.fixture
def three(index: Index, make: Maker) -> list[BuiltEnvironment]:
    """Used last nine, five and one days ago; each has a file of its own of one, two and four MB."""
    built = []
    for number, (name, days) in enumerate((("old", 9), ("middle", 5), ("new", 1))):
        made = make(name, health=f"import tiny  # {name}\n", lock=f"tiny==1.0  # {name}\n", toml=_toml(name))
        one = store.ensure(made, Backend.VENV, on_progress=lambda _: None)
        (one.prefix / "large").write_bytes(os.urandom(MEGABYTE * 2**number))
        at = NOW - days * DAY
        (one.prefix.parent / store.LAST_USED).touch()
        os.utime(one.prefix.parent / store.LAST_USED, (at, at))
        os.utime(one.prefix.parent / "ready.json", (0, 0))
        built.append(one)
    return built


def _toml(name: str) -> str:
    from .conftest import TOML

    return f'{TOML}[variables]\nNAME = "{name}"\n'


def _refs(built: list[BuiltEnvironment]) -> list[EnvironmentRef]:
    return [each.ref for each in built]


def _names(pruned: Pruned) -> list[str]:
    return [each.name for each in pruned.removed]


def _left() -> list[str]:
    return [stored.ref.name for stored in inventory.stored()]


def test_what_no_folder_asks_for(three: list[BuiltEnvironment]) -> None:
    old, middle, new = three
    assert _names(prune(_refs(three), now=NOW)) == []
    pruned = prune([middle.ref, new.ref], now=NOW)
    assert [(each.name, each.folder, each.why) for each in pruned.removed] == [
        ("old", old.prefix.parent, "no folder asks for it")
    ]
    assert MEGABYTE <= pruned.freed_bytes < 1.2 * MEGABYTE
    assert _left() == ["middle", "new"]
    assert not old.prefix.exists()


def test_what_is_shared_with_the_cache_of_uv_is_not_counted(three: list[BuiltEnvironment]) -> None:
    (three[2].prefix / "linked").hardlink_to(three[1].prefix / "large")
    pruned = prune([three[1].ref], now=NOW)
    assert _names(pruned) == ["new", "old"]
    assert 5 * MEGABYTE <= pruned.freed_bytes < 5.5 * MEGABYTE
    assert 2 * MEGABYTE <= pruned.shared_bytes < 2.5 * MEGABYTE


def test_by_age(three: list[BuiltEnvironment]) -> None:
    assert _names(prune(_refs(three), now=NOW, older_than=10)) == []
    pruned = prune(_refs(three), now=NOW, older_than=4)
    assert [(each.name, each.why) for each in pruned.removed] == [
        ("middle", "used last 5 days ago"),
        ("old", "used last 9 days ago"),
    ]
    assert _left() == ["new"]


def test_those_as_described_go_by_age_alone(index: Index, make: Maker) -> None:
    """No folder asks for them, but the next run of the same models does."""
    declaration = Declaration(pythons=(PYTHON,), pip=("tiny",))
    spec = declared_spec(declaration, (), like=make(lock=""), preferences="", backend=Backend.VENV)
    spec = msgspec.structs.replace(spec, folder=store.entry_folder(spec.ref(Backend.VENV)))
    store.ensure(spec, Backend.VENV, on_progress=lambda _: None)
    now = time.time()
    assert _names(prune([], now=now + 29 * DAY)) == []
    assert _names(prune([], now=now + 40 * DAY, older_than=50)) == []
    assert _names(prune([], now=now + 11 * DAY, older_than=10, dry_run=True)) == [spec.name]
    pruned = prune([], now=now + 31 * DAY)
    assert [(each.name, each.why) for each in pruned.removed] == [(spec.name, "used last 31 days ago")]
    assert _left() == []


def test_by_size_the_least_recently_used_first(three: list[BuiltEnvironment]) -> None:
    assert _names(prune(_refs(three), now=NOW, max_bytes=9 * MEGABYTE)) == []
    pruned = prune(_refs(three), now=NOW, max_bytes=5 * MEGABYTE)
    assert _names(pruned) == ["old", "middle"]
    assert "used least recently" in pruned.removed[0].why
    assert _left() == ["new"]
    assert _names(prune(_refs(three), now=NOW, max_bytes=0)) == ["new"]


def test_a_dry_run_changes_nothing(three: list[BuiltEnvironment]) -> None:
    told = prune([], now=NOW, max_bytes=0, dry_run=True)
    assert _names(told) == ["middle", "new", "old"]
    assert _left() == ["middle", "new", "old"]
    assert prune([], now=NOW, max_bytes=0) == told
    assert _left() == []


def test_what_somebody_uses_stays_until_he_is_killed(three: list[BuiltEnvironment]) -> None:
    runs = [hold_elsewhere(three[0].prefix.parent) for _ in range(2)]
    for run in runs:
        pruned = prune([], now=NOW, older_than=0, max_bytes=0)
        assert [each.name for each in pruned.kept] == ["old"]
        assert three[0].python.exists()
        end(run)
    assert _names(prune([], now=NOW)) == ["old"]
    assert _left() == []


def test_by_size_passes_over_what_is_in_use(three: list[BuiltEnvironment]) -> None:
    run = hold_elsewhere(three[0].prefix.parent)
    pruned = prune(_refs(three), now=NOW, max_bytes=6 * MEGABYTE)
    end(run)
    assert ([each.name for each in pruned.kept], _names(pruned)) == (["old"], ["middle"])


def test_what_is_being_built_stays_and_leftovers_go(make: Maker, cache: Path) -> None:
    ref = make().ref(Backend.VENV)
    leftovers = store.entry_folder(ref)
    leftovers.mkdir(parents=True)
    (leftovers / "build.log").write_bytes(b"1" * MEGABYTE)
    aside = leftovers.parent / ".removed-x"
    aside.mkdir()
    with FileLock(lock_file(leftovers)):
        assert [each.name for each in prune([ref], now=NOW).kept] == [""]
        assert leftovers.exists()
        assert not aside.exists()
    pruned = prune([ref], now=NOW)  # asked for, but what lies there is nothing
    assert [each.why for each in pruned.removed] == ["left by a build that was stopped"]
    assert pruned.freed_bytes >= MEGABYTE
    assert not leftovers.exists()


def test_an_empty_store(cache: Path) -> None:
    assert prune([], now=NOW, max_bytes=0) == Pruned(removed=(), kept=(), freed_bytes=0, shared_bytes=0)


def test_a_store_that_cannot_be_written(three: list[BuiltEnvironment]) -> None:
    lock = lock_file(three[0].prefix.parent)
    lock.unlink()
    lock.mkdir()
    with pytest.raises(OutputError, match="cannot be removed"):
        prune([], now=NOW)
