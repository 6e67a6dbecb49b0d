/** One file sent to the server, and what came of it. */

import { abortable } from "./abortable.js";
import { outcome, retryAfter } from "./upload_outcome.js";

/**
 * POST the file, or the address that stands for one, with these fields (pairs of name and text) before it. With
 * the same `key` the same upload makes one job, however often it is sent. Resolves to one of
 *   {kind: "accepted", job}
 *   {kind: "wrong_option", field, code, detail}       the server takes no file with this value of the field
 *   {kind: "refused", code, detail}                   the server will never take this file
 *   {kind: "unavailable", code, detail, waitS|null}   it may take it later; after `waitS` seconds if it said so
 * where `code` is that of the API, or null.
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
  return outcome({
    status: request.status,
    text: request.responseText,
    retryAfterS: retryAfter(request.getResponseHeader("Retry-After")),
    brokenOffDetail: brokenOff(file, sentBytes),
  });
}

/** Resolves when the request is over, whatever the answer; `status` is 0 when there was none. */
function post(url, key, form, signal, onProgress) {
  return abortable(signal, (resolve) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", onProgress);
    request.addEventListener("loadend", () => resolve(request));
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    request.send(form);
    return () => request.abort();
  });
}

/** A server that refuses a body early closes the connection, which looks like a lost network from here. */
function brokenOff(file, sentBytes) {
  if (sentBytes === 0) return "The server cannot be reached.";
  if (sentBytes === file.size) return "The connection was lost before the server answered.";
  return "The connection broke off half-way. The network may be down, or the server takes no file this large.";
}
