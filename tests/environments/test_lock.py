"""Locks: solved by uv, free of addresses and labels, proved by reading."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from harness.environments import lock, spec, torch_backend
from harness.environments.failure import EnvironmentBuildError
from harness.errors import ConfigurationError
from harness.verdict import Reason

from .conftest import PYTHON, TOML, Index, Maker

ENVIRONMENTS = Path(__file__).parents[2] / "environments"
LABELLED = """\
six==1.17.0 \\
    --hash=sha256:00
    # via -r requirements.in
torch==2.13.0+cpu \\
    --hash=sha256:11 \\
    --hash=sha256:22
    # via -r requirements.in
tqdm==4.70.1 \\
    --hash=sha256:33
"""


def test_labels_and_their_hashes_are_dropped() -> None:
    assert lock.strip_labels(LABELLED) == (
        "six==1.17.0 \\\n    --hash=sha256:00\n    # via -r requirements.in\n"
        "torch==2.13.0\n    # via -r requirements.in\n"
        "tqdm==4.70.1 \\\n    --hash=sha256:33\n"
    )


def test_pins_have_normalised_names() -> None:
    text = 'Typing_Extensions==4.16.0 ; python_version < "3.12" \\\n    --hash=sha256:00\nsix==1.17\n# a==1\n'
    assert lock.pins(text) == {"typing-extensions": "4.16.0", "six": "1.17"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tiny==1.0+cpu\n", "a local version label: 'tiny==1.0+cpu'"),
        ("--index-url https://packages.example/simple\ntiny==1.0\n", "an address"),
        ("-f wheels\ntiny==1.0\n", "an address or a place: '-f wheels'"),
        ("tiny @ file:///wheels/tiny-1.0-py3-none-any.whl\n", "an address"),
        ("tiny>=1\n", "not pinned: 'tiny>=1'"),
        ("other==1.0\n", "tiny is missing"),
        ("tiny==3.0\n", "tiny is 3.0, requirements.in asks for <2"),
        (
            "tiny==1.0\nnvidia-cudnn-cu13==9.1\n",
            "a CUDA package in a CPU environment: 'nvidia-cudnn-cu13==9.1'",
        ),
    ],
)
def test_says_what_is_wrong_with_a_lock(make: Maker, text: str, words: str) -> None:
    made = make(toml=TOML + 'torch_backend = "cpu"\n', requirements="# why\ntiny<2\n", lock=text)
    with pytest.raises(ConfigurationError) as caught:
        lock.check(made)
    assert words in str(caught.value)
    assert "harness env lock small" in str(caught.value)


def test_a_requirement_that_is_none(make: Maker) -> None:
    with pytest.raises(ConfigurationError, match="is no requirement"):
        lock.check(make(requirements="tiny<<2\n"))


@pytest.mark.parametrize("made", spec.load_all(ENVIRONMENTS).values(), ids=lambda made: made.name)
def test_the_locks_of_this_project(made: spec.EnvironmentSpec) -> None:
    lock.check(made)
    text = made.lock.read_text("utf-8")
    without_hash = {
        line.split("==")[0]
        for line in text.splitlines()
        if "==" in line and not line.endswith("\\") and line[0] != "#"
    }
    family = torch_backend.family(made)
    assert without_hash == family & lock.pins(text).keys()
    assert not made.torch_backend or "torch" in without_hash
    assert made.health.exists()


def test_refresh_solves_and_keeps_pins(index: Index, make: Maker, tmp_path: Path) -> None:
    digest = index.add("upper", "1.0", requires=("tiny",))
    made = make(requirements="upper\n")
    made.lock.unlink()
    log = tmp_path / "lock.log"
    text = lock.refresh(made, log=log)
    assert made.lock.read_text("utf-8") == text
    assert lock.pins(text) == {"tiny": "1.0", "upper": "1.0"}
    assert f"--hash=sha256:{digest}" in text
    assert str(tmp_path) not in text
    lock.check(made)

    index.add("tiny", "2.0")
    assert lock.pins(lock.refresh(made, log=log))["tiny"] == "1.0"
    assert lock.pins(lock.refresh(made, log=log, upgrade=True))["tiny"] == "2.0"
    limits = tmp_path / "limits.txt"
    limits.write_text("tiny<2  # why\n", "utf-8")
    assert lock.pins(lock.refresh(made, log=log, upgrade=True, constraints=limits))["tiny"] == "1.0"


def test_refresh_drops_labels(index: Index, make: Maker, tmp_path: Path) -> None:
    index.add("tiny", "1.5+cpu")
    made = make()
    text = lock.refresh(made, log=tmp_path / "lock.log", upgrade=True)
    assert lock.pins(text) == {"tiny": "1.5"}
    assert "--hash" not in text
    # A second time: the bare version does not exist and must not be preferred.
    assert lock.pins(lock.refresh(made, log=tmp_path / "lock.log")) == {"tiny": "1.5"}


def test_refresh_drops_hashes_of_what_is_built_for_each_torch(
    index: Index, make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_TORCH_BACKEND", "")
    index.add("torchvision", "0.28.0")
    for backend, without_hash in (("cpu", True), ("", False)):
        made = make(toml=f'{TOML}torch_backend = "{backend}"\n', requirements="tiny\ntorchvision\n")
        text = lock.refresh(made, log=tmp_path / "lock.log", upgrade=True)
        assert text.count("--hash") == (1 if without_hash else 2)
        assert ("torchvision==0.28.0\n" in text) is without_hash


def test_overrides_replace_what_packages_ask_for(index: Index, make: Maker, tmp_path: Path) -> None:
    index.add("tiny", "2.0")
    index.add("careful", "1.0", requires=("tiny<2",))
    made = make(requirements="careful\n")
    log = tmp_path / "lock.log"
    assert lock.pins(lock.refresh(made, log=log, upgrade=True)) == {"careful": "1.0", "tiny": "1.0"}
    made.overrides.write_text("# It works with any.\ntiny>=2\n", "utf-8")
    assert lock.pins(lock.refresh(made, log=log, upgrade=True)) == {"careful": "1.0", "tiny": "2.0"}


def test_refresh_without_a_solution(index: Index, make: Maker, tmp_path: Path) -> None:
    made = make(requirements="tiny>=7\n")
    before = made.lock.read_text("utf-8")
    with pytest.raises(EnvironmentBuildError) as caught:
        lock.refresh(made, log=tmp_path / "lock.log")
    assert caught.value.reason is Reason.ENVIRONMENT_UNSATISFIABLE
    assert "tiny" in str(caught.value)
    assert made.lock.read_text("utf-8") == before


def test_extra_indexes_of_this_machine_do_not_decide(
    index: Index, make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = Index(tmp_path / "local")
    local.add("tiny", "9.0")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", local.url)
    text = lock.refresh(make(), log=tmp_path / "lock.log", upgrade=True)
    assert lock.pins(text) == {"tiny": "1.0"}


WHEEL = "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.mark.parametrize(
    ("find_links", "found"),
    [
        ("", False),
        ("{folder}", True),
        ("file://{folder}", True),
        (f"{{folder}}/{WHEEL}", True),
        (f"https://wheels.example/{WHEEL}", True),
        (f"https://wheels.example/{WHEEL.replace('cp311', 'cp312')}", False),
        ("https://wheels.example/", False),
        ("/nowhere,{folder}", True),
        ("https://wheels.example/torch-what.whl", False),
    ],
)
def test_a_torch_wheel_among_find_links(tmp_path: Path, find_links: str, found: bool) -> None:
    (tmp_path / WHEEL).touch()
    (tmp_path / WHEEL.replace("torch", "torchvision")).touch()
    assert torch_backend.offered("3.11", find_links.format(folder=tmp_path)) is found
    assert torch_backend.offered("3.9", find_links.format(folder=tmp_path)) is False


def test_torch_backend_option(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = TOML.replace(PYTHON, "3.11") + 'torch_backend = "cpu"\n'
    (tmp_path / WHEEL).touch()
    offered = {"UV_FIND_LINKS": str(tmp_path)}
    made = make(toml=toml)
    assert torch_backend.arguments(make(), {}) == ()
    assert torch_backend.arguments(made, {}) == ("--torch-backend=cpu",)
    assert torch_backend.arguments(made, offered) == ()
    here, elsewhere = SpecifierSet("==2.13.0"), SpecifierSet("==2.4.0")
    assert torch_backend.arguments(made, offered, wanted=here) == ()
    assert torch_backend.arguments(made, offered, wanted=elsewhere) == ("--torch-backend=cpu",)
    monkeypatch.setenv(spec.TORCH_BACKEND_VARIABLE, "cu126")
    assert torch_backend.arguments(make(toml=toml), offered) == ("--torch-backend=cu126",)
    monkeypatch.setenv(spec.TORCH_BACKEND_VARIABLE, "")
    assert torch_backend.arguments(make(toml=toml), {}) == ()


def test_the_pins_of_an_environment_yml_are_written_anew(index: Index, make: Maker, tmp_path: Path) -> None:
    index.add("other", "3.0", requires=("tiny",))
    made = make(requirements="other\n", lock="tiny==1.0\n")
    head = f"# Why.\nchannels: [conda-forge]\ndependencies:\n  - python={PYTHON}\n"
    made.environment_yml.write_text(f"{head}  - pip:\n      - tiny==0.1\n", "utf-8")
    lock.refresh(made, log=tmp_path / "log")
    written = made.environment_yml.read_text("utf-8")
    assert written == f"{head}  - pip:\n      - other==3.0\n      - tiny==1.0\n"

    # Where they cannot be written, the lock is not either: they would not agree.
    made.environment_yml.write_text(head, "utf-8")
    made.lock.write_text("tiny==1.0\n", "utf-8")
    with pytest.raises(ConfigurationError, match="has no '- pip:' section"):
        lock.refresh(made, log=tmp_path / "log")
    assert made.lock.read_text("utf-8") == "tiny==1.0\n"
