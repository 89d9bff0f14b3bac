// @actions/workflow-parser imports JSON without saying so, which Node demands.
export async function load(url, context, next) {
  const attributes = url.endsWith(".json") ? { type: "json" } : context.importAttributes;
  return next(url, { ...context, importAttributes: attributes });
}
