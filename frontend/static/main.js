/** The page, put together: what is on it, who hears of what, and in which order it begins. */

import { Entries } from "./entries.js";
import { fileSize } from "./figures.js";
import { onceAFrame } from "./frame.js";
import { watchForFiles } from "./incoming_files.js";
import { JobActions } from "./job_actions.js";
import { JobFeed } from "./job_feed.js";
import { JobList } from "./job_list.js";
import { Live } from "./live.js";
import { Options } from "./options.js";
import { PipelinePanel } from "./pipeline_panel.js";
import { Poll } from "./poll.js";
import { QueueAway } from "./queue_away.js";
import { RetryFailed } from "./retry_failed.js";
import { copySnippet } from "./snippet.js";
import { Summary } from "./summary.js";
import { UploadForm } from "./upload_form.js";
import { Uploads } from "./uploads.js";
import { Viewer } from "./viewer.js";
import { WebAddresses } from "./web_addresses.js";

const CONNECTION_WORDS = { live: "Live", reconnecting: "Reconnecting…", polling: "Updating every 3 s" };
const SECOND_MS = 1000;

const find = (selector) => document.querySelector(selector);
const page = find("#main").dataset;
const fileInput = find("#file-input");
const maxUploadBytes = Number(page.maxUploadBytes);

const changed = new Set();
let pipeline = null;
let knownBefore = [];

const paintSoon = onceAFrame(paint);
const entries = new Entries((entry) => {
  changed.add(entry);
  paintSoon();
});
const options = new Options(find("#upload-form"));
const uploads = new Uploads({
  entries,
  url: page.uploadUrl,
  resumable: {
    url: page.filesUrl,
    overBytes: Number(page.resumableOverBytes),
    maxRequestBytes: Number(page.maxRequestBytes),
  },
  batchId: page.batchId,
  onAccepted: showAddress,
  onWrongOption: (problem) => options.showProblem(problem),
});
const feed = new JobFeed(entries, uploads);
const jobActions = new JobActions({ entries, jobsUrl: page.jobsUrl });
const viewer = new Viewer(find("#viewer"), entries);
const list = new JobList(find("#job-list"), {
  retry: (entry) => (entry.jobId ? jobActions.retry(entry) : uploads.sendAgain([entry])),
  cancel: (entry) => jobActions.delete(entry),
  remove: (entry) => (entry.jobId ? jobActions.delete(entry) : forget(entry)),
  view: (entry, event) => viewer.openInsteadOf(event, entry),
  copy: (entry, event) => copySnippet(event.target),
});
const summary = new Summary(find("#summary"));
const retryFailed = new RetryFailed(find("#retry-failed"), {
  entries,
  url: `${page.batchApiUrl}/retry`,
  onDone: () => list.element.focus(),
});
const queueAway = new QueueAway(find("#queue-away"));
const webAddresses = new WebAddresses(find("#url-input"));
const panel = new PipelinePanel(find("#pipeline-panel"));
const form = new UploadForm(find("#upload-form"), {
  onStart: send,
  onClear: () => readyEntries().forEach(forget),
  onRetry: () => uploads.sendAgain([...entries].filter(({ canRetry }) => canRetry)),
});

list.takeOver(entries);
watchForFiles({
  input: fileInput,
  veil: find(".drop-veil"),
  onFiles: (files) => files.forEach(addFile),
});
window.addEventListener("beforeunload", (event) => uploads.isBusy && event.preventDefault());
const poll = new Poll({
  url: page.batchApiUrl,
  onAsk: () => entries.jobIds,
  onJobs: (jobs, knownBefore) => take({ type: "snapshot", jobs }, knownBefore),
  onState: (isAnswered) => showConnection(isAnswered ? "polling" : "reconnecting"),
});
new Live({
  socketUrl: page.socketUrl,
  eventsUrl: page.eventsUrl,
  batchId: page.batchId,
  onConnect: () => (knownBefore = entries.jobIds),
  onMessage: (message) => take(message, knownBefore),
  onState: followConnection,
}).start();
setInterval(() => repaint("retrying"), SECOND_MS);

function take(message, knownBefore) {
  feed.take(message, knownBefore);
  if (message.pipeline) {
    pipeline = message.pipeline;
    if (queueAway.take(pipeline.broker)) repaint("queued");
  }
  paintSoon();
}

/** What is said of these depends on more than on themselves: on the time, on the queue. */
function repaint(status) {
  for (const entry of entries) {
    if (entry.status === status) entries.changed(entry);
  }
}

function paint() {
  const dirty = [...changed];
  changed.clear();
  if (dirty.length > 0) {
    list.paint(dirty, entries, queueAway.isAway);
    summary.paint(entries);
    retryFailed.paint();
    form.paint(entries);
    document.body.toggleAttribute("data-filled", [...entries].length > 0);
  }
  if (pipeline) panel.paint(pipeline);
  pipeline = null;
}

function send() {
  webAddresses.take().forEach(addFile);
  if (readyEntries().length === 0) fileInput.click();
  else if (options.check()) {
    uploads.send(readyEntries(), options.fields);
    // On a phone the list is further down: who has pressed the button is to see that something happens.
    find("#summary").scrollIntoView({ block: "nearest" });
  }
}

function addFile(file) {
  const entry = entries.addFile(file);
  if (file.size <= maxUploadBytes) return;
  const note = `It has ${fileSize(file.size)}; the most that is taken is ${fileSize(maxUploadBytes)}.`;
  entries.update(entry, { phase: "failed", note });
}

function readyEntries() {
  return [...entries].filter(({ status }) => status === "ready");
}

function forget(entry) {
  uploads.cancel(entry);
  entries.remove(entry);
}

/** From the first accepted file on, a reload shows the batch. */
function showAddress() {
  if (location.pathname !== page.batchUrl) history.replaceState(null, "", page.batchUrl);
}

function followConnection(state) {
  if (state === "shut") poll.start();
  else showConnection(state);
  if (state === "live") poll.stop();
}

function showConnection(state) {
  const element = find("#connection-state");
  element.dataset.state = state;
  element.querySelector(".connection-text").textContent = CONNECTION_WORDS[state];
  if (state !== "live") panel.markStale();
}
