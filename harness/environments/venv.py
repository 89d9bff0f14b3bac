"""The backend that makes virtual environments with uv."""

from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path

from packaging.specifiers import SpecifierSet

from harness.cell import Backend
from harness.environments import interpreter as interpreters
from harness.environments import lock, torch_backend, uv_command
from harness.environments.attempt import Attempt
from harness.environments.declared.spec import DeclaredSpec
from harness.environments.solve import solved
from harness.environments.spec import EnvironmentSpec, read_text

name = Backend.VENV


def build(spec: EnvironmentSpec, prefix: Path, attempt: Attempt) -> None:
    """Make a virtual environment with exactly the lock's packages; see :class:`backend.BackendModule`.

    Only wheels are installed: building a source distribution would run its code on the host, with packages
    that no lock pins. Files are checked against the lock's hashes where it has them.
    """
    if isinstance(spec, DeclaredSpec):
        spec = solved(spec, attempt)
    settings = uv_command.settings()
    variables = settings.variables
    python = interpreters.find(spec.python, attempt, variables=variables)
    venv = ["venv", "--no-project", "--python", str(python), str(prefix)]
    uv_command.run(venv, attempt, what=f"{spec.name}: making a virtual environment", variables=variables)
    pins = lock.pins(read_text(spec.lock))
    attempt.on_progress(f"{spec.name}: installing {len(pins)} packages")
    # Nothing that runs in an environment writes into it, so bytecode is made now: without, every start of a
    # worker would compile all that it imports (torch: twice the time). But uv starts the environment's
    # interpreter for it, which runs the `.pth` files that any package can bring along.
    sync = ["pip", "sync", "--python", str(interpreter(prefix)), "--only-binary", ":all:"]
    sync += ["--compile-bytecode"] if spec.trusted else []
    sync += ["--allow-empty-requirements", *settings.arguments]
    torch = SpecifierSet(f"=={pins['torch']}" if "torch" in pins else "")
    sync += [*torch_backend.arguments(spec, variables, wanted=torch), str(spec.lock.absolute())]
    uv_command.run(sync, attempt, what=f"{spec.name}: installing packages", variables=variables)


def interpreter(prefix: Path) -> Path:
    """The environment's Python."""
    return prefix / "bin" / "python"


def python_version(prefix: Path) -> str:
    """The version that uv wrote into ``pyvenv.cfg``, e.g. "3.11.9"; empty if there is none."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return ""
    pairs = [line.partition("=") for line in lines]
    return next((value.strip() for name, _, value in pairs if name.strip() == "version_info"), "")


def packages(prefix: Path) -> dict[str, str]:
    """What the environment's own site folder holds, name to version, read from its metadata."""
    folders = [str(folder) for folder in sorted(prefix.glob("lib/python*/site-packages"))]
    found = {item.metadata["Name"]: item.version for item in distributions(path=folders)}
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))
