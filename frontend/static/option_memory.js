/** The options of the last visit. A browser may refuse to keep anything; then there are none. */

const KEY = "options";

/** Keep what the fields of the set are set to. */
export function remember(set) {
  const kept = {};
  for (const field of fieldsOf(set)) {
    if (isTicked(field)) kept[field.name] = field.value;
  }
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    /* nothing is remembered */
  }
}

/** Set the fields as they were; a choice that is no longer offered stays at its default. */
export function recall(set) {
  const kept = stored();
  for (const field of fieldsOf(set)) {
    const value = kept[field.name];
    if (typeof value !== "string") continue;
    if (field.matches("[type=checkbox], [type=radio]")) field.checked = field.value === value;
    else if (field.tagName !== "SELECT" || offers(field, value)) field.value = value;
  }
}

function fieldsOf(set) {
  return [...set.elements].filter((field) => field.name);
}

function isTicked(field) {
  return !field.matches("[type=checkbox], [type=radio]") || field.checked;
}

function offers(select, value) {
  return [...select.options].some((option) => option.value === value);
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
