// TensorFlow.js weights (a folder with model.json) with its WebAssembly back-end; the plain one where an
// operator has no WebAssembly kernel.

import { readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";

import { ToolError, UnsupportedError } from "./errors.mjs";

const NO_KERNEL = /Kernel '.*' not registered for backend 'wasm'/;
const ASYNCHRONOUS = /model\.executeAsync\(\)/;

export async function open({ require, weights, outputs }) {
  const tf = await imported(require);
  const artifacts = readArtifacts(weights);
  const handler = tf.io.fromMemory(artifacts);
  const graph = artifacts.format === "graph-model";
  const compute = graph ? await openGraph(tf, handler, outputs) : await openLayers(tf, handler);
  return async (tensors) => {
    const run = () => predict(tf, compute, tensors);
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

async function openLayers(tf, handler) {
  const model = await tf.loadLayersModel(handler);
  return (given) => [model.predict(given, { batchSize: given[0].shape[0] })].flat();
}

// The library's predict() is execute() with the results in an object if the graph names them (structuredOutputKeys).
async function openGraph(tf, handler, outputs) {
  const model = await tf.loadGraphModel(handler);
  const names = model.modelStructuredOutputKeys ?? model.outputNodes;
  return async (given) => asDescribed([await execute(model, given)].flat(), names, outputs);
}

async function execute(model, given) {
  try {
    return model.execute(given);
  } catch (error) {
    if (!ASYNCHRONOUS.test(error.message)) {
      throw error;
    }
    return model.executeAsync(given); // control flow, or an output whose size depends on values
  }
}

// By name, if the graph has every described one; otherwise in the order of the graph.
function asDescribed(results, names, outputs) {
  const places = outputs.map((name) => names.indexOf(name));
  return places.every((place) => place in results) ? places.map((place) => results[place]) : results;
}

async function predict(tf, compute, tensors) {
  const given = tensors.map((tensor) => tf.tensor(tensor.data, tensor.shape, typeOf(tensor.dtype)));
  const results = await compute(given);
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
