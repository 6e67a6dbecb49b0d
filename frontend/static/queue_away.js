/** The banner that tells when the queue cannot be reached, and what that means for what one sends. */

import { setText } from "./text.js";

export class QueueAway {
  /** The server may have written the text already, which is in `data-text`. */
  constructor(element) {
    this.element = element;
    this.isAway = element.textContent !== "";
  }

  /** Take what is said of the broker ("up" or "down"); whether that is another thing than before. */
  take(broker) {
    const isAway = broker === "down";
    if (isAway === this.isAway) return false;
    this.isAway = isAway;
    setText(this.element, isAway ? this.element.dataset.text : "");
    return true;
  }
}
