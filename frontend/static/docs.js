/** The description of the API: a button beside each command that copies it. */

import { copySnippet } from "./snippet.js";

for (const button of document.querySelectorAll(".docs-sample button")) {
  button.addEventListener("click", () => copySnippet(button));
}
