/** A blurred picture, drawn at once, in the place of one that is still on its way. */

import { pixelsOf } from "./thumbhash.js";

export class Placeholder {
  #shown = null;

  /** The canvas is drawn on until the image has loaded; then it is hidden for good. */
  constructor(canvas, image) {
    this.canvas = canvas;
    this.image = image;
    image.addEventListener("load", () => (canvas.hidden = true));
  }

  /** Show what this ThumbHash (Base64) looks like, if there is one and the image has not come before. */
  show(thumbHash) {
    if (!thumbHash || this.#shown === thumbHash) return;
    this.#shown = thumbHash;
    this.#draw(thumbHash);
    this.canvas.hidden = this.image.complete && this.image.naturalWidth > 0;
  }

  #draw(thumbHash) {
    const { width, height, rgba } = pixelsOf(Uint8Array.from(atob(thumbHash), (char) => char.charCodeAt(0)));
    this.canvas.width = width;
    this.canvas.height = height;
    this.canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  }
}
