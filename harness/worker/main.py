"""Run one job from start to end. Started by ``harness.execute.workers``."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
import traceback
from typing import Any

from . import gpu, protocol

_MOST_NAMES, _LONGEST_NAME = 20, 200


def main(arguments: list[str]) -> None:
    """Do the job whose path is the only argument, and end, whatever a model left running."""
    os._exit(work(*arguments))


def work(path: str) -> int:
    """Do the job in the file ``path``; the exit code is 0 once the reply is complete, whatever it says.

    If the worker's own code fails, which no model can be blamed for, it is ``protocol.EXIT_FAILED``.
    """
    _die_first()
    try:
        job = protocol.Job(path)
        with protocol.Reply(job.reply) as reply:
            _work(job, reply)
            reply.send("end")
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        traceback.print_exc()
        return protocol.EXIT_FAILED
    return 0


def _die_first() -> None:
    """Where memory runs out, the system is to end this process and not the harness."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
        score.write("1000")


def _work(job: protocol.Job, reply: protocol.Reply) -> None:
    reply.send("stage", stage="import", seconds=0.0)
    clock = time.perf_counter()
    try:
        if job.device == "cuda":
            gpu.prepare()
        if job.check:
            return reply.send("device", computes=gpu.check())
        runner = importlib.import_module(".runners." + job.runner, __package__)
        runner.prepare(job)
    except (Exception, SystemExit) as error:
        return reply.error("import", None, error)
    try:  # before any code of the model runs, which could say the same
        if hasattr(runner, "refuse"):
            runner.refuse(job)
    except protocol.RefusedError as error:
        return reply.error("refused", None, error)
    except (Exception, SystemExit) as error:
        return reply.error("load", None, error)
    reply.send("stage", stage="load", seconds=time.perf_counter() - clock)
    clock = time.perf_counter()
    try:
        needs = runner.needs(job)  # before any code of the model runs
        if needs:
            reply.send("needs", names=[name[:_LONGEST_NAME] for name in needs[:_MOST_NAMES]])
        model = runner.load(job)
    except (Exception, SystemExit) as error:
        return reply.error("load", None, error)
    reply.send("loaded", seconds=time.perf_counter() - clock)
    for task in job.tasks:
        _run(runner, model, task, reply, on_gpu=job.device == "cuda")
    return None


def _run(runner: Any, model: Any, task: dict[str, Any], reply: protocol.Reply, *, on_gpu: bool) -> None:
    reply.send("begin", task=task["name"])
    try:
        outputs, seconds = runner.predict(model, task["inputs"], task["outputs"], task["padding"])
    except protocol.FilesError as error:
        reply.error("io", task["name"], error)
    except (Exception, SystemExit) as error:
        reply.error("run", task["name"], error)
    else:
        reply.send(
            "result",
            task=task["name"],
            seconds=seconds,
            peak_memory_bytes=_peak_memory_bytes(),
            peak_device_memory_bytes=gpu.peak_memory_bytes() if on_gpu else 0,
            outputs=outputs,
        )


def _peak_memory_bytes() -> int:
    """The largest resident set of this process so far; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
