"""The page of the tools, docs/consumers.md."""

from __future__ import annotations

import pytest

from harness.consumers import CONSUMERS, Consumer
from tests.conftest import ROOT


@pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=CONSUMERS)
def test_it_lists_every_tool_with_its_depth(consumer: Consumer) -> None:
    page = (ROOT / "docs" / "consumers.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert any(consumer.TITLE in row and f" {consumer.DEPTH.value} " in row for row in rows)
