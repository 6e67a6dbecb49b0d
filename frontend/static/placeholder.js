/** A blurred picture, drawn at once, in the place of one that is still on its way. */

import { pixelsOf } from "./thumbhash.js";

export class Placeholder {
  #drawn = null;

  /** The canvas is seen until the image has loaded, or cannot be. */
  constructor(canvas, image) {
    this.canvas = canvas;
    this.image = image;
    for (const type of ["load", "error"]) image.addEventListener(type, () => (canvas.hidden = true));
  }

  /** Show what this ThumbHash (Base64) looks like, if there is one and it has not been shown before. */
  show(thumbHash) {
    if (thumbHash && this.#drawn !== thumbHash) this.showAgain(thumbHash);
  }

  /** Show it, if there is one and the image has not come yet; for another image in the same place. */
  showAgain(thumbHash) {
    if (thumbHash && this.#drawn !== thumbHash) this.#draw(thumbHash);
    this.canvas.hidden = !thumbHash || (this.image.complete && this.image.naturalWidth > 0);
  }

  #draw(thumbHash) {
    this.#drawn = thumbHash;
    const { width, height, rgba } = pixelsOf(Uint8Array.from(atob(thumbHash), (char) => char.charCodeAt(0)));
    this.canvas.width = width;
    this.canvas.height = height;
    this.canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  }
}
