/** Before and after, side by side, in a dialog; the arrow keys go through the list. */

import { mediaTypeName, pictureSize } from "./figures.js";
import { Placeholder } from "./placeholder.js";
import { thumbnailOf } from "./renditions.js";

export class Viewer {
  #entry = null;

  constructor(dialog, entries) {
    this.dialog = dialog;
    this.entries = entries;
    this.choice = dialog.querySelector("#viewer-rendition");
    this.controls = {
      previous: () => this.#step(-1),
      next: () => this.#step(1),
      close: () => dialog.close(),
    };
    dialog.addEventListener("click", (event) => this.#click(event));
    dialog.addEventListener("keydown", (event) => {
      if (event.target === this.choice) return;
      if (event.key === "ArrowLeft") this.#step(-1);
      if (event.key === "ArrowRight") this.#step(1);
    });
    this.choice.addEventListener("change", () => this.#showRendition());
    for (const image of dialog.querySelectorAll(".viewer-frame img")) {
      image.addEventListener("error", () => (image.hidden = true));
      image.addEventListener("load", () => (image.hidden = false));
    }
    this.placeholder = new Placeholder(
      dialog.querySelector("#viewer-placeholder"),
      dialog.querySelector("#viewer-after"),
    );
  }

  /** Take the place of following the link, unless the person asked for a new tab or window. */
  openInsteadOf(event, entry) {
    if (!entry.job || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#show(entry, event.target.closest("[data-rendition]")?.dataset.rendition);
    this.dialog.showModal();
  }

  #click(event) {
    if (event.target === this.dialog) return this.dialog.close();
    this.controls[event.target.closest("[data-viewer]")?.dataset.viewer]?.();
  }

  /** To the next image, and the same rendition of it if it has that. */
  #step(by) {
    const next = this.#neighbour(by);
    if (next) this.#show(next, this.choice.value);
  }

  #neighbour(by) {
    const shown = [...this.entries].filter(({ job }) => job?.renditions.length);
    return shown[shown.indexOf(this.#entry) + by];
  }

  #show(entry, name) {
    this.#entry = entry;
    this.#button("previous").setAttribute("aria-disabled", String(!this.#neighbour(-1)));
    this.#button("next").setAttribute("aria-disabled", String(!this.#neighbour(1)));
    const { job } = entry;
    this.dialog.querySelector("#viewer-title").textContent = job.name;
    this.#showPicture("before", job.source);
    this.#offer(job.renditions, name);
    this.#showRendition();
  }

  /** The renditions to choose from, the one of this name chosen, or else one that is quickly there. */
  #offer(renditions, name) {
    const chosen = renditions.find((rendition) => rendition.name === name) ?? thumbnailOf(renditions);
    const options = renditions.map((rendition) => new Option(rendition.name, rendition.name));
    this.choice.replaceChildren(...options);
    this.choice.value = chosen?.name ?? "";
    this.choice.hidden = renditions.length < 2;
  }

  #showRendition() {
    const { renditions, name, placeholder } = this.#entry.job;
    const rendition = renditions.find((one) => one.name === this.choice.value);
    this.#showPicture("after", rendition);
    this.#showPlaceholder(rendition && placeholder, rendition);
    for (const link of this.dialog.querySelectorAll(".viewer-link")) {
      link.hidden = !rendition;
      link.href = rendition?.url ?? "";
      link.setAttribute("aria-label", `${link.textContent} ${rendition?.name} of ${name}`);
    }
  }

  /** No larger than the picture that it stands for. */
  #showPlaceholder(thumbHash, picture) {
    this.placeholder.showAgain(thumbHash);
    this.placeholder.canvas.style.maxWidth = `${picture?.width}px`;
    this.placeholder.canvas.style.maxHeight = `${picture?.height}px`;
  }

  #button(name) {
    return this.dialog.querySelector(`[data-viewer=${name}]`);
  }

  #showPicture(which, picture) {
    const image = this.dialog.querySelector(`#viewer-${which}`);
    // Without it, the picture of the last one stays until the new one has come.
    image.removeAttribute("src");
    if (picture?.url) image.src = picture.url;
    const kind = picture?.media_type ? mediaTypeName(picture.media_type) : "picture of its kind";
    this.dialog.querySelector(`#viewer-${which}-missing`).textContent = `The browser does not show this ${kind}.`;
    this.dialog.querySelector(`#viewer-${which}-size`).textContent = picture
      ? [pictureSize(picture), picture.media_type && mediaTypeName(picture.media_type)].filter(Boolean).join(" · ")
      : "";
  }
}
