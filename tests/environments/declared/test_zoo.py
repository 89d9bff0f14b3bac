"""The declarations of the real zoo. Their files are not in its snapshot, but what was made of them is.

The reference runtime writes into its reports which conda environment it would make of a weights entry: the
author's file, sorted, with the runtime's own package added.
"""

from __future__ import annotations

import json
import re
import tarfile
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml
from bioimageio.spec import ValidationContext, build_description, get_conda_env
from bioimageio.spec.model import v0_4, v0_5
from packaging.version import Version

from harness.collection.dependencies import CONDA, Dependencies, find
from harness.environments.declared.declaration import Declaration, Reading, RefusedError
from harness.environments.declared.read import read
from tests.conftest import SHARED

_REPORT = re.compile(r"bioimageio\.core_(?P<version>.*)\.json")


class Declared(NamedTuple):
    """One weights entry of the snapshot, and the sha256 of the file that it names, as far as it is stated."""

    model: str
    dependencies: Dependencies
    sha256: str


@pytest.fixture(scope="module")
def declared(zoo_descriptions: dict[str, dict[str, Any]]) -> list[Declared]:
    return [
        Declared(model, entry, _sha256(content, entry))
        for model, content in zoo_descriptions.items()
        for entry in find(content)
    ]


def _sha256(content: dict[str, Any], entry: Dependencies) -> str:
    stated = content["weights"][entry.weights_format.value]["dependencies"]
    return stated["sha256"] if isinstance(stated, dict) else ""


@pytest.fixture(scope="module")
def files(declared: list[Declared]) -> dict[str, list[str]]:
    """What was made of each model's file, by the newest runtime last; of two nothing is known."""
    models = {entry.model for entry in declared}
    found: dict[str, list[tuple[Version, str]]] = {}
    with tarfile.open(SHARED / "zoo" / "zoo-snapshot.tar.xz") as snapshot:
        for member in snapshot:
            model, _, _, name = ("", "", "", *member.name.split("/"))[-4:]
            report = _REPORT.fullmatch(name)
            if report and model in models and (stream := snapshot.extractfile(member)):
                version = Version(report["version"])
                for environment in _environments(json.load(stream)):
                    found.setdefault(model, []).append((version, yaml.safe_dump(environment)))
    return {model: [text for _, text in sorted(texts)] for model, texts in found.items()}


def _environments(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    details = report.get("details") or []
    rows = details.get("details", ()) if isinstance(details, dict) else details
    for row in rows:
        environment = isinstance(row, dict) and row.get("recommended_env")
        if environment and tuple(row["loc"]) in {("weights", "pytorch_state_dict"), ()}:
            yield environment


def answer(text: str) -> Reading | RefusedError:
    try:
        return read(CONDA, text.encode(), shown="environment.yaml")
    except RefusedError as refused:
        return refused


def test_who_declares_what(declared: list[Declared]) -> None:
    assert len(declared) == 18
    assert {entry.dependencies.manager for entry in declared} == {CONDA}
    assert {entry.dependencies.weights_format.value for entry in declared} == {"pytorch_state_dict"}
    versions = {entry.dependencies.framework_version for entry in declared}
    assert versions == {"", "1.13.1", "2.1.2", "2.4.0", "2.4.0+cu118", "2.5.1", "2.6.0", "2.7.1+cu126"}


def test_every_file_that_was_seen_is_read_or_refused_in_words(files: dict[str, list[str]]) -> None:
    texts = {text for found in files.values() for text in found}
    refused = {text: found.message for text in texts if isinstance(found := answer(text), RefusedError)}
    assert len(texts) == 18
    assert refused
    assert all("comes from version control" in message for message in refused.values())


def test_what_the_newest_files_ask_for(declared: list[Declared], files: dict[str, list[str]]) -> None:
    newest = {model: answer(found[-1]) for model, found in files.items() if found}
    wheels = {m for m, found in newest.items() if isinstance(found, Reading) and not found.declaration.conda}
    assert wheels == {"ambitious-kangaroo", "dazzling-spider", "jolly-ox", "zestful-bug"}
    assert {m for m, found in newest.items() if isinstance(found, RefusedError)} == {
        "affectionate-cow",
        "wild-rhino",
    }
    assert {entry.model for entry in declared} - newest.keys() == {"efficient-raccoon", "shy-lobster"}
    careamics = newest["jolly-ox"]
    assert isinstance(careamics, Reading)
    assert careamics.declaration == Declaration(
        pythons=("3.12",),
        pip=("bioimageio-core>=0.9.4", "careamics==0.0.16", "torch==2.7.1", "torchvision==0.22.1"),
    )


def test_how_many_environments_are_needed(
    declared: list[Declared], files: dict[str, list[str]], zoo_descriptions: dict[str, dict[str, Any]]
) -> None:
    """The figures of docs/environments.md."""
    assert len({entry.sha256 or files[entry.model][-1] for entry in declared}) == 11
    seen = [answer(files[entry.model][-1]) for entry in declared if entry.model in files]
    forms = {found.declaration for found in seen if isinstance(found, Reading)}
    assert (len(seen), len(forms)) == (16, 6)
    assert len({found.message for found in seen if isinstance(found, RefusedError)}) == 2
    assert len(_of_the_reference(zoo_descriptions)) == 17


def _of_the_reference(descriptions: dict[str, dict[str, Any]]) -> set[str]:
    """The environments that the reference runtime makes for weights that declare nothing."""
    found: set[str] = set()
    context = ValidationContext(perform_io_checks=False, log_warnings=False)
    for content in descriptions.values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            described = build_description(content, context=context)
        if not isinstance(described, (v0_4.ModelDescr, v0_5.ModelDescr)):
            continue
        for name in content["weights"]:
            entry = getattr(described.weights, name, None)
            if entry is not None and getattr(entry, "dependencies", None) is None and name != "tensorflow_js":
                environment = get_conda_env(entry=entry, env_name="DROP")
                found.add(environment.model_dump_json())
    return found
