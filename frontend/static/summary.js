/** How far the whole list is: a sentence for eyes and screen readers, a bar, the title of the tab. */

import { count, fileSize } from "./figures.js";

// A screen reader reads out each change of the sentence; the bar moves as often as it likes.
const SENTENCE_EVERY_MS = 1000;

export class Summary {
  #shownAt = -Infinity;
  #timer = null;
  #title = document.title;

  constructor(element) {
    this.element = element;
    this.text = element.querySelector(".summary-text");
    this.detail = element.querySelector(".summary-detail");
    this.bar = element.querySelector("progress");
    this.downloadAll = element.querySelector("#download-all");
  }

  paint(entries) {
    const tally = tallied(entries);
    this.element.dataset.state = stateOf(tally);
    this.bar.max = Math.max(1, tally.total);
    this.bar.value = isWaiting(tally) ? 0 : tally.ended;
    this.detail.textContent = detail(tally);
    this.downloadAll.hidden = tally.done === 0;
    document.title = tally.ended < tally.begun ? `(${tally.ended}/${tally.total}) ${this.#title}` : this.#title;
    this.#say(sentence(tally), isWaiting(tally) || tally.ended === tally.begun);
  }

  /** Now if enough time has passed or it is the last word; else when the time comes, unless there is newer. */
  #say(text, isLastWord) {
    clearTimeout(this.#timer);
    if (this.text.textContent === text) return;
    const waitMs = isLastWord ? 0 : this.#shownAt + SENTENCE_EVERY_MS - performance.now();
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#show(text), waitMs);
    } else {
      this.#show(text);
    }
  }

  #show(text) {
    this.#shownAt = performance.now();
    this.text.textContent = text;
  }
}

function tallied(entries) {
  const tally = { total: 0, begun: 0, ended: 0, done: 0, failed: 0, cancelled: 0, before: 0, after: 0 };
  for (const entry of entries) {
    tally.total += 1;
    tally.begun += entry.status !== "ready";
    tally.ended += entry.hasEnded;
    tally.done += entry.status === "done";
    tally.failed += entry.status === "failed";
    tally.cancelled += entry.status === "cancelled";
    if (entry.job?.status === "done") addBytes(tally, entry.job);
  }
  return tally;
}

function addBytes(tally, job) {
  tally.before += job.source?.bytes ?? 0;
  tally.after += job.renditions.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Whether nothing has been sent yet: all there is are ready files, and files that are too large. */
function isWaiting({ total, begun, failed }) {
  return begun === failed && begun < total;
}

function stateOf({ total, ended, done, failed }) {
  if (ended < total) return "running";
  if (done > 0) return "done"; // how many failed is said beside the bar
  return failed > 0 ? "failed" : "cancelled";
}

function sentence(tally) {
  const { total, begun, done } = tally;
  const start = isWaiting(tally) ? `${count(total - begun, "image")} ready` : `${done} of ${total} done`;
  const others = ["failed", "cancelled"].filter((status) => tally[status] > 0);
  return [start, ...others.map((status) => `${tally[status]} ${status}`)].join(", ");
}

function detail({ before, after }) {
  return before ? `${fileSize(before)} → ${fileSize(after)}` : "";
}
