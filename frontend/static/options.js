/** What to make of the images: the fields of the form that are options, remembered from visit to visit. */

import { FieldErrors } from "./field_errors.js";
import { recall, remember } from "./option_memory.js";
import { phrase } from "./option_words.js";
import { setText } from "./text.js";

export class Options {
  /** Takes the form; its options are those of its named fields that are inside `#options`. */
  constructor(form) {
    this.set = form.querySelector("#options");
    this.own = form.querySelector("#own-options");
    this.ownFields = form.querySelector("#own-fields");
    this.phrase = form.querySelector("#own-phrase");
    this.background = form.querySelector("#option-background");
    this.picker = form.querySelector("#background-picker");
    this.errors = new FieldErrors(this.set);
    this.picker.addEventListener("input", () => (this.background.value = this.picker.value));
    this.set.addEventListener("input", () => this.#changed());
    // The fields are reset after the event.
    form.addEventListener("reset", () => setTimeout(() => this.#changed()));
    recall(this.set);
    this.#follow();
  }

  /** Pairs of name and text, as a plain form sends them, but for those that are empty and so the default. */
  get fields() {
    const named = [...this.set.elements].filter((field) => field.name && isSent(field));
    return named.map(({ name, value }) => [name, value.trim()]);
  }

  /** Whether the browser sees nothing wrong; otherwise the first wrong field says what, and has the focus. */
  check() {
    const wrong = [...this.set.elements].find((field) => field.willValidate && !field.validity.valid);
    if (wrong) this.showProblem({ field: wrong.name, detail: wrong.validationMessage });
    return !wrong;
  }

  /** Say what the server does not take, at the field if it is one of these. */
  showProblem({ field, detail }) {
    this.errors.show(field, detail);
  }

  #changed() {
    this.errors.clear();
    this.#follow();
    remember(this.set);
  }

  /** A preset leaves nothing to choose, and a format not everything. */
  #follow() {
    const preset = this.set.querySelector("[name=preset]").selectedOptions[0];
    this.ownFields.disabled = preset.value !== "";
    const format = this.set.querySelector("[name=format]").value || "auto";
    for (const field of this.set.querySelectorAll("[data-formats]")) {
      field.disabled = !field.dataset.formats.split(" ").includes(format);
    }
    this.own.hidden = this.ownFields.disabled;
    this.#showDefaults();
    setText(this.phrase, phrase(Object.fromEntries(this.fields)));
  }

  /** What an empty field means depends on the others. */
  #showDefaults() {
    const width = this.set.querySelector("[name=width]");
    const height = this.set.querySelector("[name=height]");
    width.placeholder = height.value ? "any" : "300";
    height.placeholder = width.value ? "any" : "300";
    this.picker.value = /^#[0-9a-f]{6}$/i.test(this.background.value) ? this.background.value : "#ffffff";
  }
}

function isSent(field) {
  if (field.matches(":disabled") || field.value.trim() === "") return false;
  return !field.matches("[type=checkbox], [type=radio]") || field.checked;
}
