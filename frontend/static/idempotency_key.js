/** A new random key, so that the server knows an upload again: sent twice, it makes one job. */
export function newKey() {
  // Not randomUUID(), which there is only on pages that come over HTTPS or from localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
