// Checks values against @microsoft/microsoft-graph-types as `tsc --strict` does. Standard input: [{"name", "type",
// "value"}], `type` a name of that package. Prints [{"name", "message"}] for each complaint, and how many were checked.
//
// Each value becomes a typed constant, because TypeScript looks for unknown members in fresh literals only. What names
// its own type inside a value (an attachment, an attached message) becomes a constant of that type.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const FILE = fileURLToPath(new URL("./recorded.ts", import.meta.url));
const NAMESPACE = "#microsoft.graph.";

const lines = ['import type * as graph from "@microsoft/microsoft-graph-types";'];
const names = new Map();

function declare(name, type, value) {
  const text = written(name, value);
  names.set(lines.length, name);
  lines.push(`export const v${lines.length}: graph.${type} = ${text};`);
  return `v${lines.length - 1}`;
}

function written(name, value, nested = false) {
  if (Array.isArray(value)) return `[${value.map((item) => written(name, item, true)).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const type = value["@odata.type"];
  if (nested && type?.startsWith(NAMESPACE)) return declare(name, typeNamed(type.slice(NAMESPACE.length)), value);
  const members = Object.entries(value).filter(([member]) => !member.includes("@"));
  return `{${members.map(([member, part]) => `${JSON.stringify(member)}: ${written(name, part, true)}`).join(", ")}}`;
}

const typeNamed = (name) => name[0].toUpperCase() + name.slice(1);

for (const { name, type, value } of JSON.parse(readFileSync(0, "utf8"))) {
  const own = value["@odata.type"];
  declare(name, typeNamed(own?.startsWith(NAMESPACE) ? own.slice(NAMESPACE.length) : type), value);
}

const options = {
  strict: true,
  noEmit: true,
  types: [],
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};
const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
const source = lines.join("\n");
host.fileExists = (path) => path === FILE || fileExists(path);
host.readFile = (path) => (path === FILE ? source : readFile(path));
host.getSourceFile = (path, ...rest) =>
  path === FILE ? ts.createSourceFile(path, source, options.target) : getSourceFile(path, ...rest);

const program = ts.createProgram([FILE], options, host);
const complaints = ts.getPreEmitDiagnostics(program).map((found) => ({
  name: names.get(found.file ? found.file.getLineAndCharacterOfPosition(found.start).line : -1) ?? "",
  message: ts.flattenDiagnosticMessageText(found.messageText, " "),
}));
process.stdout.write(JSON.stringify({ checked: names.size, complaints }));
