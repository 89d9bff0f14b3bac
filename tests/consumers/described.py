"""Descriptions to ask consumers about: real ones, and changed ones."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from harness.cell import WeightsFormat
from harness.collection.description import Description, parse_description
from harness.consumers import Consumer


def content_of(model: Path) -> dict[str, Any]:
    """What the description of a model says; the model is a folder or a zip package."""
    if model.suffix == ".zip":
        with zipfile.ZipFile(model) as archive:
            text = archive.read("rdf.yaml").decode()
    else:
        text = (model / "rdf.yaml").read_text("utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def parsed(content: dict[str, Any], *, shown: str = "rdf.yaml") -> Description:
    """The description of this content."""
    return parse_description(content, shown=shown).description


def opened(consumer: Consumer, descriptions: Mapping[str, Description]) -> set[tuple[str, str]]:
    """Which models, and which of their weights, the consumer opens; every no has its reason in words."""
    found = set()
    for name, description in descriptions.items():
        for weights in description.weights:
            why = consumer.applicable(description, weights)
            assert why is None or len(why.split()) > 3
            if why is None:
                found.add((name, weights.value))
    return found


def why_not(consumer: Consumer, content: dict[str, Any], weights: WeightsFormat) -> str:
    """The reason why the consumer does not open these weights, empty if it does."""
    return consumer.applicable(parsed(content), weights) or ""
