/** Text on the screen. */

/** Make `element` show `text`; nothing is touched when it already does, and so nothing is laid out again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
