// Processes the tensors of every case below a folder: node process.mjs WORKER PACKAGES CASES
//
// In each case, rdf.yaml is the description, and input.npy and output.npy are what goes through the steps of its
// first input and output; the results are javascript_input.npy and javascript_output.npy.

import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [worker, packages, cases] = process.argv.slice(2);
const { readDescription } = await import(join(worker, "description.mjs"));
const { readArray, writeArray } = await import(join(worker, "npy.mjs"));
const { process_ } = await import(join(worker, "steps.mjs"));
const require = createRequire(join(packages, "package.json"));

for (const name of readdirSync(cases)) {
  const folder = join(cases, name);
  const { inputs, outputs } = readDescription(join(folder, "rdf.yaml"), require);
  for (const [side, { axes, steps }] of [["input", inputs[0]], ["output", outputs[0]]]) {
    const tensor = { ...readArray(join(folder, `${side}.npy`)), axes };
    writeArray(join(folder, `javascript_${side}.npy`), process_(tensor, steps));
  }
}
