/** The page, put together: what is on it, who hears of what, and in which order it begins. */

import { Entries } from "./entries.js";
import { fileSize } from "./figures.js";
import { onceAFrame } from "./frame.js";
import { watchForFiles } from "./incoming_files.js";
import { JobFeed } from "./job_feed.js";
import { JobList } from "./job_list.js";
import { Live, liveUrl } from "./live.js";
import { Options } from "./options.js";
import { PipelinePanel } from "./pipeline_panel.js";
import { copySnippet } from "./snippet.js";
import { Summary } from "./summary.js";
import { UploadForm } from "./upload_form.js";
import { Uploads } from "./uploads.js";
import { Viewer } from "./viewer.js";

const CONNECTION_WORDS = { live: "Live", reconnecting: "Reconnecting…" };

const find = (selector) => document.querySelector(selector);
const page = find("#main").dataset;
const fileInput = find("#file-input");
const maxUploadBytes = Number(page.maxUploadBytes);

const changed = new Set();
let pipeline = null;

const paintSoon = onceAFrame(paint);
const entries = new Entries((entry) => {
  changed.add(entry);
  paintSoon();
});
const options = new Options(find("#upload-form"));
const uploads = new Uploads({
  entries,
  url: page.uploadUrl,
  batchId: page.batchId,
  onAccepted: showAddress,
  onWrongOption: (problem) => options.showProblem(problem),
});
const feed = new JobFeed(entries, uploads);
const viewer = new Viewer(find("#viewer"), entries);
const list = new JobList(find("#job-list"), {
  retry: (entry) => uploads.sendAgain([entry]),
  remove: forget,
  view: (entry, event) => viewer.openInsteadOf(event, entry),
  copy: (entry, event) => copySnippet(event.target),
});
const summary = new Summary(find("#summary"));
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
new Live({ url: liveUrl(page.liveUrl, page.batchId), onMessage: take, onState: showConnection }).start();

function take(message) {
  feed.take(message);
  if (message.pipeline) pipeline = message.pipeline;
  paintSoon();
}

function paint() {
  const dirty = [...changed];
  changed.clear();
  if (dirty.length > 0) {
    list.paint(dirty, entries);
    summary.paint(entries);
    form.paint(entries);
    document.body.toggleAttribute("data-filled", [...entries].length > 0);
  }
  if (pipeline) panel.paint(pipeline);
  pipeline = null;
}

function send() {
  if (readyEntries().length === 0) fileInput.click();
  else if (options.check()) uploads.send(readyEntries(), options.fields);
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

function showConnection(state) {
  const element = find("#connection-state");
  element.dataset.state = state;
  element.querySelector(".connection-text").textContent = CONNECTION_WORDS[state];
  if (state === "reconnecting") panel.markStale();
}
