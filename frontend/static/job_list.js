/** The list on the screen: a row for each entry, in the order of the entries. */

import { JobRow } from "./job_row.js";

export class JobList {
  #rows = new Map();
  #entryOf = new WeakMap();

  /** `actions` has a function of the entry for each data-action: retry, cancel, remove, view, copy. */
  constructor(element, actions) {
    this.element = element;
    this.section = element.closest(".jobs");
    this.actions = actions;
    element.addEventListener("click", (event) => this.#act(event));
  }

  /** Make entries of the rows that the server has rendered. */
  takeOver(entries) {
    for (const element of [...this.element.querySelectorAll("[data-job-id]")]) {
      const entry = entries.addRendered(element.dataset.jobId, element.dataset.status);
      this.#keep(entry, new JobRow(element));
    }
  }

  /**
   * Bring the rows of these entries up to date; an entry that is in `entries` no more loses its row.
   * `isQueueAway` says that what waits cannot be in the queue.
   */
  paint(changed, entries, isQueueAway) {
    const fresh = document.createDocumentFragment();
    for (const entry of changed) {
      if (!entries.has(entry)) this.#drop(entry);
      else this.#row(entry, fresh).paint(entry, isQueueAway);
    }
    this.element.append(fresh);
    this.section.hidden = this.#rows.size === 0;
  }

  #row(entry, fresh) {
    if (!this.#rows.has(entry)) {
      const row = new JobRow();
      this.#keep(entry, row);
      fresh.append(row.element);
    }
    return this.#rows.get(entry);
  }

  #keep(entry, row) {
    this.#rows.set(entry, row);
    this.#entryOf.set(row.element, entry);
  }

  #drop(entry) {
    const element = this.#rows.get(entry)?.element;
    if (!element) return;
    if (element.contains(document.activeElement)) this.#passFocus(element);
    element.remove();
    this.#rows.delete(entry);
  }

  /** Whoever removes rows by keyboard goes on with the next one, not from the top of the page. */
  #passFocus(element) {
    const neighbour = element.nextElementSibling ?? element.previousElementSibling;
    const sameAction = `[data-action="${document.activeElement.dataset.action}"]:not([hidden])`;
    const button = neighbour?.querySelector(`.job-actions ${sameAction}`) ?? firstButton(neighbour);
    (button ?? this.element).focus();
  }

  #act(event) {
    const control = event.target.closest("[data-action]");
    const entry = control && this.#entryOf.get(control.closest(".job"));
    if (!entry) return;
    if (control.form) event.preventDefault();
    // The second click of a double click would meet the button that has come in the place of the first.
    if (control.form && (entry.isBusy || event.detail > 1)) return;
    this.actions[control.dataset.action]?.(entry, event);
  }
}

function firstButton(row) {
  return row?.querySelector(".job-actions button:not([hidden])");
}
