"""Models that do harm while they run: to their own process, to the machine, to the harness."""

from __future__ import annotations

from harness.verdict import Check, CheckStatus, Reason
from tests.zoo.building import as_it_is, forward, with_code
from tests.zoo.case import Case

# Every process that a model leaves behind has the model's folder in its command line, by which tests find it.
CHILD = """
import os, sys, time, signal


def child(environment, *, own_session=False, twice=False):
    if os.fork():
        return
    if own_session:
        os.setsid()
    if twice and os.fork():
        os._exit(0)
    sleep = [sys.executable, "-S", "-c", "import time; time.sleep(613)", "a child of @FOLDER@"]
    try:
        os.execve(sys.executable, sleep, environment)
    finally:
        os._exit(1)

"""

LEAVESCHILDREN = CHILD + forward(
    """
    child(os.environ)
    child(os.environ, own_session=True, twice=True)
    child({}, own_session=True, twice=True)
    return _forward(self, image)
    """
)
KILLS_ITS_PARENT = CHILD + forward(
    """
    child({}, own_session=True, twice=True)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(5)
    return _forward(self, image)
    """
)
STOPS_ITS_PARENT = forward(
    """
    import os, signal
    os.kill(os.getppid(), signal.SIGSTOP)
    return _forward(self, image)
    """
)
REMOVES_ITS_FOLDER = forward(
    """
    import os, shutil
    shutil.rmtree(os.getcwd(), ignore_errors=True)
    return _forward(self, image)
    """
)
# Of its images only the padded one has 176 pixels: 128, and 24 on both sides.
CRASHES_WHEN_PADDED = forward(
    """
    import os
    if image.shape[-1] == 176:
        os.kill(os.getpid(), 11)
    return _forward(self, image)
    """
)
NOISY = forward(
    """
    import sys
    print("o" * 1_000_000)
    print("e" * 1_000_000, file=sys.stderr)
    return _forward(self, image)
    """
)
RAISES = forward(
    """
    import sys
    print("o" * 1_000_000)
    print("e" * 1_000_000, file=sys.stderr)
    raise RuntimeError("no mitochondria here")
    """
)
IGNORES_SIGTERM = forward(
    """
    import signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(600)
    """
)
BURNS_PROCESSOR_TIME = forward(
    """
    while True:
        pass
    """
)
FORGES_A_REPLY = forward(
    """
    import os
    for event in ("result", "end"):
        print('{"event": "%s", "task": "reproduces", "seconds": 0.1, "outputs": []}' % event, flush=True)
    os._exit(0)
    """
)
SPOILS_ITS_REPLY = forward(
    """
    import os
    for number in os.listdir("/proc/self/fd"):
        try:
            if "reply" in os.path.basename(os.readlink("/proc/self/fd/" + number)):
                os.write(int(number), b"rubbish\\n")
        except OSError:
            pass
    return _forward(self, image)
    """
)
# The array that the harness is to open becomes a link to a file of the machine.
LINKS_ITS_OUTPUTS = forward(
    """
    import glob, os, threading
    def link():
        while True:
            for path in glob.glob(os.getcwd() + "/outputs/*/*.npy"):
                if not os.path.islink(path):
                    os.unlink(path)
                    os.symlink("/etc/hostname", path)
    threading.Thread(target=link, daemon=True).start()
    return _forward(self, image)
    """
)
# What follows is bounded, should nobody stop it: 3 GB, 400 MB, 300 processes.
EATS_MEMORY = forward(
    """
    import time
    hoard = []
    for _ in range(30):
        hoard.append(b"x" * 100_000_000)
        time.sleep(0.1)
    return _forward(self, image)
    """
)
FILLS_THE_DISK = forward(
    """
    import tempfile, time
    for number in range(40):
        with open(tempfile.gettempdir() + "/" + str(number), "wb") as stream:
            stream.write(b"x" * 10_000_000)
        time.sleep(0.1)
    return _forward(self, image)
    """
)
WRITES_A_HUGE_FILE = forward(
    """
    import tempfile
    with open(tempfile.gettempdir() + "/huge", "wb") as stream:
        for _ in range(40):
            stream.write(b"x" * 10_000_000)
    return _forward(self, image)
    """
)
STARTS_MANY_PROCESSES = CHILD + forward(
    """
    for _ in range(300):
        child(os.environ)
        time.sleep(0.01)
    return _forward(self, image)
    """
)

CASES = (
    Case("passes", as_it_is("pytorch_state_dict")),
    Case("passes-onnx", as_it_is("onnx")),
    Case("noisy", with_code(NOISY)),
    Case("leaves-children", with_code(LEAVESCHILDREN)),
    Case(
        "crashes-when-padded",
        with_code(CRASHES_WHEN_PADDED),
        findings=((Check.REPRODUCES, CheckStatus.PASSED), (Check.AS_CALLED, CheckStatus.FAILED)),
    ),
    Case(
        "raises",
        with_code(RAISES),
        Reason.EXCEPTION,
        ("RuntimeError: no mitochondria here", "unet2d.py", "in forward"),
    ),
    Case(
        "exits-politely", with_code(forward("import sys; sys.exit(0)")), Reason.EXCEPTION, ("SystemExit: 0",)
    ),
    Case(
        "exits-without-reply",
        with_code(forward("import os; os._exit(0)")),
        Reason.PROCESS_EXITED,
        ("exited with code 0 while running the model",),
    ),
    Case(
        "forges-a-reply",
        with_code(FORGES_A_REPLY),
        Reason.PROCESS_EXITED,
        ("exited with code 0 while running the model",),
    ),
    Case(
        "segfaults",
        with_code(forward("import os; os.kill(os.getpid(), 11)")),
        Reason.CRASHED,
        ("SIGSEGV", "running the model"),
    ),
    Case(
        "aborts-while-loading",
        with_code("\nimport os; os.abort()\n"),
        Reason.CRASHED,
        ("SIGABRT", "loading the model"),
    ),
    Case(
        "hangs", with_code(forward("import time; time.sleep(600)")), Reason.TIMED_OUT, ("running the model",)
    ),
    Case("ignores-sigterm", with_code(IGNORES_SIGTERM), Reason.TIMED_OUT, ("running the model",)),
    Case(
        "burns-processor-time",
        with_code(BURNS_PROCESSOR_TIME),
        Reason.TIMED_OUT,
        ("processor time while running the model",),
    ),
    Case("eats-memory", with_code(EATS_MEMORY), Reason.MEMORY_LIMIT, ("memory", "running the model")),
    Case("fills-the-disk", with_code(FILLS_THE_DISK), Reason.DISK_LIMIT, ("running the model",)),
    Case(
        "writes-a-huge-file",
        with_code(WRITES_A_HUGE_FILE),
        Reason.DISK_LIMIT,
        ("File too large", "unet2d.py"),
    ),
    Case(
        "starts-many-processes",
        with_code(STARTS_MANY_PROCESSES),
        Reason.PROCESS_LIMIT,
        ("processes", "running the model"),
    ),
    Case(
        "uses-the-network",
        with_code(forward("from urllib.request import urlopen; urlopen('http://weights.invalid/a.pt')")),
        Reason.NETWORK_ACCESS,
        ("unet2d.py",),
    ),
    Case(
        "kills-its-parent",
        with_code(KILLS_ITS_PARENT),
        Reason.NO_REPLY,
        ("watches over the worker", "running the model"),
        prevented=True,
    ),
    Case("stops-its-parent", with_code(STOPS_ITS_PARENT)),
    Case("removes-its-folder", with_code(REMOVES_ITS_FOLDER), Reason.NO_REPLY, ("without a complete reply",)),
    Case("spoils-its-reply", with_code(SPOILS_ITS_REPLY), Reason.REPLY_MALFORMED, ("line 5 of the reply",)),
    Case(
        "links-its-outputs",
        with_code(LINKS_ITS_OUTPUTS),
        Reason.REPLY_MALFORMED,
        ("output probability: 0.npy is not in the folder",),
    ),
)
