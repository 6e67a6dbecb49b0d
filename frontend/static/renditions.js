/** The renditions of a job in its row, each as soon as it is there. */

import { count, fileSize, pictureSize } from "./figures.js";
import { Placeholder } from "./placeholder.js";
import { setText } from "./text.js";

const template = document.querySelector("#rendition-template");
// The thumbnail is 56 wide, and twice that on a fine screen.
const ENOUGH_WIDTH = 112;

export class Renditions {
  constructor(row) {
    this.row = row;
    this.list = row.querySelector(".job-renditions");
    this.open = row.querySelector(".job-open");
    this.thumbnail = row.querySelector(".job-thumbnail");
    this.after = row.querySelector(".job-after");
    this.placeholder = new Placeholder(row.querySelector(".job-placeholder"), this.thumbnail);
  }

  paint(job) {
    const renditions = job.status === "failed" ? [] : job.renditions;
    this.row.dataset.renditions = (job.rendition_count ?? 1) > 1 ? "many" : "one";
    // It is known when the job is done, and the last rendition is there before that.
    this.placeholder.show(job.placeholder);
    if (!this.#paintItems(renditions, job.name)) return;
    this.#paintThumbnail(thumbnailOf(renditions), job.name);
    setText(this.after, renditions.length ? `→ ${total(renditions, job)}` : "");
  }

  /** Whether anything has changed. What is there stays as it is: someone may have the focus on it. */
  #paintItems(renditions, jobName) {
    const shown = [...this.list.children].map((item) => item.firstElementChild.getAttribute("href"));
    const isSame = shown.every((url, index) => url === renditions[index]?.url);
    if (isSame && shown.length === renditions.length) return false;
    const fresh = renditions.slice(isSame ? shown.length : 0).map((rendition) => newItem(rendition, jobName));
    if (isSame) this.list.append(...fresh);
    else this.list.replaceChildren(...fresh);
    return true;
  }

  #paintThumbnail(rendition, jobName) {
    this.open.hidden = !rendition;
    if (!rendition) return;
    const { url, width, height } = rendition;
    this.open.href = url;
    this.open.setAttribute("aria-label", `Look at ${jobName}, ${width} × ${height}`);
    if (this.thumbnail.getAttribute("src") !== url) this.thumbnail.src = url;
  }
}

/** The one that stands for the image: the smallest that is wide enough, else the widest; undefined of none. */
export function thumbnailOf(renditions) {
  const bySize = [...renditions].sort((one, other) => one.width - other.width || one.bytes - other.bytes);
  return bySize.find(({ width }) => width >= ENOUGH_WIDTH) ?? bySize.at(-1);
}

function total(renditions, job) {
  if ((job.rendition_count ?? 1) === 1) return pictureSize(renditions[0]);
  const bytes = renditions.reduce((sum, rendition) => sum + rendition.bytes, 0);
  return `${count(renditions.length, "file")} · ${fileSize(bytes)}`;
}

function newItem(rendition, jobName) {
  const item = template.content.firstElementChild.cloneNode(true);
  const [open, download] = item.querySelectorAll("a");
  const { name, url } = rendition;
  open.querySelector(".rendition-name").textContent = name;
  open.querySelector(".rendition-size").textContent = pictureSize(rendition);
  open.setAttribute("aria-label", `Look at ${name} of ${jobName}, ${pictureSize(rendition)}`);
  open.dataset.rendition = name;
  download.setAttribute("aria-label", `Download ${name} of ${jobName}`);
  open.href = download.href = url;
  return item;
}
