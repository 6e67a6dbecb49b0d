/** One line of the list on the screen. It writes only what has changed, since most of a paint has not. */

import { fileSize, pictureSize } from "./figures.js";
import { sentence, stepTimes } from "./job_sentences.js";
import { setText } from "./text.js";

const rowTemplate = document.querySelector("#job-row-template");
const renditionTemplate = document.querySelector("#rendition-template");

export class JobRow {
  #shownRenditions = "";

  /** Takes over an element that the server has rendered, or makes a new one. */
  constructor(element = rowTemplate.content.firstElementChild.cloneNode(true)) {
    this.element = element;
    const part = (selector) => element.querySelector(selector);
    this.icon = part(".job-state use");
    this.name = part(".job-name");
    this.state = part(".job-state");
    this.stateText = part(".job-state-text");
    this.progress = part(".job-progress");
    this.error = part(".job-error");
    this.open = part(".job-open");
    this.thumbnail = part(".job-thumbnail");
    this.before = part(".job-before");
    this.after = part(".job-after");
    this.renditions = part(".job-renditions");
    this.retry = part("[data-action=retry]");
    this.remove = part("[data-action=remove]");
  }

  /** Show the entry as it is now. A rendered row whose job is not known yet stays as the server made it. */
  paint(entry) {
    if (!entry.job && !entry.file) return;
    this.#paintState(entry);
    setText(this.name, entry.name);
    this.name.title = entry.name;
    this.#paintUpload(entry);
    setText(this.error, entry.job ? entry.job.error?.detail ?? "" : entry.note);
    this.error.hidden = entry.status !== "failed" || !this.error.textContent;
    setText(this.before, entry.job?.source ? pictureSize(entry.job.source) : fileSize(entry.file?.size ?? 0));
    if (entry.job) this.#paintRenditions(entry.job);
  }

  #paintState(entry) {
    setText(this.stateText, sentence(entry));
    if (entry.job) this.state.title = stepTimes(entry.job);
    if (entry.jobId) this.element.dataset.jobId = entry.jobId;
    if (this.element.dataset.status === entry.status) return;
    this.element.dataset.status = entry.status;
    this.icon.setAttribute("href", `#icon-${entry.status}`);
  }

  #paintUpload(entry) {
    const isUploading = entry.status === "uploading";
    this.progress.hidden = !isUploading;
    if (isUploading) this.progress.value = entry.file.size ? entry.sentBytes / entry.file.size : 0;
    this.retry.hidden = Boolean(entry.job) || !entry.canRetry;
    this.remove.hidden = Boolean(entry.job);
    this.remove.setAttribute("aria-label", `Remove ${entry.name}`);
  }

  #paintRenditions(job) {
    const renditions = job.status === "done" ? job.renditions : [];
    const wanted = renditions.map(({ url }) => url).join(" ");
    if (wanted === this.#shownRenditions) return;
    this.#shownRenditions = wanted;
    this.renditions.replaceChildren(...renditions.map((rendition) => renditionItem(rendition, job.name)));
    this.#paintFirst(job, renditions[0]);
  }

  #paintFirst(job, first) {
    this.open.hidden = !first;
    if (!first) return this.after.replaceChildren();
    this.open.href = first.url;
    this.open.setAttribute("aria-label", `Look at ${job.name}, ${first.width} × ${first.height}`);
    if (this.thumbnail.getAttribute("src") !== first.url) this.thumbnail.src = first.url;
    setText(this.after, `→ ${pictureSize(first)}`);
  }
}

function renditionItem({ name, url }, jobName) {
  const item = renditionTemplate.content.firstElementChild.cloneNode(true);
  const [open, download] = item.querySelectorAll("a");
  open.textContent = name;
  open.setAttribute("aria-label", `Open ${name} of ${jobName}`);
  download.setAttribute("aria-label", `Download ${name} of ${jobName}`);
  open.href = download.href = url;
  return item;
}
