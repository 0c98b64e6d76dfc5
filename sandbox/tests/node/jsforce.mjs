// Drives a sandbox with jsforce, as a program that knows nothing of it would. Reads {url, token, clientId, …} from
// standard input and prints an object: for each scenario what it found, or the error that jsforce made of the answer.
import { createSign } from "node:crypto";
import { readFileSync } from "node:fs";
import jsforce from "jsforce";
import { scenarios as bulk } from "./jsforce_bulk.mjs";
import { scenarios as records } from "./jsforce_records.mjs";
import { scenarios as sessions } from "./jsforce_sessions.mjs";
import { scenarios as shapes } from "./jsforce_shapes.mjs";

const settings = JSON.parse(readFileSync(0, "utf8"));

function connect(more = {}) {
  return new jsforce.Connection({
    instanceUrl: settings.url,
    accessToken: settings.token,
    version: "64.0",
    logLevel: "NONE",
    ...more,
  });
}

/** What can be compared of an error. */
function told(error) {
  const { name, errorCode, message, data } = error;
  return { error: { name, errorCode: errorCode ?? null, message, data: data ?? null } };
}

/** A signed assertion of the JWT bearer flow. */
function assertion(claims) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = `${encode({ alg: "RS256" })}.${encode(claims)}`;
  return `${body}.${createSign("RSA-SHA256").update(body).sign(settings.privateKey, "base64url")}`;
}

/** Awaits a promise that has to fail; its error. */
async function refused(promise) {
  try {
    return { unexpected: await promise };
  } catch (error) {
    return told(error);
  }
}

/** One request without jsforce, for the headers that it hides. */
async function raw(path, { token = settings.token, ...options } = {}) {
  const headers = { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...options.headers };
  const response = await fetch(settings.url + path, { ...options, headers });
  const text = await response.text();
  return { status: response.status, headers: Object.fromEntries(response.headers), text };
}

const found = {};
const world = { jsforce, settings, connect, told, refused, assertion, raw };
for (const [name, scenario] of Object.entries({ ...records, ...shapes, ...bulk, ...sessions })) {
  try {
    found[name] = (await scenario(connect(), world)) ?? null;
  } catch (error) {
    found[name] = told(error);
  }
}
process.stdout.write(JSON.stringify(found));
