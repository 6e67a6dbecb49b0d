/**
 * The API of the server for pages of your own on the same site:
 *
 *   import { ImageResizer } from '/static/image_resizer.js';
 *
 * The page of the server is made of the same modules. What they do is told in docs/client.md.
 */

import { Refused, request } from "./api_request.js";
import { newBatchId } from "./batch_id.js";
import { BatchJobs } from "./batch_jobs.js";
import { newKey } from "./idempotency_key.js";
import { Live } from "./live.js";
import { pause } from "./pause.js";
import { TOO_MANY_REQUESTS } from "./upload_outcome.js";
import { sendFile } from "./upload_request.js";

export { Refused, newBatchId };

const ENDED = new Set(["done", "failed", "cancelled", "removed"]);
const NOT_FOUND = 404;
// At the next try it may be otherwise.
const PASSING = new Set([0, 408, 425, 429]);
const NO_KEY = new Set(["key_missing", "key_unknown"]);
// Below that it costs less to send it once more.
const RESUMABLE_OVER_BYTES = 8_000_000;
const TRIES = 5;
const FIRST_PAUSE_S = 1;

export class ImageResizer {
  /**
   * Send a File or a Blob; resolves to its job, which is one however often it had to be sent. `options` are those of
   * the form, `batchId` is one of newBatchId(), `onProgress` gets the number of bytes that have been sent.
   * Rejects with Refused, or with the reason of `signal`.
   */
  async upload(file, { options = {}, batchId = null, onProgress = () => {}, signal = forever() } = {}) {
    const fields = Object.entries({ ...(batchId && { batch_id: batchId }), ...options }).filter(isGiven).map(asField);
    const send = await senderOf({ file, fields, onProgress, signal });
    for (let tried = 1; ; ) {
      const answer = await send();
      if (answer.kind === "accepted") return answer.job;
      const mayHelp = answer.kind === "unavailable" && !NO_KEY.has(answer.code);
      if (!mayHelp || tried === TRIES) throw new Refused(answer.detail, answer);
      // A limit of so much a minute is certain to pass.
      if (answer.code !== TOO_MANY_REQUESTS) tried += 1;
      await pause(1000 * (answer.waitS ?? FIRST_PAUSE_S * 2 ** tried), signal);
    }
  }

  /**
   * Call `onJob(job)` with each job of the batch as it is now, and again whenever it changes, also after the
   * connection was away; a job that is no more has the status `removed`. `onState` is told "live" and "reconnecting".
   * Returns a function that ends it.
   */
  follow(batchId, onJob, { onState = () => {} } = {}) {
    return followed(batchId, onJob, { onState });
  }

  /**
   * Resolves to the job once it has ended, well or badly; with the status `removed` if it is no more. Rejects with
   * Refused.
   */
  async ended(job) {
    let stop = () => {};
    try {
      return await new Promise((resolve, reject) => {
        const take = (told) => {
          const isOlder = told.attempt < job.attempt;
          if (told.id === job.id && ENDED.has(told.status) && !isOlder) resolve(told);
        };
        // The line tells neither of jobs that were removed before it was there, nor why it does not come about.
        const ask = () => this.#asked(job).then(take, reject);
        stop = followed(job.batch_id, take, { onState: ask, onConnect: ask });
      });
    } finally {
      stop();
    }
  }

  /** The job as it is now. Rejects with Refused, as all that follow. */
  job(jobId) {
    return request("GET", `/api/jobs/${jobId}`);
  }

  /** The batch and its jobs as they are now. */
  batch(batchId) {
    return request("GET", `/api/batches/${batchId}`);
  }

  /** Try a job once more that failed or was cancelled: the job, which is queued again. */
  retry(jobId) {
    return request("POST", `/api/jobs/${jobId}/retry`);
  }

  /** Try once more what failed of the batch: those jobs. */
  async retryBatch(batchId) {
    return (await request("POST", `/api/batches/${batchId}/retry`)).jobs;
  }

  /** Call a job off that has not ended, which is then the answer; remove one that has, with all its files. */
  delete(jobId) {
    return request("DELETE", `/api/jobs/${jobId}`);
  }

  /** The job as it is now, or nothing of it if that cannot be learned just now. */
  async #asked(job) {
    try {
      return await this.job(job.id);
    } catch (refused) {
      if (refused.status === NOT_FOUND) return { ...job, status: "removed" };
      if (PASSING.has(refused.status) || refused.status >= 500) return {};
      throw refused;
    }
  }
}

function followed(batchId, onJob, { onState, onConnect = () => {} }) {
  const jobs = new BatchJobs();
  const live = new Live({
    socketUrl: "/ws",
    eventsUrl: "/api/events",
    batchId,
    onConnect,
    onMessage: (message) => jobs.take(message).forEach(onJob),
    onState,
  });
  live.start();
  return () => live.stop();
}

/** What sends the file, as often as it is called, so that it makes one job. */
async function senderOf(sending) {
  if (sending.file.size <= RESUMABLE_OVER_BYTES) {
    const once = { ...sending, url: "/api/images", key: newKey() };
    return () => sendFile(once);
  }
  const { sendResumably } = await import("./resumable_upload.js");
  const resumed = { ...sending, url: "/files/", known: { url: null }, maxRequestBytes: Infinity, onBreak() {} };
  return () => sendResumably(resumed);
}

function isGiven([, value]) {
  return value !== undefined && value !== null;
}

/** Lists of renditions go as JSON, as the form has them. */
function asField([name, value]) {
  return [name, typeof value === "object" ? JSON.stringify(value) : String(value)];
}

function forever() {
  return new AbortController().signal;
}
