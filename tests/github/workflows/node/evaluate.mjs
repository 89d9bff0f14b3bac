// GitHub's own parser and evaluator of workflows. One request a line on stdin, one answer a line on stdout.
//
//   {"parse": {"name": FILE, "content": YAML}}                        -> {"value": [message of an error, ...]}
//   {"evaluate": ANY, "contexts": {...}, "status": "success"}         -> {"value": ANY with its ${{ }} replaced}
//   {"condition": TEXT of `if:`, "contexts": {...}, "status": "..."}  -> {"value": true or false}
//
// `status` is what became of everything before: success, failure or cancelled. What cannot be evaluated: {"error": TEXT}
import { createInterface } from "node:readline";
import { register } from "node:module";

register("./json-modules.mjs", import.meta.url);
const { data, Evaluator, Lexer, Parser } = await import("@actions/expressions");
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser");

const STATUSES = ["success", "failure", "cancelled", "always"];

async function parse({ name, content }) {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  if (value) await convertWorkflowTemplate(context, value);
  return context.errors.getErrors().map((error) => error.message);
}

function functions(status) {
  const made = STATUSES.map((name) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(name === "always" || name === status),
  }));
  return new Map(made.map((each) => [each.name, each]));
}

function expression(text, contexts, status) {
  const known = functions(status);
  const parsed = new Parser(new Lexer(text).lex().tokens, Object.keys(contexts), [...known.values()]).parse();
  const values = JSON.parse(JSON.stringify(contexts), data.reviver);
  return new Evaluator(parsed, values, known).evaluate();
}

// Where the expression that begins at `from` ends: }} in a string of its own does not end it.
function end(text, from) {
  for (let at = from, quoted = false; at < text.length; at++) {
    if (text[at] === "'") quoted = !quoted;
    if (!quoted && text.startsWith("}}", at)) return at;
  }
  throw new Error(`no end of an expression: ${text}`);
}

function template(text, contexts, status) {
  let made = "";
  let at = 0;
  for (let open; (open = text.indexOf("${{", at)) !== -1; ) {
    const close = end(text, open + 3);
    const value = expression(text.slice(open + 3, close), contexts, status);
    if (open === 0 && close + 2 === text.length) return JSON.parse(JSON.stringify(value, data.replacer));
    made += text.slice(at, open) + value.coerceString();
    at = close + 2;
  }
  return made + text.slice(at);
}

function evaluate(value, contexts, status) {
  if (typeof value === "string") return template(value, contexts, status);
  if (Array.isArray(value)) return value.map((each) => evaluate(each, contexts, status));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, evaluate(each, contexts, status)]));
}

function condition(text, contexts, status) {
  const trimmed = text.trim();
  const inner = /^\$\{\{(.*)\}\}$/s.exec(trimmed)?.[1] ?? trimmed;
  const tokens = new Lexer(inner).lex().tokens.map((token) => token.lexeme.toLowerCase());
  const asks = tokens.some((word, index) => STATUSES.includes(word) && tokens[index + 1] === "(");
  return truthy(expression(asks ? inner : `success() && (${inner})`, contexts, status));
}

function truthy(value) {
  const plain = JSON.parse(JSON.stringify(value, data.replacer));
  return typeof plain === "object" && plain !== null ? true : Boolean(plain);
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const { contexts, status } = request;
  let answer;
  try {
    if (request.parse) answer = { value: await parse(request.parse) };
    else if ("condition" in request) answer = { value: condition(request.condition, contexts, status) };
    else answer = { value: evaluate(request.evaluate, contexts, status) };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  console.log(JSON.stringify(answer));
}
