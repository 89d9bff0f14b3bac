// A model's description, formats 0.4 and 0.5, as far as a prediction needs it:
//
//     {inputs: [{id, axes: [id, ...], steps: [{id, kwargs}, ...]}, ...], outputs: ..., weights: as written}
//
// Format 0.4 is read as the reference runtime reads it: steps begin with the described type and end with float32.
// In format 0.5, those of an input begin with the described type, and all end with it.

import { readFileSync } from "node:fs";

import { ToolError, UnsupportedError } from "./errors.mjs";

const LETTERS = { b: "batch", c: "channel", i: "index", t: "time" };
const ensure = (dtype) => ({ id: "ensure_dtype", kwargs: { dtype } });

export function readDescription(path, require) {
  let yaml;
  try {
    yaml = require("js-yaml");
  } catch (error) {
    throw new ToolError(`js-yaml cannot be imported: ${error.message}`);
  }
  const content = yaml.load(readFileSync(path, "utf8"));
  const old = String(content.format_version).startsWith("0.4");
  const tensor = old ? tensorOf04 : tensorOf05;
  return {
    inputs: content.inputs.map((described) => tensor(described, "preprocessing")),
    outputs: content.outputs.map((described) => tensor(described, "postprocessing")),
    weights: content.weights,
  };
}

function tensorOf04(described, stage) {
  const axes = idsOf(described.axes);
  const steps = (described[stage] ?? []).map((step) => stepOf04(step, axes));
  const first = steps.length > 0 ? [ensure(described.data_type)] : [];
  return { id: described.name, axes, steps: [...first, ...steps, ensure("float32")] };
}

function stepOf04({ name, kwargs = {} }, tensorAxes) {
  const { mode, ...others } = kwargs;
  const axes = kwargs.axes === undefined ? undefined : idsOf(kwargs.axes);
  const perAxis = name === "scale_linear" || mode === "fixed";
  if (perAxis) {
    const id = name === "scale_linear" ? name : "fixed_zero_mean_unit_variance";
    const { axes: _, ...rest } = others;
    return { id, kwargs: axes === undefined ? rest : { ...rest, axis: complement(tensorAxes, axes, id) } };
  }
  if (axes === undefined) {
    return { id: name, kwargs: others };
  }
  return { id: name, kwargs: { ...others, axes: mode === "per_dataset" ? ["batch", ...axes] : axes } };
}

// The one axis along which values differ, where format 0.4 names those along which they do not.
function complement(tensorAxes, axes, id) {
  const left = tensorAxes.filter((axis) => axis !== "batch" && !axes.includes(axis));
  if (left.length > 1) {
    throw new UnsupportedError(`processing step ${id} along several axes (${left.join(", ")})`);
  }
  return left[0];
}

function idsOf(axes) {
  return [...axes].map((axis) => LETTERS[axis] ?? axis);
}

function tensorOf05(described, stage) {
  const axes = described.axes.map((axis) => axis.id ?? axis.type);
  const dtype = (Array.isArray(described.data) ? described.data[0] : described.data)?.type ?? "float32";
  const steps = (described[stage] ?? []).map(({ id, kwargs }) => ({ id, kwargs: kwargs ?? {} }));
  if (stage === "preprocessing" && steps[0]?.id !== "ensure_dtype") {
    steps.unshift(ensure(dtype));
  }
  if (!["ensure_dtype", "binarize"].includes(steps.at(-1)?.id)) {
    steps.push(ensure(dtype));
  }
  return { id: described.id ?? stage.replace("preprocessing", "input").replace("postprocessing", "output"), axes, steps };
}
