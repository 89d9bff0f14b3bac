"""Ends with exit code 0 if arrays can be read and written."""

import numpy

print(f"numpy {numpy.__version__}")  # noqa: T201
