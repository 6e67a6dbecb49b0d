/** One file sent to the server, and what came of it. */

const LONGEST_WAIT_S = 60;
const UNAUTHORIZED = 401;
// It was sent too slowly, or too much was sent in a minute: the file is not to blame.
const PASSING = new Set([408, 429]);
const WAITED_FOR = new Set([429, 503]);
const SIGNED_OUT = "You are not signed in any more. Sign in on another tab, and press Retry here.";

/**
 * POST the file, or the address that stands for one, with these fields (pairs of name and text) before it. With the same `key` the same upload makes one
 * job, however often it is sent. Resolves to one of
 *   {kind: "accepted", job}
 *   {kind: "wrong_option", field, detail}       the server takes no file with this value of the field
 *   {kind: "refused", detail}                   the server will never take this file
 *   {kind: "unavailable", detail, waitS|null}   it may take it later; after `waitS` seconds if it said so
 * Rejects with the signal's reason when aborted. `onProgress` gets the bytes that have been sent.
 */
export async function sendFile({ url, key, fields, file, onProgress, signal }) {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  if (file.url) form.append("url", file.url);
  else form.append("file", file, file.name);
  let sentBytes = 0;
  const request = await post(url, key, form, signal, ({ loaded }) => {
    sentBytes = Math.min(loaded, file.size);
    onProgress(sentBytes);
  });
  return outcome(request, brokenOff(file, sentBytes));
}

/** Resolves when the request is over, whatever the answer; `status` is 0 when there was none. */
function post(url, key, form, signal, onProgress) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    signal.addEventListener("abort", () => {
      // First, since abort() itself ends the request and would resolve it as one without an answer.
      reject(signal.reason);
      request.abort();
    });
    request.upload.addEventListener("progress", onProgress);
    request.addEventListener("loadend", () => resolve(request));
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    request.send(form);
  });
}

function outcome(request, brokenOffDetail) {
  if (request.status === 0) return { kind: "unavailable", detail: brokenOffDetail, waitS: null };
  const body = parsed(request.responseText);
  if (request.status === 202 && body.jobs?.length) {
    return { kind: "accepted", job: body.jobs[0] };
  }
  if (request.status === 422 && body.field) {
    return { kind: "wrong_option", field: body.field, detail: body.detail };
  }
  const said = body.rejected?.[0]?.detail ?? body.detail;
  const detail = said ?? `The server answered with status ${request.status}.`;
  if (request.status === UNAUTHORIZED) return { kind: "unavailable", detail: SIGNED_OUT, waitS: null };
  if (request.status < 500 && !PASSING.has(request.status)) return { kind: "refused", detail };
  return { kind: "unavailable", detail, waitS: WAITED_FOR.has(request.status) ? retryAfter(request) : null };
}

/** A proxy in between may answer with something that is not JSON. */
function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** The seconds that Retry-After asks for, which is a number or a date (RFC 9110, 10.2.3); null without it. */
function retryAfter(request) {
  const value = request.getResponseHeader("Retry-After");
  if (!value) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0.5), LONGEST_WAIT_S) : null;
}

/** A server that refuses a body early closes the connection, which looks like a lost network from here. */
function brokenOff(file, sentBytes) {
  if (sentBytes === 0) return "The server cannot be reached.";
  if (sentBytes === file.size) return "The connection was lost before the server answered.";
  return "The connection broke off half-way. The network may be down, or the server takes no file this large.";
}
