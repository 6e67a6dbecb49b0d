/** The files on their way to the server: a few at a time, the rest wait. */

import { newKey } from "./idempotency_key.js";
import { pause } from "./pause.js";
import { sendResumably } from "./resumable_upload.js";
import { TOO_MANY_REQUESTS } from "./upload_outcome.js";
import { sendFile } from "./upload_request.js";

const AT_A_TIME = 3;
const AUTOMATIC_RETRIES = 3;

export class Uploads {
  #waiting = [];
  #active = new Map();

  /**
   * `onAccepted()` is called for each file that the server has taken, `onWrongOption({field, detail})` when it
   * takes none because of an option: those files are ready again. Files of more than `resumable.overBytes` go
   * to `resumable.url`, in requests of at most `resumable.maxRequestBytes`.
   */
  constructor({ entries, url, resumable, batchId, onAccepted, onWrongOption }) {
    Object.assign(this, { entries, url, resumable, batchId, onAccepted, onWrongOption });
  }

  get isBusy() {
    return this.#active.size + this.#waiting.length > 0;
  }

  /** For each upload of a file of so many bytes (null: of any), a promise that settles when it is over. */
  underWay(bytes) {
    const alike = [...this.#active].filter(([{ file }]) => bytes === null || file.size === bytes);
    return alike.map(([, { over }]) => over);
  }

  /** Send these files with these options (pairs of name and text) when their turn comes. */
  send(entries, options) {
    for (const entry of entries) Object.assign(entry, { options, key: newKey(), known: { url: null } });
    this.sendAgain(entries);
  }

  /** Send files that could not be sent before, with the options and the key that they had. */
  sendAgain(entries) {
    for (const entry of entries) {
      const sentBytes = kept(entry);
      this.entries.update(entry, { phase: "waiting", sentBytes, note: "", canRetry: false });
      this.#waiting.push(entry);
    }
    this.#startNext();
  }

  /** Let go of a file, wherever it is on its way. */
  cancel(entry) {
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    this.#active.get(entry)?.abort.abort();
  }

  #startNext() {
    while (this.#active.size < AT_A_TIME && this.#waiting.length > 0) {
      this.#start(this.#waiting.shift());
    }
  }

  #start(entry) {
    const abort = new AbortController();
    const over = this.#carry(entry, abort.signal).catch((reason) => {
      if (!abort.signal.aborted) throw reason;
    });
    this.#active.set(entry, { abort, over });
    over.finally(() => {
      this.#active.delete(entry);
      this.#startNext();
    });
  }

  async #carry(entry, signal) {
    const answer = await this.#persist(entry, signal);
    if (answer.kind === "accepted") {
      this.entries.accept(entry, answer.job);
      this.onAccepted();
    } else if (answer.kind === "wrong_option") {
      this.#giveBack(entry);
      this.onWrongOption(answer);
    } else {
      this.entries.update(entry, {
        phase: "failed",
        note: answer.detail,
        canRetry: answer.kind === "unavailable",
      });
    }
  }

  /** This file and all that wait with the same options are ready to be sent with better ones. */
  #giveBack(entry) {
    const alike = this.#waiting.filter(({ options }) => options === entry.options);
    this.#waiting = this.#waiting.filter((other) => !alike.includes(other));
    for (const one of [entry, ...alike]) this.entries.update(one, { phase: "ready", sentBytes: 0, note: "" });
  }

  /**
   * Send, and again when the server asks for it. Who waits for that keeps the turn, so the others wait too.
   * A limit of so much a minute is no failed try: it is certain to pass, though others may be quicker then.
   */
  async #persist(entry, signal) {
    let answer = await this.#sendOnce(entry, signal);
    let retriesLeft = AUTOMATIC_RETRIES;
    while (answer.waitS && retriesLeft > 0) {
      if (answer.code !== TOO_MANY_REQUESTS) retriesLeft -= 1;
      // Spread out, so that those who were refused together do not come back together.
      const waitMs = answer.waitS * 1000 * (1 + Math.random() / 4);
      const note = `${answer.detail} Trying again in ${Math.max(1, Math.round(waitMs / 1000))} s.`;
      this.entries.update(entry, { phase: "waiting", sentBytes: kept(entry), note });
      await pause(waitMs, signal);
      answer = await this.#sendOnce(entry, signal);
    }
    return answer;
  }

  #sendOnce(entry, signal) {
    this.entries.update(entry, { phase: "uploading", sentBytes: kept(entry), note: "" });
    const onProgress = (sentBytes) => this.entries.update(entry, { sentBytes, note: "" });
    const { file, key, known } = entry;
    const all = { file, fields: [["batch_id", this.batchId], ...entry.options], onProgress, signal };
    if (file.url || file.size <= this.resumable.overBytes) return sendFile({ ...all, url: this.url, key });
    const onBreak = () => this.entries.update(entry, { note: "The connection was lost. Trying again…" });
    return sendResumably({ ...all, ...this.resumable, known, onBreak });
  }
}

/** The bytes that need not be sent again. */
function kept({ known, sentBytes }) {
  return known.url ? sentBytes : 0;
}
