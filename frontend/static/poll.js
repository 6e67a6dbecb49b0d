/** Asking for the batch again and again, for as long as the live connection does not come about. */

import { ask } from "./job_requests.js";

const EVERY_MS = 3000;

export class Poll {
  #timer = null;
  #isOn = false;

  /**
   * What `onAsk()` returns before a question is handed to `onJobs(jobs, asked)` with the answer to it;
   * `onState(isAnswered)` is called after each question.
   */
  constructor({ url, onAsk, onJobs, onState }) {
    Object.assign(this, { url, onAsk, onJobs, onState });
  }

  start() {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#ask();
  }

  stop() {
    this.#isOn = false;
    clearTimeout(this.#timer);
  }

  async #ask() {
    const asked = this.onAsk();
    const jobs = await this.#jobs();
    if (!this.#isOn) return;
    if (jobs) this.onJobs(jobs, asked);
    this.onState(jobs !== null);
    this.#timer = setTimeout(() => this.#ask(), EVERY_MS);
  }

  /** Null without an answer; a batch to which nothing has been sent yet has no jobs. */
  async #jobs() {
    try {
      return (await ask("GET", this.url)).jobs;
    } catch ({ code }) {
      return code === "batch_not_found" ? [] : null;
    }
  }
}
