// Says of each query on standard input (a JSON list) whether @jetstreamapp/soql-parser-js takes it.
import { isQueryValid } from "@jetstreamapp/soql-parser-js";
import { readFileSync } from "node:fs";

const queries = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(queries.map((soql) => isQueryValid(soql))));
