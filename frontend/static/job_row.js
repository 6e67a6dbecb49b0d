/** One line of the list on the screen. It writes only what has changed, since most of a paint has not. */

import { fileSize, pictureSize } from "./figures.js";
import { sentence, stepTimes } from "./job_sentences.js";
import { Renditions } from "./renditions.js";
import { RowActions } from "./row_actions.js";
import { setText } from "./text.js";

const rowTemplate = document.querySelector("#job-row-template");

export class JobRow {
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
    this.problem = part(".job-problem");
    this.before = part(".job-before");
    this.renditions = new Renditions(element);
    this.notes = part(".job-notes");
    this.snippet = part(".snippet");
    this.snippetText = part(".snippet code");
    this.actions = new RowActions(part(".job-actions"));
  }

  /** Show the entry as it is now. A rendered row whose job is not known yet stays as the server made it. */
  paint(entry, isQueueAway) {
    this.actions.paint(entry);
    setText(this.problem, entry.problem);
    if (!entry.job && !entry.file) return;
    this.#paintState(entry, isQueueAway);
    setText(this.name, entry.name);
    this.name.title = entry.name;
    this.#paintProgress(entry);
    setText(this.error, entry.job ? entry.job.error?.detail ?? "" : entry.note);
    this.error.hidden = entry.status !== "failed" || !this.error.textContent;
    setText(this.before, entry.job?.source ? pictureSize(entry.job.source) : sizeOf(entry.file));
    if (entry.job) this.#paintResults(entry.job);
  }

  #paintState(entry, isQueueAway) {
    setText(this.stateText, sentence(entry, isQueueAway));
    if (entry.job) this.state.title = stepTimes(entry.job);
    if (entry.jobId) this.element.dataset.jobId = entry.jobId;
    if (this.element.dataset.status === entry.status) return;
    this.element.dataset.status = entry.status;
    this.icon.setAttribute("href", `#icon-${entry.status}`);
  }

  #paintProgress(entry) {
    const [label, value] = progressOf(entry);
    this.progress.hidden = !label;
    if (!label) return;
    this.progress.setAttribute("aria-label", label);
    this.progress.value = value;
  }

  #paintResults(job) {
    this.renditions.paint(job);
    this.#paintNotes(job.notes ?? []);
    this.snippet.hidden = !job.picture;
    setText(this.snippetText, withThisSite(job.picture ?? ""));
  }

  #paintNotes(notes) {
    this.notes.hidden = notes.length === 0;
    const shown = [...this.notes.children].map(({ textContent }) => textContent);
    if (shown.join("\n") === notes.join("\n")) return;
    const items = notes.map((note) => {
      const item = document.createElement("li");
      item.textContent = note;
      return item;
    });
    this.notes.replaceChildren(...items);
  }
}

/** What the bar shows and how far it is, from 0 to 1; nothing when there is no bar. */
/** Of an address nobody knows it yet. */
function sizeOf(file) {
  return file?.url ? "" : fileSize(file?.size ?? 0);
}

function progressOf({ status, file, sentBytes, job }) {
  if (status === "uploading") return ["Upload", file.size ? sentBytes / file.size : 0];
  if (status === "processing" && job.rendition_count > 1) {
    return ["Renditions", job.renditions.length / job.rendition_count];
  }
  return [];
}

/** The HTML with whole addresses, so that it shows its pictures in the page of another site too. */
function withThisSite(html) {
  return html.replace(/(["\s])(\/api\/)/g, `$1${window.location.origin}$2`);
}
