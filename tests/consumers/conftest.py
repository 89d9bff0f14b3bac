"""Descriptions of real models, read once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.collection.description import Description
from harness.collection.fault import ModelFault
from tests.consumers.described import content_of, parsed


@pytest.fixture(scope="session")
def of_collection(collection: Path) -> dict[str, Description]:
    """The project's own models by id."""
    models = [path for path in collection.iterdir() if path.suffix == ".zip" or path.is_dir()]
    return {path.stem: parsed(content_of(path), shown=path.stem) for path in models}


@pytest.fixture(scope="session")
def of_zoo(zoo_descriptions: dict[str, dict[str, Any]]) -> dict[str, Description]:
    """The models of the zoo by id, without those that today's format library calls invalid."""
    found = {}
    for name, content in zoo_descriptions.items():
        try:
            found[name] = parsed(content, shown=name)
        except ModelFault:
            continue
    assert len(found) > 80
    return found
