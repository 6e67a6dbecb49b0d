/** The pipeline on the screen: the broker, the queue, the rate, and what each worker is at. */

import { RateHistory } from "./rate_history.js";
import { setText } from "./text.js";

const SLOT_LINES = 4;
const BROKER_WORDS = {
  up: "RabbitMQ is up",
  down: "RabbitMQ is away: what was accepted waits for it",
};

export class PipelinePanel {
  #workers = new Map();

  constructor(element) {
    const part = (selector) => element.querySelector(selector);
    this.element = element;
    this.broker = part(".broker-text");
    this.depth = part("#queue-depth");
    this.bulk = part("#bulk-depth");
    this.rate = part("#pipeline-rate");
    this.workerCount = part("#worker-count");
    this.workerList = part("#worker-list");
    this.noWorkers = part("#no-workers");
    this.history = new RateHistory(part("#rate-history"));
  }

  /** Show the pipeline of a snapshot or a pipeline message. */
  paint(pipeline) {
    this.element.dataset.broker = pipeline.broker;
    setText(this.broker, BROKER_WORDS[pipeline.broker] ?? pipeline.broker);
    setText(this.depth, pipeline.queue.ready === null ? "unknown" : `${pipeline.queue.ready} waiting`);
    this.#paintBulk(pipeline.queue.lanes.bulk.ready ?? 0);
    setText(this.rate, `${pipeline.rate_per_s.toFixed(pipeline.rate_per_s < 99.5 ? 1 : 0)} images/s`);
    this.history.add(pipeline.rate_per_s);
    setText(this.workerCount, String(pipeline.workers.length));
    this.noWorkers.hidden = pipeline.workers.length > 0 || pipeline.broker !== "up";
    this.#paintWorkers(pipeline.workers);
  }

  /** Say that what is shown may no longer be so, until there is news. */
  markStale() {
    this.element.dataset.broker = "unknown";
    setText(this.broker, "Not connected: this is how it was");
  }

  /** Whose image is the only one of its sender need not be afraid of a long queue. */
  #paintBulk(waiting) {
    this.bulk.hidden = waiting === 0;
    setText(this.bulk, `${waiting} of them in large batches, which let others go first`);
  }

  #paintWorkers(workers) {
    const names = new Set(workers.map(({ name }) => name));
    for (const [name, card] of this.#workers) {
      if (names.has(name)) continue;
      card.element.remove();
      this.#workers.delete(name);
    }
    for (const worker of workers) this.#card(worker.name).paint(worker);
  }

  #card(name) {
    if (!this.#workers.has(name)) {
      const card = new WorkerCard(name);
      this.#workers.set(name, card);
      this.workerList.append(card.element);
    }
    return this.#workers.get(name);
  }
}

/** One worker. It has a line for each slot, idle or not, so that the page stays still while the work moves. */
class WorkerCard {
  constructor(name) {
    this.element = cloned("#worker-template");
    this.element.dataset.worker = name;
    this.element.querySelector(".worker-name").textContent = name;
    this.load = this.element.querySelector(".worker-load");
    this.slots = this.element.querySelector(".slots");
  }

  paint({ slots, busy, last_seen: lastSeen }) {
    // A slot may be at two images, one of each lane.
    setText(this.load, `${Math.min(busy.length, slots)} of ${slots} busy`);
    this.element.title = lastSeen ? `Last heard of at ${new Date(lastSeen).toLocaleTimeString()}` : "";
    const lines = Math.max(1, Math.min(slots, SLOT_LINES));
    while (this.slots.children.length < lines) this.slots.append(cloned("#slot-template"));
    while (this.slots.children.length > lines) this.slots.lastElementChild.remove();
    const hidden = Math.max(0, busy.length - lines);
    [...this.slots.children].forEach((line, index) => {
      const isLast = index === lines - 1;
      paintSlot(line, busy[index], isLast && hidden ? ` and ${hidden} more` : "");
    });
  }
}

function paintSlot(line, job, more) {
  line.toggleAttribute("data-busy", job !== undefined);
  const name = job ? job.name || "an image" : "idle";
  const text = line.querySelector(".slot-text");
  setText(text, name + more);
  text.title = job?.name ?? "";
}

function cloned(selector) {
  return document.querySelector(selector).content.firstElementChild.cloneNode(true);
}
