/** The button that has all failed jobs of the batch tried once more. */

import { ask } from "./job_requests.js";
import { setText } from "./text.js";

export class RetryFailed {
  #isBusy = false;

  /** `onDone` is called when the button has had its effect and goes, for the focus to go elsewhere. */
  constructor(form, { entries, url, onDone }) {
    Object.assign(this, { form, entries, url, onDone });
    this.button = form.querySelector("button");
    this.count = form.querySelector(".retry-failed-count");
    this.problem = form.querySelector(".job-problem");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  /** One failed job has a button of its own. */
  paint() {
    const failed = [...this.entries].filter(({ job }) => job?.status === "failed").length;
    setText(this.count, String(failed));
    const hadFocus = this.button === document.activeElement;
    this.form.hidden = failed < 2;
    if (hadFocus && this.form.hidden) this.onDone();
  }

  async #send() {
    if (this.#isBusy) return;
    this.#setBusy(true);
    let problem = "";
    try {
      const { jobs } = await ask("POST", this.url);
      jobs.forEach((job) => this.entries.offer(job));
      if (jobs.length === 0) problem = "None of them can be tried again: their images are gone.";
    } catch (refused) {
      problem = refused.message;
    }
    setText(this.problem, problem);
    this.#setBusy(false);
  }

  #setBusy(isBusy) {
    this.#isBusy = isBusy;
    this.button.setAttribute("aria-disabled", String(isBusy));
  }
}
