"""A guest in a foreign interpreter: runs one model in one consumer and hands back arrays.

This folder is staged into a scratch folder and started with an environment's Python; the harness itself is
not installed there. Rules: standard library only (a runner may import what its environment holds), Python 3.8
and later, relative imports only, nothing is judged here.

The protocol, version ``protocol.VERSION``. The only argument is the path of a job, JSON. Every path in it is
relative to the folder of the job, which may lie elsewhere for the worker than for the harness:

    protocol        int
    runner          name of a module of ``runners``, the only one that is imported
    description     path of the model's description
    weights         path of the weights' own file
    weights_format  "onnx", ...
    device          "cpu" or "cuda"
    check           whether only the device is to be tried, false if left out: nothing is loaded then
    threads         how many threads the framework may use
    reply           path of the file that the reply is appended to
    inputs          [{name, axes: [id, ...]}, ...] as described
    outputs         the same
    tasks           [{name, inputs: [path of .npy, ...], outputs: folder, padding: bool}, ...] in this order

The reply is JSON Lines, each flushed before the next step begins, so that what ended the process is known to
have come after the last line:

    {"event": "stage", "stage": "import" | "load", "seconds": s of the step before}
    {"event": "needs", "names": what the weights import that loading them as weights only would refuse,
     "module.name", the first 20; left out if that is nothing, or not known}
    {"event": "device", "computes": names of the frameworks that computed on it, at least one}
    {"event": "loaded", "seconds": s}
    {"event": "begin", "task": name}
    {"event": "result", "task": name, "seconds": s, "peak_memory_bytes": so far,
     "peak_device_memory_bytes": so far, 0 on the CPU,
     "outputs": [{name, file: its name in the folder of the task's outputs,
     expected: the file that it is compared with, as the description names it: an attached .npy called
     expected_* or the test tensor of an output, which no worker sees; left out for the described outputs,
     which are all there, in their order, or none,
     labels: whether both number objects; only with expected}, ...]}
    {"event": "error", "stage": "import" | "refused" | "load" | "run" | "io" (the first two never after the
     stage "load", where code of the model may run), "task": name or null, "type": its class,
     "message": text, "missing_module": name or null, "causes": [type: message, ...], "traceback": text,
     "where": file, line and function of the innermost frame, "in_worker": whether that is the worker's code,
     "tool": whether the tool itself cannot be used, whatever the model is (``protocol.ToolError``)}
    {"event": "end"}

A worker runs in a process of its own (``main``), or is forked out of one that has imported its runtime
already (``forkserver``); ``supervisor`` sees to its end.

An error in "import" or "load" ends the reply; one in a task does not keep the next task from running. Stage
"io" is trouble with the files that the harness handed over, which no model can be blamed for.
"""
