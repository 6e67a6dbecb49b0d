/**
 * The lines of the list, in order. An entry begins as a file chosen here, or as a job that the server tells
 * of; a file becomes a job when the server has accepted it. Everything on the page is painted from entries.
 */

const ENDED = new Set(["done", "failed", "cancelled"]);
// An attempt is begun before it has to be repeated.
const RANK = { queued: 0, processing: 1, retrying: 2, done: 3, failed: 3, cancelled: 3 };

/**
 * One line. `phase` is ready, waiting, uploading or failed, and counts only while there is no `job`. While
 * something is asked about the job it `isBusy`; `problem` says why the last such request came to nothing.
 */
export class Entry {
  phase = "ready";
  sentBytes = 0;
  note = "";
  canRetry = false;
  options = [];
  job = null;
  isBusy = false;
  problem = "";

  constructor({ file = null, jobId = null, phase = "ready" }) {
    this.file = file;
    this.jobId = jobId;
    this.phase = phase;
  }

  get status() {
    return this.job?.status ?? this.phase;
  }

  get hasEnded() {
    return ENDED.has(this.status);
  }

  get canRetryJob() {
    return this.job !== null && (this.status === "failed" || this.status === "cancelled");
  }

  get name() {
    return this.job?.name ?? this.file?.name;
  }
}

/** Whether `other` is of a later moment of the same job: done is done, then the attempt counts, then the state. */
function isLater(other, job) {
  if ((other.status === "done") !== (job.status === "done")) return other.status === "done";
  if (other.attempt !== job.attempt) return other.attempt > job.attempt;
  return RANK[other.status] > RANK[job.status];
}

/** All entries. `onChange(entry)` is called after each change, also after `remove`. */
export class Entries {
  #all = new Set();
  #byJobId = new Map();

  constructor(onChange) {
    this.changed = onChange;
  }

  [Symbol.iterator]() {
    return this.#all.values();
  }

  has(entry) {
    return this.#all.has(entry);
  }

  hasJob(jobId) {
    return this.#byJobId.has(jobId);
  }

  /** A new entry at the end for a file that was chosen here. */
  addFile(file) {
    return this.#add(new Entry({ file }));
  }

  /** An entry for a row that the server has rendered; its job comes with the first snapshot. */
  addRendered(jobId, status) {
    return this.#add(new Entry({ jobId, phase: status }));
  }

  /** Take what the live connection says of a job: it is always the newest news. */
  replace(job) {
    if (job.status === "removed") return this.removeJob(job.id);
    const entry = this.#byJobId.get(job.id) ?? this.#add(new Entry({ jobId: job.id }));
    if (entry.status !== job.status) entry.problem = "";
    entry.job = job;
    this.changed(entry);
  }

  /** Take what a request was answered about a job, unless later news of it has come first. */
  offer(job) {
    const entry = this.#byJobId.get(job.id);
    if (entry && !(entry.job && isLater(entry.job, job))) this.replace(job);
  }

  /** The ids of all jobs that have a line. */
  get jobIds() {
    return [...this.#byJobId.keys()];
  }

  /** The job is no more. */
  removeJob(jobId) {
    const entry = this.#byJobId.get(jobId);
    if (entry) this.remove(entry);
  }

  /** The upload of `entry` has become `job`. News of it may have come first, and may have a line already. */
  accept(entry, job) {
    const known = this.#byJobId.get(job.id);
    const isNews = known?.job && isLater(known.job, job);
    if (known && known !== entry) this.remove(known);
    entry.job = isNews ? known.job : job;
    entry.jobId = job.id;
    this.#byJobId.set(job.id, entry);
    this.changed(entry);
  }

  /** The job's place in a lane of the queue, which only a waiting job has. */
  setPosition(jobId, place) {
    const entry = this.#byJobId.get(jobId);
    if (entry?.job?.status !== "queued" || entry.job.position === place.position) return;
    entry.job = { ...entry.job, ...place };
    this.changed(entry);
  }

  /** Change fields of an entry. */
  update(entry, fields) {
    Object.assign(entry, fields);
    this.changed(entry);
  }

  remove(entry) {
    this.#all.delete(entry);
    if (this.#byJobId.get(entry.jobId) === entry) this.#byJobId.delete(entry.jobId);
    this.changed(entry);
  }

  #add(entry) {
    this.#all.add(entry);
    if (entry.jobId) this.#byJobId.set(entry.jobId, entry);
    this.changed(entry);
    return entry;
  }
}
