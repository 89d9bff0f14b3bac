// What is not the model's doing.

export class ToolError extends Error {
  name = "ToolError";
}

export class UnsupportedError extends Error {
  name = "UnsupportedError";
}

export class FilesError extends Error {
  name = "FilesError";
}
