/** What the page says of an entry's state. Pure. templates/_job_row.html says the same on the server. */

import { about, duration, fileSize, mediaTypeName, ordinal } from "./figures.js";

const OF_UPLOADS = {
  ready: ({ file }) => ["Ready", file.type && mediaTypeName(file.type)].filter(Boolean).join(" · "),
  waiting: ({ note }) => note || "Waiting to be sent",
  uploading: uploadingSentence,
  failed: () => "Not uploaded",
};

const OF_JOBS = {
  queued: queuedSentence,
  processing: processingSentence,
  retrying: retryingSentence,
  done: doneSentence,
  failed: () => "Failed",
  cancelled: () => "Cancelled",
};

/** One sentence for the state of an entry. `isQueueAway`: what waits cannot be in the queue just now. */
export function sentence(entry, isQueueAway = false) {
  if (entry.job?.status === "queued" && isQueueAway) return "Waiting for the queue";
  if (entry.job) return OF_JOBS[entry.job.status]?.(entry.job) ?? entry.job.status;
  return OF_UPLOADS[entry.phase](entry);
}

/** How long each step of the job took, for those who want to know: "decode 12 ms · resample 6 ms". */
export function stepTimes(job) {
  const steps = Object.entries(job.timings_ms ?? {});
  return steps.map(([step, ms]) => `${step.replaceAll("_", " ")} ${Math.round(ms)} ms`).join(" · ");
}

function uploadingSentence({ file, sentBytes, note }) {
  if (note) return note;
  if (file.url) return "The server is fetching it";
  if (file.size > 0 && sentBytes >= file.size) return "Sent, the server is storing it";
  return `Uploading ${Math.floor((100 * sentBytes) / (file.size || 1))} % of ${fileSize(file.size)}`;
}

function queuedSentence({ lane, position, seconds_to_go: seconds }) {
  if (!position) return "Waiting in the queue";
  const queue = lane === "bulk" ? "the queue of large batches" : "the queue";
  return `Waiting — ${place(position)} in ${queue}${seconds === null ? "" : `, ${about(seconds)}`}`;
}

function processingSentence({ worker, attempt, renditions, rendition_count: count }) {
  const words = [`${worker ?? "A worker"} is resizing it`];
  if (attempt > 1) words.push(`attempt ${attempt}`);
  if (count > 1) words.push(`${renditions.length} of ${count}`);
  return words.join(", ");
}

function retryingSentence({ attempt, error, retry_at: retryAt }) {
  const reason = error ? `: ${error.detail.replace(/\.$/, "")}` : "";
  return `Attempt ${attempt} failed${reason}; ${retryAt ? againIn(Date.parse(retryAt) - Date.now()) : "again soon"}`;
}

function againIn(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds <= 0) return "again any moment";
  return seconds < 120 ? `again in ${seconds} s` : `again in ${Math.round(seconds / 60)} min`;
}

function place(position) {
  return position === 1 ? "next" : ordinal(position);
}

function doneSentence({ worker, reused: isReused, started_at: started, finished_at: finished }) {
  if (isReused && !worker) return "Done at once: it was resized before";
  const took = started && finished ? ` in ${duration(Date.parse(finished) - Date.parse(started))}` : "";
  return `Done${took}${worker ? ` by ${worker}` : ""}`;
}
