/** What the live connection says of jobs, brought into the list. */

export class JobFeed {
  #entries;
  #uploads;
  #held = new Map();

  constructor(entries, uploads) {
    this.#entries = entries;
    this.#uploads = uploads;
  }

  /**
   * Take a message of any type; those that are not about jobs change nothing. `knownBefore` are the ids that
   * had a line when the server was asked for a snapshot: what is not in it of these is no more.
   */
  take(message, knownBefore) {
    if (message.type === "snapshot") this.#takeAll(message.jobs, knownBefore);
    if (message.type === "job") this.#takeJob(message.job);
    if (message.type === "positions") {
      for (const [jobId, position] of Object.entries(message.positions)) {
        const seconds = secondsToGo(position, message.forecast);
        this.#entries.setPosition(jobId, { lane: message.lane, position, seconds_to_go: seconds });
      }
    }
  }

  #takeAll(jobs, knownBefore) {
    const there = new Set(jobs.map(({ id }) => id));
    for (const jobId of knownBefore) {
      if (!there.has(jobId)) this.#entries.removeJob(jobId);
    }
    jobs.forEach((job) => this.#takeJob(job));
  }

  /**
   * News of a job can come before the answer to the upload that made it. A job nobody knows is held back
   * while an upload is under way that may have made it, so that a file never has two lines.
   */
  #takeJob(job) {
    const isHeld = this.#held.has(job.id);
    const likely = isHeld ? [] : this.#likelyUploads(job);
    if (!isHeld && likely.length === 0) return this.#entries.replace(job);
    this.#held.set(job.id, job);
    if (!isHeld) Promise.allSettled(likely).then(() => this.#release(job.id));
  }

  /** The first news may not say how large the image is: then it may be any. */
  #likelyUploads(job) {
    return this.#entries.hasJob(job.id) ? [] : this.#uploads.underWay(job.source?.bytes ?? null);
  }

  #release(jobId) {
    this.#entries.replace(this.#held.get(jobId));
    this.#held.delete(jobId);
  }
}

/** About when the job at a place of the queue will have ended: see docs/http_api.md. */
export function secondsToGo(place, forecast) {
  return forecast && forecast.own_s + forecast.each_s * Math.max(0, place - forecast.ahead);
}
