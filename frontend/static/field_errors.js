/** What is wrong with a field, said beside it; or below all of them when it is none of these. */

export class FieldErrors {
  /** Each field of the set is inside a `data-field` of its name, with a `.field-error` that describes it. */
  constructor(set) {
    this.set = set;
    this.general = set.querySelector("#options-error");
  }

  /** Show this one alone, and go there. */
  show(name, detail) {
    this.clear();
    const place = this.set.querySelector(`[data-field="${CSS.escape(name)}"]`);
    const control = place && controlOf(place);
    if (!control) return say(this.general, detail);
    say(place.querySelector(".field-error"), detail);
    place.querySelectorAll("[name]").forEach((field) => field.setAttribute("aria-invalid", "true"));
    const hiding = place.closest("details");
    if (hiding) hiding.open = true;
    control.focus();
  }

  clear() {
    this.set.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
    this.set.querySelectorAll(".field-error").forEach((error) => (error.hidden = true));
  }
}

/** The field that can take the focus: of a group the chosen one. */
function controlOf(place) {
  return place.querySelector("[name]:checked:enabled") ?? place.querySelector("[name]:enabled");
}

function say(error, detail) {
  error.textContent = detail;
  error.hidden = false;
}
