/** Numbers as people read them. templates/_figures.html says the same things on the server: change both. */

const MEDIA_TYPES = {
  "image/jpeg": "JPEG",
  "image/png": "PNG",
  "image/webp": "WebP",
  "image/avif": "AVIF",
  "image/gif": "GIF",
  "image/tiff": "TIFF",
  "image/bmp": "BMP",
  "image/heic": "HEIC",
  "image/jxl": "JPEG XL",
};

/** A number of bytes, in powers of 1000: "14 KB", "2.1 MB", "20 MB". */
export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} KB`;
  if (bytes < 999_950_000) return `${oneDecimal(bytes / 1e6)} MB`;
  return `${oneDecimal(bytes / 1e9)} GB`;
}

/** "1st", "2nd", "11th". */
export function ordinal(number) {
  const teen = number % 100 >= 11 && number % 100 <= 13;
  return number + ((!teen && { 1: "st", 2: "nd", 3: "rd" }[number % 10]) || "th");
}

/** A duration in milliseconds: "42 ms", "1.4 s", "12 s", "3 min". */
export function duration(milliseconds) {
  if (milliseconds < 999.5) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 119.5) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60)} min`;
}

/** A time that is a guess, in seconds: "about 1 s", "about 40 s", "about 3 min". */
export function about(seconds) {
  return seconds < 119.5 ? `about ${Math.max(1, Math.round(seconds))} s` : `about ${Math.round(seconds / 60)} min`;
}

/** "1 image", "3 images". */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Pixels and bytes of a picture, as far as they are known: "4032 × 3024 · 2.1 MB". */
export function pictureSize({ width, height, bytes }) {
  const pixels = width && height ? [`${width} × ${height}`] : [];
  const size = Number.isFinite(bytes) ? [fileSize(bytes)] : [];
  return [...pixels, ...size].join(" · ");
}

/** What people call a media type; the media type itself when it has no better name. */
export function mediaTypeName(mediaType) {
  return MEDIA_TYPES[mediaType] ?? mediaType;
}

function oneDecimal(number) {
  return number.toFixed(1).replace(".0", "");
}
