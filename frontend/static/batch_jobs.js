/** The jobs of a batch as they are now, out of what the live connection tells. */

import { secondsToGo } from "./job_feed.js";

export class BatchJobs {
  #jobs = new Map();

  /** Take a message of any type; the jobs that it has changed, those that are no more with the status `removed`. */
  take(message) {
    if (message.type === "snapshot") return this.#replaceAll(message.jobs);
    if (message.type === "job") return [this.#replace(message.job)];
    if (message.type === "positions") return this.#move(message);
    return [];
  }

  #replaceAll(jobs) {
    const there = new Set(jobs.map(({ id }) => id));
    const gone = [...this.#jobs.values()].filter(({ id }) => !there.has(id));
    return [...gone.map((job) => ({ ...job, status: "removed" })), ...jobs].map((job) => this.#replace(job));
  }

  #replace(job) {
    if (job.status === "removed") this.#jobs.delete(job.id);
    else this.#jobs.set(job.id, job);
    return job;
  }

  #move({ lane, positions, forecast }) {
    const moved = Object.entries(positions).filter(([id]) => this.#jobs.get(id)?.status === "queued");
    return moved.map(([id, position]) =>
      this.#replace({ ...this.#jobs.get(id), lane, position, seconds_to_go: secondsToGo(position, forecast) }),
    );
  }
}
