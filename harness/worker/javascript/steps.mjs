// The steps of pre- and postprocessing that are in use in the zoo, as the reference runtime computes them.
//
// A tensor is {data, shape, dtype, axes}. As in numpy, steps that compute give float32 for float32 and else
// float64; they compute with 64 bits before that. Statistics are those of what comes into the step.

import { UnsupportedError } from "./errors.mjs";
import { numbers } from "./npy.mjs";
import { grouped, meanAndStd, quantiles } from "./statistics.mjs";

const DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"];
const EPS = 1e-6;

export const STEPS = {
  binarize(tensor, { threshold, axis }) {
    const of = along(tensor, axis, threshold);
    return filled(tensor, "bool", (value, index) => (value > of(index) ? 1 : 0));
  },

  clip(tensor, { axes, min, max, min_percentile, max_percentile }) {
    const fractions = [(min_percentile ?? 0) / 100, (max_percentile ?? 100) / 100];
    const asked = min_percentile != null || max_percentile != null;
    const found = asked ? quantiles(tensor, axes ?? undefined, fractions, "inverted_cdf") : undefined;
    const bound = (value, percentile, which, none) => {
      const values = percentile == null ? undefined : found.values[which];
      return (index) => value ?? (values ? values[found.group[index]] : none);
    };
    const low = bound(min, min_percentile, 0, -Infinity);
    const high = bound(max, max_percentile, 1, Infinity);
    const dtype = asked || Number.isInteger(min ?? 0) && Number.isInteger(max ?? 0) ? tensor.dtype : floating(tensor.dtype);
    return filled(tensor, dtype, (value, index) =>
      Number.isNaN(value) ? value : Math.min(Math.max(value, low(index)), high(index)),
    );
  },

  ensure_dtype(tensor, { dtype }) {
    if (!DTYPES.includes(dtype)) {
      throw new UnsupportedError(`processing step ensure_dtype to ${dtype}`);
    }
    const cast = dtype === "bool" ? (value) => (value === 0 ? 0 : 1) : dtype.endsWith("int64") ? Math.trunc : (value) => value;
    return dtype === tensor.dtype ? tensor : filled(tensor, dtype, cast);
  },

  fixed_zero_mean_unit_variance(tensor, { axis, mean, std }) {
    const [means, stds] = [along(tensor, axis, mean), along(tensor, axis, std)];
    return computed(tensor, (value, index) => (value - means(index)) / (stds(index) + EPS));
  },

  scale_linear(tensor, { axis, gain = 1, offset = 0 }) {
    const [gains, offsets] = [along(tensor, axis, gain), along(tensor, axis, offset)];
    return computed(tensor, (value, index) => value * gains(index) + offsets(index));
  },

  scale_range(tensor, { axes, min_percentile = 0, max_percentile = 100, eps = EPS, reference_tensor }) {
    if (reference_tensor != null) {
      throw new UnsupportedError(`processing step scale_range by another tensor (${reference_tensor})`);
    }
    const fractions = [min_percentile / 100, max_percentile / 100];
    const { group, values } = quantiles(tensor, axes ?? undefined, fractions, "linear");
    const [lower, upper] = values;
    return computed(tensor, (value, index) => {
      const which = group[index];
      return (value - lower[which]) / (upper[which] - lower[which] + eps);
    });
  },

  sigmoid(tensor) {
    return computed(tensor, (value) => 1 / (1 + Math.exp(-value)));
  },

  zero_mean_unit_variance(tensor, { axes, eps = EPS }) {
    const { group, mean, std } = meanAndStd(tensor, axes ?? undefined);
    return computed(tensor, (value, index) => (value - mean[group[index]]) / (std[group[index]] + eps));
  },
};

export function process_(tensor, steps) {
  return steps.reduce((current, { id, kwargs }) => {
    if (!Object.hasOwn(STEPS, id)) {
      throw new UnsupportedError(`processing step ${id}`);
    }
    return STEPS[id](current, kwargs);
  }, tensor);
}

function floating(dtype) {
  return dtype === "float32" ? "float32" : "float64";
}

function computed(tensor, compute) {
  return filled(tensor, floating(tensor.dtype), compute);
}

function filled(tensor, dtype, compute) {
  const data = numbers(dtype, tensor.data.length);
  for (let index = 0; index < data.length; index++) {
    data[index] = compute(tensor.data[index], index);
  }
  return { ...tensor, data, dtype };
}

// What belongs to each element of a value that may differ along an axis.
function along(tensor, axis, value) {
  if (!Array.isArray(value)) {
    return () => value;
  }
  if (value.length === 1) {
    return () => value[0];
  }
  const size = tensor.shape[tensor.axes.indexOf(axis)];
  if (size !== value.length) {
    throw new RangeError(`${value.length} values along the axis ${axis} of size ${size}`);
  }
  const others = tensor.axes.filter((other) => other !== axis);
  const { group } = grouped(tensor, others);
  return (index) => value[group[index]];
}
