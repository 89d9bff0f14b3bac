// ONNX weights by onnxruntime-web with its WebAssembly back-end, which is what browsers run without a GPU: on one
// thread, since a page has more only where it is cut off from all others (cross-origin isolation).

import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { ToolError, UnsupportedError } from "./errors.mjs";
import { asIntegers, asNumbers } from "./npy.mjs";

export async function open({ require, weights, entry }) {
  let ort;
  try {
    ort = require("onnxruntime-web");
  } catch (error) {
    throw new ToolError(`onnxruntime-web cannot be imported: ${error.message}`);
  }
  ort.env.wasm.numThreads = 1;
  const options = { executionProviders: ["wasm"] };
  if (entry?.external_data) {
    const path = entry.external_data.source;
    options.externalData = [{ path: basename(path), data: readFileSync(join(dirname(weights), basename(path))) }];
  }
  const session = await ort.InferenceSession.create(readFileSync(weights), options);
  return async (tensors) => {
    const feeds = session.inputNames.map((name, index) => [name, tensorOf(ort, tensors[index])]);
    const results = await session.run(Object.fromEntries(feeds));
    return session.outputNames.map((name) => arrayOf(results[name]));
  };
}

function tensorOf(ort, { data, shape, dtype }) {
  return new ort.Tensor(dtype, dtype.endsWith("int64") ? asIntegers(data, dtype) : data, shape);
}

function arrayOf({ data, dims, type }) {
  if (type === "string" || type === "float16") {
    throw new UnsupportedError(`processing of an output of ${type}`);
  }
  return { data: type.endsWith("int64") ? asNumbers(data) : data, shape: [...dims], dtype: type };
}
