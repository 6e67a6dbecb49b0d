/** Before and after, side by side, in a dialog; the arrow keys go through the list. */

import { pictureSize } from "./figures.js";

export class Viewer {
  #entry = null;

  constructor(dialog, entries) {
    this.dialog = dialog;
    this.entries = entries;
    this.controls = {
      previous: () => this.#step(-1),
      next: () => this.#step(1),
      close: () => dialog.close(),
    };
    dialog.addEventListener("click", (event) => this.#click(event));
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.#step(-1);
      if (event.key === "ArrowRight") this.#step(1);
    });
  }

  /** Take the place of following the link, unless the person asked for a new tab or window. */
  openInsteadOf(event, entry) {
    if (!entry.job || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#show(entry);
    this.dialog.showModal();
  }

  #click(event) {
    if (event.target === this.dialog) return this.dialog.close();
    this.controls[event.target.closest("[data-viewer]")?.dataset.viewer]?.();
  }

  #step(by) {
    const next = this.#neighbour(by);
    if (next) this.#show(next);
  }

  #neighbour(by) {
    const finished = [...this.entries].filter(({ job }) => job?.status === "done" && job.renditions.length);
    return finished[finished.indexOf(this.#entry) + by];
  }

  #show(entry) {
    this.#entry = entry;
    this.#button("previous").setAttribute("aria-disabled", String(!this.#neighbour(-1)));
    this.#button("next").setAttribute("aria-disabled", String(!this.#neighbour(1)));
    const { name, source, renditions } = entry.job;
    this.dialog.querySelector("#viewer-title").textContent = name;
    this.#showPicture("before", source);
    this.#showPicture("after", renditions[0]);
  }

  #button(name) {
    return this.dialog.querySelector(`[data-viewer=${name}]`);
  }

  #showPicture(which, picture) {
    const image = this.dialog.querySelector(`#viewer-${which}`);
    // Without it, the picture of the last one stays until the new one has come.
    image.removeAttribute("src");
    if (picture?.url) image.src = picture.url;
    this.dialog.querySelector(`#viewer-${which}-size`).textContent = picture ? pictureSize(picture) : "";
  }
}
