"""Run by an environment's interpreter, Python 3.8 or later: compile the sources that a file lists.

    python -I -S compile_files.py LIST

What is no valid source is passed over: packages hold examples and code for other Pythons.
"""

import contextlib
import py_compile
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path


def compile_file(source: str) -> None:
    """Write the bytecode of one source to where Python looks for it."""
    warnings.simplefilter("ignore")
    with contextlib.suppress(py_compile.PyCompileError, RecursionError, ValueError):
        py_compile.compile(source, doraise=True)


def main() -> None:
    """Compile on every processor."""
    sources = Path(sys.argv[1]).read_text("utf-8").splitlines()
    with ProcessPoolExecutor() as pool:
        for _ in pool.map(compile_file, sources, chunksize=16):
            pass


if __name__ == "__main__":
    main()
