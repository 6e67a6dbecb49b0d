/** Retry, cancel and remove: asked of the server, and what came of it brought into the list. */

import { ask } from "./job_requests.js";

export class JobActions {
  /** `jobsUrl` is the address that ids of jobs are appended to. */
  constructor({ entries, jobsUrl }) {
    Object.assign(this, { entries, jobsUrl });
  }

  /** Try a job once more that failed or was cancelled. */
  retry(entry) {
    return this.#carryOut(entry, "POST", "/retry");
  }

  /** Cancel a job that has not ended, remove one that has. */
  delete(entry) {
    return this.#carryOut(entry, "DELETE", "");
  }

  /** While the request runs the entry is busy; why it was refused is told in its row. */
  async #carryOut(entry, method, path) {
    this.entries.update(entry, { isBusy: true, problem: "" });
    let problem = "";
    try {
      const job = await ask(method, `${this.jobsUrl}/${entry.jobId}${path}`);
      if (job) this.entries.offer(job);
      else this.entries.removeJob(entry.jobId);
    } catch (refused) {
      problem = refused.message;
      if (refused.code === "job_not_found") this.entries.removeJob(entry.jobId);
    }
    this.entries.update(entry, { isBusy: false, problem });
  }
}
