/** Ids of batches: UUIDs of version 7 (RFC 9562, 5.7), whose first 48 bits are milliseconds since 1970. */

/** A new one, into which images can be put for a day. */
export function newBatchId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const milliseconds = Date.now().toString(16).padStart(12, "0");
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const random = Array.from(bytes.subarray(6), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${milliseconds}${random}`.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
