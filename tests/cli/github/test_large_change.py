"""A commit that changes hundreds of models, from its difference to its comment."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.large_change import measure
from harness.github.message import LONGEST_BODY
from harness.github.summary import LONGEST
from harness.job_names import MAX_SHARDS
from tests.conftest import ROOT

_MODELS = 600


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_all_models_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))
    found: dict[str, Any] = measure(tmp_path, ROOT / "collection" / "nuclei-unet2d", models=_MODELS)
    assert found["cells"] > 20 * _MODELS
    assert 100 < found["jobs"] <= MAX_SHARDS
    assert found["bytes"]["GITHUB_OUTPUT"] < 300_000, "GitHub takes 1 MB, and 256 jobs are all there can be"
    assert found["bytes"]["plan.json"] < 900 * found["cells"]
    assert found["bytes"]["summary"] <= LONGEST
    assert 20_000 < found["comment_characters"] <= LONGEST_BODY
    assert found["annotations"] <= 400, "20 descriptions with 20 remarks each"
    assert found["requests"] < 60 + _MODELS / 50
    assert found["violations"] == []
    costs = found["costs"]
    assert costs["matrix, descriptions seen before"]["cpu_seconds"] < 0.02 * _MODELS + 5
    assert all(cost["peak_memory_mb"] < 400 + 0.2 * _MODELS for cost in costs.values())
