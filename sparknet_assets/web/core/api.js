// The HTTP API: requests with the key, errors as problems, uploads with progress.

import { events } from "./stream.js";

const BASE = new URL("api/v1/", document.baseURI);
const KEY = "sparknet.key";
// A caller that is too fast is told to wait: that long is waited without a word, so often.
const MOST_WAIT_S = 10;
const MOST_WAITS = 5;
const UNREACHED = "The server does not answer. Look whether sparknet serve is running, then try again.";
const BROKEN_OFF = "The connection broke before the file was there. Try again once the server answers.";

/** An answer that is an error, in the API's words (problem+json). */
export class Problem extends Error {
  constructor(status, body = {}, wait = null) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.kind = body.kind ?? `http_${status}`;
    this.title = body.title ?? "";
    this.wait = Number(wait) || Infinity;
  }
}

export const key = {
  get: () => window.sessionStorage.getItem(KEY) ?? "",
  set: (value) =>
    value ? window.sessionStorage.setItem(KEY, value) : window.sessionStorage.removeItem(KEY),
};

/** Whoever asks for a key: resolves once there is another one. Set by the page. */
export const unauthorized = { ask: null };
let asking = null;

function another() {
  asking ??= Promise.resolve(unauthorized.ask?.()).finally(() => {
    asking = null;
  });
  return asking;
}

const headers = (more) => (key.get() ? { ...more, Authorization: `Bearer ${key.get()}` } : more);

/** The URL of a path given in parts, each percent-encoded. */
export function url(parts, query = {}) {
  const found = new URL(parts.map((part) => encodeURIComponent(part)).join("/"), BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== null && value !== undefined) found.searchParams.set(name, value);
  }
  return found;
}

/** Waits as long as a refusal says; false where it is none, or asks for too much. */
async function waited(error, times) {
  if (error.status !== 429 || error.wait > MOST_WAIT_S || times >= MOST_WAITS) return false;
  await new Promise((resolve) => setTimeout(resolve, error.wait * 1000));
  return true;
}

async function send(method, parts, { query, json, signal, accept, match } = {}) {
  const given = json === undefined ? {} : { "Content-Type": "application/json" };
  if (match) given["If-Match"] = match;
  for (let waits = 0; ; ) {
    const used = key.get();
    let response;
    try {
      response = await fetch(url(parts, query), {
        method,
        signal,
        headers: headers({ ...given, Accept: accept ?? "application/json" }),
        body: json === undefined ? undefined : JSON.stringify(json),
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0, { detail: UNREACHED });
    }
    if (response.ok) return response;
    if (response.status !== 401 || !unauthorized.ask) {
      const problem = await problemOf(response);
      if (await waited(problem, waits)) {
        waits += 1;
        continue;
      }
      throw problem;
    }
    // Another request may have asked meanwhile: then the new key is tried at once.
    if (key.get() === used) await another();
  }
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  return new Problem(response.status, body, response.headers.get("Retry-After"));
}

async function answered(method, parts, options) {
  const response = await send(method, parts, options);
  return response.status === 204 ? null : response.json();
}

export const get = (parts, query, signal) => answered("GET", parts, { query, signal });
export const post = (parts, json, signal) => answered("POST", parts, { json, signal });
export const putJson = (parts, json) => answered("PUT", parts, { json });
export const patch = (parts, json) => answered("PATCH", parts, { json });
export const remove = (parts) => answered("DELETE", parts);

/**
 * A change of what has a version, refused (412) where someone else changed it since.
 * @param match ETag of what was seen
 * @returns {Promise<{value, tag}>} the answer, and the ETag of what it is now
 */
export async function change(method, parts, { json, match }) {
  const response = await send(method, parts, { json, match });
  return { value: await response.json(), tag: response.headers.get("ETag") };
}

/** Bytes as a blob: URL, which the caller revokes. */
export async function blobUrl(parts, query, signal) {
  const response = await send("GET", parts, { query, signal, accept: "*/*" });
  return window.URL.createObjectURL(await response.blob());
}

/** Events of a stream, until it ends or is aborted: yields {event, data}. */
export async function* stream(method, parts, { json, signal } = {}) {
  const response = await send(method, parts, { json, signal, accept: "text/event-stream" });
  yield* events(response.body);
}

/** Sends a file, and waits where the server says that it came too soon; as `sent`. */
export async function upload(file, options) {
  for (let waits = 0; ; waits += 1) {
    try {
      return await sent(file, options);
    } catch (error) {
      if (!(await waited(error, waits))) throw error;
    }
  }
}

/**
 * Sends a file. Fetch tells nothing of the progress of a body, so this is an XMLHttpRequest.
 * @param {(share: number) => void} progress called with 0 to 1
 */
function sent(file, { tier, progress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url(["documents"], { filename: file.name, tier }));
    for (const [name, value] of Object.entries(headers({ Accept: "application/json" }))) {
      request.setRequestHeader(name, value);
    }
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => progress(event.loaded / event.total));
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve(request.response);
      const wait = request.getResponseHeader("Retry-After");
      reject(new Problem(request.status, request.response ?? {}, wait));
    });
    request.addEventListener("error", () =>
      reject(new Problem(0, { detail: BROKEN_OFF })),
    );
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
