/** The form: what is ready to be sent, and the buttons that send it or forget it. */

import { count, fileSize } from "./figures.js";
import { setText } from "./text.js";

export class UploadForm {
  /** The functions are called when the ready files shall be sent or forgotten, or the lost ones sent again. */
  constructor(form, { onStart, onClear, onRetry }) {
    this.retry = form.querySelector("#retry-button");
    this.clear = form.querySelector("#clear-button");
    this.note = form.querySelector("#upload-note");
    form.noValidate = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      onStart();
    });
    this.clear.addEventListener("click", onClear);
    this.retry.addEventListener("click", onRetry);
    this.paint([]);
  }

  paint(entries) {
    const ready = [...entries].filter(({ status }) => status === "ready");
    const bytes = ready.reduce((sum, { file }) => sum + file.size, 0);
    this.clear.hidden = ready.length === 0;
    this.retry.hidden = [...entries].filter(({ canRetry }) => canRetry).length < 2;
    setText(this.note, ready.length ? `${count(ready.length, "image")} ready, ${fileSize(bytes)}` : "");
  }
}
