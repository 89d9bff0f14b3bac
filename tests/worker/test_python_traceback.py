"""Which files a traceback in a log goes through: what real Pythons write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.worker.runners import python_traceback

TOOL = """
import runpy, sys, traceback
try:
    runpy.run_path(sys.argv[1])
except ImportError as error:
    {handled}
{after}
"""


@pytest.mark.parametrize(
    ("handled", "after", "through_model"),
    [
        ("raise", "", True),
        ("raise ImportError('the architecture') from error", "", True),
        ("raise ImportError('while the other was handled')", "", True),
        ("raise ImportError('alone') from None", "", False),
        ("traceback.print_exc()", "import not_in_the_image", False),
        ("pass", "import not_in_the_image", False),
    ],
)
def test_only_the_last_error_and_what_led_to_it_count(
    handled: str, after: str, through_model: bool, tmp_path: Path
) -> None:
    model, tool = tmp_path / "network.py", tmp_path / "tool.py"
    model.write_text("import not_declared\n", "utf-8")
    tool.write_text(TOOL.format(handled=handled, after=after), "utf-8")
    ended = subprocess.run(
        [sys.executable, tool, model], stderr=subprocess.PIPE, encoding="utf-8", check=False
    )
    assert ended.returncode == 1
    found = python_traceback.files("the log begins\n" + ended.stderr)
    assert str(tool) in found
    assert (str(model) in found) is through_model


def test_a_log_without_a_traceback_names_no_file() -> None:
    assert python_traceback.files('  File "net.py", line 3\nModuleNotFoundError: x') == []
