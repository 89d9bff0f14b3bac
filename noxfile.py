"""Every task of the project: `python -m pip install nox && python -m nox -s NAME`; `nox -l` lists them."""

from __future__ import annotations

import os

import nox

nox.needs_version = ">=2024.10"
nox.options.sessions = ["lint", "unit"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True

LOCK = ".ci/requirements.lock"

# What needs no process and no machine to be right, and so has no excuse for a branch that no test takes.
PURE = (
    "harness/cell.py",
    "harness/collection/scan/*",
    "harness/collection/tolerance.py",
    "harness/collection/variants.py",
    "harness/environments/declared/*",
    "harness/execute/conclude/*",
    "harness/execute/judge/*",
    "harness/execute/pictures/*",
    "harness/execute/rerun.py",
    "harness/isolation.py",
    "harness/labels.py",
    "harness/ledger/*",
    "harness/limits.py",
    "harness/plan/*",
    "harness/policy/*",
    "harness/verdict.py",
)


# As many at a time as there are processors; tests/conftest.py says what each worker takes.
WORKERS = (f"--numprocesses={min(os.cpu_count() or 1, 4)}", "--no-loadscope-reorder")


def install(session: nox.Session) -> None:
    """The harness from this checkout, with the locked versions of all that it needs."""
    session.install("--require-hashes", "--requirement", LOCK)
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")


def fast_tests(session: nox.Session) -> None:
    """Run them; fail if a branch of the pure modules was not taken, but a selection of tests takes few."""
    session.run("pytest", *WORKERS, "--cov", "--cov-report=", "-m", "not slow", *session.posargs)
    if not session.posargs:
        session.run("coverage", "report", "--fail-under=100", "--show-missing", f"--include={','.join(PURE)}")


@nox.session
def run(session: nox.Session) -> None:
    """Run the main job on collection/ (or on what follows `--`) and write the report to reports/."""
    install(session)
    session.run("harness", "run", *(session.posargs or ["collection"]))


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test: environments are built, models run, a browser looks at the site."""
    install(session)
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    fast_tests(session)
    session.run("pytest", *WORKERS, "-m", "slow")


@nox.session
def unit(session: nox.Session) -> None:
    """Run the fast tests only; they cover every branch of the pure modules."""
    install(session)
    fast_tests(session)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and the direction of imports."""
    install(session)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, and write the figures as JSON to benchmarks/results/."""
    install(session)
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def update_versions(session: nox.Session) -> None:
    """Add new releases of the tools and packages of which several versions are kept, and lock them."""
    install(session)
    session.run("harness", "env", "versions", "--add", "--lock", *session.posargs)


@nox.session
def update_locks(session: nox.Session) -> None:
    """Solve every lock anew with the newest versions, and say what changed in the environments."""
    install(session)
    session.run("harness", "env", "lock", "--upgrade", *session.posargs)
    session.run(
        *("uv", "pip", "compile", "--quiet", "--upgrade", "--universal", "--python-version", "3.10"),
        *("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"),
        *("--no-emit-find-links", "--group", "dev", "pyproject.toml", "--output-file", LOCK),
        env={"UV_PYTHON_DOWNLOADS": os.environ.get("UV_PYTHON_DOWNLOADS", "never")},
    )
