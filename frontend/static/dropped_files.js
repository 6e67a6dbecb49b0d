/** What was dropped, with the images inside dropped folders. */

/** All files of a drop. Of a folder only those that `isImage`: it may hold anything else beside them. */
export async function droppedFiles(transfer, isImage) {
  // The list is emptied as soon as this function waits, so everything is taken out of it first.
  const dropped = [...transfer.items]
    .filter(({ kind }) => kind === "file")
    .map((item) => ({ folder: folderOf(item), file: item.getAsFile() }));
  const lists = await Promise.all(
    dropped.map(({ folder, file }) => (folder ? imagesIn(folder, isImage) : [file].filter(Boolean))),
  );
  return lists.flat();
}

function folderOf(item) {
  const entry = item.webkitGetAsEntry?.();
  return entry?.isDirectory ? entry : null;
}

async function imagesIn(folder, isImage) {
  const entries = await allEntries(folder.createReader());
  const lists = await Promise.all(
    entries.map((entry) => (entry.isDirectory ? imagesIn(entry, isImage) : fileOf(entry))),
  );
  return lists.flat().filter(isImage);
}

/** A reader gives at most a hundred entries at a time, and none when it has given all. */
async function allEntries(reader) {
  const all = [];
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** The file in a list, or an empty list for one that cannot be read. */
function fileOf(entry) {
  return new Promise((resolve) => entry.file((file) => resolve([file]), () => resolve([])));
}
