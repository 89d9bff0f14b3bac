// Mean, standard deviation and quantiles of a tensor over some of its axes (over all for undefined).
//
// Each answers {values, group}: the statistic of each group of elements, and for each element the number of
// its group. Without a data set, that of a data set is that of the sample at hand.

import { UnsupportedError } from "./errors.mjs";
import { count } from "./npy.mjs";

export function grouped({ shape, axes }, over = axes) {
  const strange = over.find((axis) => !axes.includes(axis));
  if (strange !== undefined) {
    throw new UnsupportedError(`processing over the axis ${strange}, which the tensor has not`);
  }
  const group = new Uint32Array(count(shape));
  let groups = 1;
  let inner = group.length;
  shape.forEach((size, dimension) => {
    inner /= size;
    if (over.includes(axes[dimension])) {
      return;
    }
    for (let index = 0; index < group.length; index++) {
      group[index] = group[index] * size + (Math.floor(index / inner) % size);
    }
    groups *= size;
  });
  return { group, groups };
}

export function meanAndStd(tensor, over) {
  const { group, groups } = grouped(tensor, over);
  const each = group.length / groups;
  const mean = new Float64Array(groups);
  const std = new Float64Array(groups);
  tensor.data.forEach((value, index) => (mean[group[index]] += value / each));
  tensor.data.forEach((value, index) => (std[group[index]] += (value - mean[group[index]]) ** 2 / each));
  return { group, mean, std: std.map(Math.sqrt) };
}

// fractions: 0 to 1. "linear" lies between two elements, "inverted_cdf" is always an element.
export function quantiles(tensor, over, fractions, method) {
  const { group, groups } = grouped(tensor, over);
  const each = group.length / groups;
  const sorted = Array.from({ length: groups }, () => new Float64Array(each));
  const filled = new Uint32Array(groups);
  tensor.data.forEach((value, index) => (sorted[group[index]][filled[group[index]]++] = value));
  sorted.forEach((values) => values.sort());
  const at = method === "linear" ? between : element;
  return { group, values: fractions.map((fraction) => sorted.map((values) => at(values, fraction))) };
}

function between(values, fraction) {
  const position = fraction * (values.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, values.length - 1);
  return values[below] + (values[above] - values[below]) * (position - below);
}

function element(values, fraction) {
  return values[Math.max(0, Math.ceil(fraction * values.length) - 1)];
}
