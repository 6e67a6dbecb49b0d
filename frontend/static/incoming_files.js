/** The ways files come into the page: chosen, dropped anywhere, pasted. */

import { droppedFiles } from "./dropped_files.js";

/** Call `onFiles(list)` for the files of every way there is. */
export function watchForFiles({ input, veil, onFiles }) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    // So that the same file can be chosen again, and nothing is sent twice.
    input.value = "";
    onFiles(files);
  });
  document.addEventListener("paste", (event) => onFiles(pastedFiles(event.clipboardData)));
  const accepted = input.accept.split(",");
  watchForDrops(veil, async (transfer) => onFiles(await droppedFiles(transfer, (file) => isImage(file, accepted))));
}

/** By its type, or by its suffix: browsers know no type for the rarer kinds. */
function isImage({ type, name }, accepted) {
  return type.startsWith("image/") || accepted.includes(name.slice(name.lastIndexOf(".")).toLowerCase());
}

function watchForDrops(veil, onDrop) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    // Only the way out of the window has nowhere to go to.
    if (event.relatedTarget === null) veil.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    veil.hidden = true;
    onDrop(event.dataTransfer);
  });
}

/** Images on the clipboard all have the same name; the time tells them apart. */
function pastedFiles(clipboard) {
  const images = [...(clipboard?.files ?? [])].filter(({ type }) => type.startsWith("image/"));
  const time = new Date().toTimeString().slice(0, 8).replaceAll(":", ".");
  return images.map((image) => {
    if (image.name !== "image.png") return image;
    return new File([image], `Pasted at ${time}.png`, { type: image.type });
  });
}
