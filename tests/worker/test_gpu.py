"""The worker's part of cells on a GPU, as far as it shows without one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.worker import gpu
from tests.conftest import ROOT


def test_a_check_where_nothing_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_is_there", lambda _name: False)
    gpu.prepare()
    assert gpu.peak_memory_bytes() == 0
    with pytest.raises(RuntimeError, match="nothing in this environment computes on a GPU"):
        gpu.check()


def test_to_ask_for_frameworks_imports_none() -> None:
    code = "import sys; from harness.worker import gpu; gpu._is_there('torch'); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "onnxruntime", "numpy"} & set(ran.stdout.split())
