// What Salesforce's own packages make of an SFDX project: the source converter's manifest, and the types of its metadata.
// Reads {"folder", "directories", "version"} from standard input; prints {"files", "manifest", "types", "enums"}.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { ComponentSet, MetadataConverter } from "@salesforce/source-deploy-retrieve";
import ts from "typescript";

const { folder, directories, version } = JSON.parse(readFileSync(0, "utf8"));

async function converted() {
  const set = ComponentSet.fromSource({ fsPaths: directories.map((name) => join(folder, name)) });
  set.sourceApiVersion = version;
  const out = mkdtempSync(join(tmpdir(), "converted-"));
  try {
    await new MetadataConverter().convert(set, "metadata", { type: "directory", outputDirectory: out, genUniqueDir: false });
    const manifest = {};
    for (const type of (await set.getObject()).Package.types) manifest[type.name] = type.members;
    const files = new Set();
    for (const part of set.getSourceComponents()) {
      for (const one of [part, ...part.getChildren()]) if (one.xml) files.add(one.xml);
    }
    return { manifest, files: [...files].length };
  } finally {
    rmSync(out, { recursive: true });
  }
}

function declared() {
  const root = fileURLToPath(new URL("node_modules/@salesforce/types/", import.meta.url));
  const path = join(root, "lib/metadata.d.ts");
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const types = {};
  const enums = {};
  const members = (node, into) => {
    if (ts.isIntersectionTypeNode(node)) node.types.forEach((part) => members(part, into));
    else if (ts.isTypeReferenceNode(node)) into.bases.push(node.typeName.getText());
    else if (ts.isTypeLiteralNode(node)) {
      for (const member of node.members) {
        let type = member.type;
        if (ts.isUnionTypeNode(type)) type = type.types.find((one) => one.getText() !== "null") ?? type;
        const many = ts.isArrayTypeNode(type);
        if (many) type = type.elementType;
        if (ts.isParenthesizedTypeNode(type)) type = type.type;
        into.own[member.name.getText()] = { type: type.getText(), many, optional: Boolean(member.questionToken) };
      }
    }
  };
  for (const statement of source.statements) {
    if (!ts.isTypeAliasDeclaration(statement)) continue;
    const name = statement.name.text;
    const { type } = statement;
    const choices = ts.isUnionTypeNode(type) ? type.types : [type];
    if (choices.every((one) => ts.isLiteralTypeNode(one))) {
      enums[name] = choices.map((one) => one.literal.text);
      continue;
    }
    types[name] = { bases: [], own: {} };
    members(type, types[name]);
  }
  return { types, enums };
}

console.log(JSON.stringify({ ...(await converted()), ...declared() }));
