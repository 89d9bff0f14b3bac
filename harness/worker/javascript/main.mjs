// Runs one model with one JavaScript tool for harness/worker/runners/node.py.
//
//     node main.mjs PACKAGES
//
// PACKAGES is the folder with package.json and node_modules. Requests come by stdin and answers go to file
// descriptor 3, one line of JSON each; stdout and stderr belong to the tool's own noise.
//
//     {action: "load", tool: module of this folder, description, weights, format}  ->  {}
//     {action: "predict", inputs: [path of .npy, ...], folder}
//         ->  {outputs: [{name, file: its name in the folder}, ...], seconds}
//
// An answer {error: {kind, type, message, stack}} says what went wrong; its kind is "tool" (the tool itself
// cannot be used), "unsupported" (a step that is not written here), "files" (an array cannot be read or
// written) or "model".

import { mkdirSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { readDescription } from "./description.mjs";
import { FilesError, ToolError, UnsupportedError } from "./errors.mjs";
import { readArray, writeArray } from "./npy.mjs";
import { process_ } from "./steps.mjs";

const ANSWERS = 3;
const KINDS = new Map([
  [ToolError, "tool"],
  [UnsupportedError, "unsupported"],
  [FilesError, "files"],
]);
const require = createRequire(join(process.argv[2], "package.json"));
let model;

const ACTIONS = {
  async load({ tool, description, weights, format }) {
    const described = readDescription(description, require);
    const { open } = await import(`./${tool}.mjs`);
    const outputs = described.outputs.map(({ id }) => id);
    const run = await open({ require, weights, outputs, entry: described.weights[format] });
    model = { ...described, run };
    return {};
  },

  async predict({ inputs, folder }) {
    const given = inputs.map((path, index) => ({ ...readArray(path), axes: model.inputs[index].axes }));
    const started = performance.now();
    const fed = given.map((tensor, index) => process_(tensor, model.inputs[index].steps));
    const computed = await model.run(fed);
    const outputs = computed.slice(0, model.outputs.length).map((tensor, index) => {
      const { axes, steps } = model.outputs[index];
      return process_({ ...tensor, axes }, steps);
    });
    const seconds = (performance.now() - started) / 1000;
    mkdirSync(folder, { recursive: true });
    const written = outputs.map((tensor, index) => {
      const file = `${index}.npy`;
      writeArray(join(folder, file), tensor);
      return { name: model.outputs[index].id, file };
    });
    return { outputs: written, seconds };
  },
};

function told(error) {
  const kind = KINDS.get(error.constructor) ?? "model";
  return { error: { kind, type: error.name ?? "Error", message: String(error.message ?? error), stack: String(error.stack ?? "") } };
}

function answer(content) {
  const line = Buffer.from(`${JSON.stringify(content)}\n`);
  for (let start = 0; start < line.length; ) {
    start += writeSync(ANSWERS, line, start);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  answer(await ACTIONS[request.action](request).catch(told));
}
process.exit(0); // threads of a tool would keep it alive
