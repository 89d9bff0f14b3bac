"""A server that fails in the ways in which servers fail, and the models that it lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.collection.description_yaml import read_description
from harness.verdict import Reason
from tests.collection.conftest import Server
from tests.zoo.building import as_it_is, write_description
from tests.zoo.case import Case


def _served(folder: Path) -> None:
    """A model whose files the server has."""
    as_it_is("tensorflow_js", original="spots-heatmap2d")(folder)


def _with_weights_elsewhere(folder: Path) -> None:
    """A model whose weights have moved since it was described."""
    _served(folder)
    content = read_description(folder / "rdf.yaml", shown="rdf.yaml")
    # Without a sha256: with it, the same file that another model has would do.
    content["weights"]["tensorflow_js"] = {**content["weights"]["tensorflow_js"], "source": "moved.zip"}
    del content["weights"]["tensorflow_js"]["sha256"]
    write_description(folder, content)


# What the server does when it is asked for the description, and the verdict that follows.
CASES: tuple[tuple[str, Case], ...] = (
    ("", Case("web-tensorflow-js-only", _served, Reason.FORMAT_NOT_SUPPORTED, ("TensorFlow.js",))),
    ("404", Case("web-gone", _served, Reason.FILE_MISSING, ("web-gone/rdf.yaml", "no such file (404)"))),
    (
        "",
        Case(
            "web-weights-gone",
            _with_weights_elsewhere,
            Reason.FILE_MISSING,
            ("weights.tensorflow_js.source", "moved.zip", "no such file (404)"),
        ),
    ),
    (
        "500",
        Case(
            "web-broken", _served, Reason.DOWNLOAD_FAILED, ("web-broken/rdf.yaml", "the server answered 500")
        ),
    ),
    ("stall", Case("web-stalls", _served, Reason.DOWNLOAD_FAILED, ("web-stalls/rdf.yaml", "3 attempts"))),
    ("cut short", Case("web-drops", _served, Reason.DOWNLOAD_FAILED, ("web-drops/rdf.yaml", "3 attempts"))),
    ("", Case("web-changed", _served, Reason.SHA256_MISMATCH, ("web-changed/rdf.yaml", "0" * 64))),
)


def serve(server: Server) -> str:
    """Make the models below the server's folder and tell it how to fail; answers the index's URL."""
    items: list[dict[str, Any]] = []
    for fault, case in CASES:
        case.build(server.folder / case.name)
        source = f"{case.name}/rdf.yaml"
        server.faults[source] = fault
        version = {"version": "1", "created_at": "2026-01-01T00:00:00Z", "source": source}
        if case.reason is Reason.SHA256_MISMATCH:
            version["sha256"] = "0" * 64
        items.append({"id": case.name, "type": "model", "versions": [version]})
    (server.folder / "index.json").write_text(json.dumps({"items": items}), "utf-8")
    return f"{server.url}/index.json"
