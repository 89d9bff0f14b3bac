"""A worker's runner that goes on as the command ``bioimageio test``; staged among the worker's others."""

from __future__ import annotations

import importlib
import os
import runpy
import sys
import traceback
from pathlib import Path

from ..protocol import Job  # type: ignore[import-not-found,import-untyped,unused-ignore]
from . import bioimageio_core  # type: ignore[attr-defined]

# Without a network it is the same everywhere; servers of tests are on this machine.
OFFLINE = {
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1"),
}


def warm() -> None:
    """Import what the command does."""
    bioimageio_core.warm()
    importlib.import_module("bioimageio.core.cli")


def prepare(job: Job) -> None:
    """Be the command until the end of this process: the cell's file "source" names the model."""
    import bioimageio.spec

    bioimageio.spec.settings.cache_path = Path(os.environ["BIOIMAGEIO_CACHE_PATH"])
    os.environ.update(OFFLINE)
    source, report = Path("source").read_text("utf-8"), str(Path.cwd() / "report.json")
    os.chdir("work")
    code = 1
    try:
        _test(source, job.weights_format, report)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _test(source: str, weights: str, report: str) -> None:
    if weights == "keras_v3":  # the command line does not know it, so the function behind it is called
        from bioimageio.core import test_model

        summary = test_model(source, weight_format="keras_v3")
        Path(report).write_text(summary.model_dump_json())
        return
    sys.argv = ["bioimageio", "test", source, f"--weight-format={weights}", f"--summary={report}"]
    runpy.run_module("bioimageio.core", run_name="__main__", alter_sys=True)
