"""Ends with exit code 0 if arrays and pictures can be read and written."""

import numpy
import tifffile

print(f"numpy {numpy.__version__}, tifffile {tifffile.__version__}")  # noqa: T201
