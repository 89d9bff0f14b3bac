// TensorFlow.js weights (a folder with model.json) with its WebAssembly back-end; the plain one where an
// operator has no WebAssembly kernel.

import { readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";

import { ToolError, UnsupportedError } from "./errors.mjs";

const NO_KERNEL = /Kernel '.*' not registered for backend 'wasm'/;

export async function open({ require, weights }) {
  const tf = await imported(require);
  const artifacts = readArtifacts(weights);
  const handler = tf.io.fromMemory(artifacts);
  const graph = artifacts.format === "graph-model";
  const model = await (graph ? tf.loadGraphModel(handler) : tf.loadLayersModel(handler));
  return async (tensors) => {
    const run = () => predict(tf, model, tensors);
    try {
      return await run();
    } catch (error) {
      if (!NO_KERNEL.test(error.message)) {
        throw error;
      }
      console.error(`${error.message}: once more with the plain back-end`);
      await tf.setBackend("cpu");
      return run();
    }
  };
}

async function imported(require) {
  try {
    const tf = require("@tensorflow/tfjs-core");
    require("@tensorflow/tfjs-backend-cpu");
    const wasm = require("@tensorflow/tfjs-backend-wasm");
    const { loadGraphModel } = require("@tensorflow/tfjs-converter");
    const { loadLayersModel } = require("@tensorflow/tfjs-layers");
    wasm.setWasmPaths(dirname(require.resolve("@tensorflow/tfjs-backend-wasm")) + sep);
    if (!(await tf.setBackend("wasm"))) {
      throw new Error("its WebAssembly back-end does not start");
    }
    return { ...tf, loadGraphModel, loadLayersModel };
  } catch (error) {
    throw new ToolError(`TensorFlow.js cannot be used: ${error.message}`);
  }
}

function readArtifacts(path) {
  const content = JSON.parse(readFileSync(path, "utf8"));
  const shards = content.weightsManifest.flatMap(({ paths }) => paths);
  const bytes = Buffer.concat(shards.map((shard) => readFileSync(join(dirname(path), shard))));
  return {
    format: content.format,
    modelTopology: content.modelTopology,
    weightSpecs: content.weightsManifest.flatMap((group) => group.weights),
    weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    signature: content.signature,
    userDefinedMetadata: content.userDefinedMetadata,
    modelInitializer: content.modelInitializer,
  };
}

async function predict(tf, model, tensors) {
  const given = tensors.map((tensor) => tf.tensor(tensor.data, tensor.shape, typeOf(tensor.dtype)));
  const [batch] = tensors[0].shape;
  const result = model.predict(given.length === 1 ? given[0] : given, { batchSize: batch });
  const results = Array.isArray(result) ? result : [result];
  const arrays = [];
  for (const output of results) {
    arrays.push({ data: await output.data(), shape: output.shape, dtype: output.dtype });
  }
  [...given, ...results].forEach((tensor) => tensor.dispose());
  return arrays;
}

function typeOf(dtype) {
  if (!["float32", "int32", "bool"].includes(dtype)) {
    throw new UnsupportedError(`processing that feeds ${dtype}: TensorFlow.js computes with float32, int32 and bool`);
  }
  return dtype;
}
