/** The HTML that shows a responsive set, to be copied. */

const SAID_MS = 4000;

/** Copy the text of the snippet that the button belongs to, and say how that went. */
export async function copySnippet(button) {
  const snippet = button.closest(".snippet");
  const code = snippet.querySelector("code");
  const isCopied = (await written(code.textContent)) || copiedBySelection(code);
  const said = snippet.querySelector(".snippet-said");
  said.textContent = isCopied ? "Copied" : "It is selected: copy it with the keyboard";
  setTimeout(() => (said.textContent = ""), SAID_MS);
}

/** The clipboard is there only for pages that came by HTTPS or from this very machine. */
async function written(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function copiedBySelection(element) {
  const selection = getSelection();
  selection.selectAllChildren(element);
  return document.execCommand("copy");
}
