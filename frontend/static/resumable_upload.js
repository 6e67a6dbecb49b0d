/** One large file sent to the server by tus, so that what breaks off goes on where it was. */

import "./tus.min.js";
import { abortable } from "./abortable.js";
import { Refused, request } from "./api_request.js";
import { outcome, retryAfter } from "./upload_outcome.js";

const { Upload } = window.tus;
const RETRY_DELAYS_MS = [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000];
// No answer at all, or one that the same upload may not get again. With 408 the line was silent for too long.
const TRIED_AGAIN = new Set([0, 408, 409, 423, 500, 502, 504]);
const NOT_FOUND = new Set([404, 410]);
const GONE = "The server has nothing of this upload any more: Retry sends it from the beginning.";
const METHODS_OF_AN_UPLOAD = new Set(["HEAD", "PATCH"]);
// As forms have it.
const NAME_OF_A_BLOB = "blob";

/**
 * Send the file with these fields, or go on with what has been begun at `known.url`, which is set as soon as
 * it is known. Resolves and rejects as `sendFile` does. `onBreak()` is called when the connection is lost and
 * will be tried again.
 */
export async function sendResumably(sending) {
  const answer = await send(sending);
  if (!answer.isGone) return answer;
  sending.known.url = null;
  const second = await send(sending);
  if (second.isGone) sending.known.url = null;
  return second;
}

function send({ url, known, maxRequestBytes, fields, file, onProgress, onBreak, signal }) {
  return abortable(signal, (resolve) => {
    const upload = new Upload(file, {
      // With an endpoint it would begin anew, from the first byte, whatever a proxy says of a known address.
      endpoint: known.url ? null : url,
      uploadUrl: known.url,
      metadata: metadata(fields, file),
      chunkSize: maxRequestBytes,
      retryDelays: RETRY_DELAYS_MS,
      storeFingerprintForResuming: false,
      onUploadUrlAvailable() {
        known.url = upload.url;
        upload.options.endpoint = null;
      },
      onProgress,
      onShouldRetry(error) {
        const isTriedAgain = TRIED_AGAIN.has(statusOf(error));
        if (isTriedAgain) onBreak();
        return isTriedAgain;
      },
      onSuccess: ({ lastResponse }) => resolve(accepted(lastResponse)),
      onError: (error) => resolve(failed(error)),
    });
    upload.start();
    return () => {
      upload.abort(true).catch(() => {
        // It expires, then.
      });
    };
  });
}

/** The fields as the server knows them; of one that is there more than once all values, with commas between. */
function metadata(fields, file) {
  const pairs = { filename: file.name ?? NAME_OF_A_BLOB };
  for (const [name, value] of fields) pairs[name] = name in pairs ? `${pairs[name]},${value}` : value;
  return pairs;
}

async function accepted(response) {
  try {
    return { kind: "accepted", job: await request("GET", response.getHeader("Upload-Job")) };
  } catch (problem) {
    if (!(problem instanceof Refused)) throw problem;
    return { kind: "unavailable", code: problem.code, detail: problem.message, waitS: null };
  }
}

function failed(error) {
  const { originalRequest: asked, originalResponse: response } = error;
  const isOfUpload = METHODS_OF_AN_UPLOAD.has(asked?.getMethod());
  if (isOfUpload && NOT_FOUND.has(statusOf(error))) {
    return { kind: "unavailable", code: null, detail: GONE, waitS: null, isGone: true };
  }
  return outcome({
    status: statusOf(error),
    text: response?.getBody() ?? "",
    retryAfterS: retryAfter(response?.getHeader("Retry-After")),
    brokenOffDetail: "The connection was lost. What has been sent is kept for a while: Retry goes on with it.",
  });
}

function statusOf(error) {
  return error.originalResponse?.getStatus() ?? 0;
}
