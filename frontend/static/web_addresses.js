/** Images that the server fetches: each address stands for a file until it is a job. */

export class WebAddresses {
  /** Takes the field, which is on the page only where the server fetches. */
  constructor(field) {
    this.field = field;
  }

  /** What has been written into the field, which is empty then: for each address {name, type, size, url}. */
  take() {
    if (!this.field) return [];
    const addresses = this.field.value.split(/\s+/).filter(Boolean);
    this.field.value = "";
    return addresses.map((url) => ({ name: nameOf(url), type: "", size: 0, url }));
  }
}

/** The last part of the path, or all of it that there is. The server may call it otherwise. */
function nameOf(url) {
  const part = url.replace(/[?#].*/, "").split("/").pop();
  try {
    return decodeURIComponent(part) || url;
  } catch {
    return part;
  }
}
