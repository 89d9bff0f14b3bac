// Builds the U-Net of networks_keras.py with TensorFlow.js, sets the trained weights, writes model.json and
// its shard, reads them back, and compares the output with Keras' output on the same image.
//
//     node export_tfjs.cjs GIVEN MADE
//
// GIVEN holds arrays.json ({width, arrays: {name: {shape, start}}}) and arrays.bin (float32, little endian);
// the model is written to MADE. @tensorflow/tfjs is found as usual or by NODE_PATH.

"use strict";

const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs");

// both libraries sum the same float32 products in different orders
const TOLERANCE = 1e-5;

const [given, made] = process.argv.slice(2);
const description = JSON.parse(fs.readFileSync(path.join(given, "arrays.json"), "utf8"));
const bytes = fs.readFileSync(path.join(given, "arrays.bin"));
const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));

function array(name) {
  const { shape, start } = description.arrays[name];
  const count = shape.reduce((product, size) => product * size, 1);
  return tf.tensor(numbers.slice(start, start + count), shape);
}

function conv(filters, name, kernelSize = 3, activation = "relu") {
  return tf.layers.conv2d({ filters, kernelSize, padding: "same", activation, name });
}

function unet(width) {
  const image = tf.input({ shape: [null, null, 1], name: "image" });
  const twice = (tensor, channels, name) =>
    conv(channels, `${name}_2`).apply(conv(channels, `${name}_1`).apply(tensor));
  const pool = (tensor, name) => tf.layers.maxPooling2d({ poolSize: 2, name }).apply(tensor);
  const raise = (tensor, name) => tf.layers.upSampling2d({ size: [2, 2], name }).apply(tensor);
  const join = (tensors, name) => tf.layers.concatenate({ name }).apply(tensors);

  const fine = twice(image, width, "fine_in");
  const middle = twice(pool(fine, "pool_1"), 2 * width, "middle_in");
  const coarse = twice(pool(middle, "pool_2"), 4 * width, "coarse");
  const middleOut = twice(join([raise(coarse, "raise_1"), middle], "join_1"), 2 * width, "middle_out");
  const fineOut = twice(join([raise(middleOut, "raise_2"), fine], "join_2"), width, "fine_out");
  return tf.model({ inputs: image, outputs: conv(1, "head", 1, "linear").apply(fineOut) });
}

function setWeights(model) {
  for (const layer of model.layers) {
    if (layer.weights.length > 0) {
      layer.setWeights([array(`${layer.name}/kernel`), array(`${layer.name}/bias`)]);
    }
  }
}

async function save(model) {
  const shard = "group1-shard1of1.bin";
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      const { modelTopology, weightSpecs, weightData, format, generatedBy, convertedBy } = artifacts;
      const weightsManifest = [{ paths: [shard], weights: weightSpecs }];
      const content = { format, generatedBy, convertedBy, modelTopology, weightsManifest };
      fs.writeFileSync(path.join(made, "model.json"), JSON.stringify(content));
      fs.writeFileSync(path.join(made, shard), Buffer.from(weightData));
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    }),
  );
}

function load() {
  const content = JSON.parse(fs.readFileSync(path.join(made, "model.json"), "utf8"));
  const [group] = content.weightsManifest;
  const data = fs.readFileSync(path.join(made, group.paths[0]));
  const weightData = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const artifacts = { modelTopology: content.modelTopology, weightSpecs: group.weights, weightData };
  return tf.loadLayersModel(tf.io.fromMemory(artifacts));
}

async function main() {
  await tf.setBackend("cpu");
  const model = unet(description.width);
  setWeights(model);
  await save(model);
  const output = (await load()).predict(array("image"));
  const difference = output.sub(array("expected")).abs().max().dataSync()[0];
  // not "difference > TOLERANCE": that would accept NaN
  if (!(difference <= TOLERANCE)) {
    throw new Error(`TensorFlow.js differs from Keras by ${difference}`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
