"""Ends with exit code 0 if Hypha's client is there, and arrays and descriptions can be read."""

import importlib.metadata

import hypha_rpc
import numpy
import yaml

if not callable(hypha_rpc.connect_to_server):
    raise SystemExit("hypha-rpc has no connect_to_server")

client = importlib.metadata.version("hypha-rpc")
print(f"hypha-rpc {client}, numpy {numpy.__version__}, pyyaml {yaml.__version__}")  # noqa: T201
