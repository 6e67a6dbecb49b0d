/** What the live connection says of jobs, brought into the list. */

export class JobFeed {
  #entries;
  #uploads;
  #held = new Map();

  constructor(entries, uploads) {
    this.#entries = entries;
    this.#uploads = uploads;
  }

  /** Take a message of any type; those that are not about jobs change nothing. */
  take(message) {
    if (message.type === "snapshot") message.jobs.forEach((job) => this.#takeJob(job));
    if (message.type === "job") this.#takeJob(message.job);
    if (message.type === "positions") {
      for (const [jobId, position] of Object.entries(message.positions)) {
        this.#entries.setPosition(jobId, position);
      }
    }
  }

  /**
   * News of a job can come before the answer to the upload that made it. A job nobody knows is held back
   * while an upload of its size is under way, so that a file never has two lines.
   */
  #takeJob(job) {
    const isHeld = this.#held.has(job.id);
    const likely = isHeld ? [] : this.#likelyUploads(job);
    if (!isHeld && likely.length === 0) return this.#entries.replace(job);
    this.#held.set(job.id, job);
    if (!isHeld) Promise.allSettled(likely).then(() => this.#release(job.id));
  }

  #likelyUploads(job) {
    return this.#entries.hasJob(job.id) ? [] : this.#uploads.underWay(job.source?.bytes);
  }

  #release(jobId) {
    this.#entries.replace(this.#held.get(jobId));
    this.#held.delete(jobId);
  }
}
