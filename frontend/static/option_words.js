/** What a set of options makes, in a few words. Pure. templates/_options.html says the default. */

const FITS = {
  cover: "cropped to fill",
  contain: "with space around",
  fill: "stretched",
  inside: "as large as fits",
  outside: "as small as covers",
};
const FORMATS = { jpeg: "JPEG", png: "PNG", webp: "WebP", avif: "AVIF", gif: "GIF" };

/** "300 × 300, cropped to fill", "640 wide, WebP, quality 60". The options are those that are not the default. */
export function phrase({ width, height, fit = "cover", format, quality, lossless }) {
  const words = [size(width, height), !width === !height ? FITS[fit] ?? fit : "", FORMATS[format] ?? format];
  if (lossless) words.push("lossless");
  else if (quality) words.push(`quality ${quality}`);
  return words.filter(Boolean).join(", ");
}

function size(width, height) {
  if (width && height) return `${width} × ${height}`;
  if (width) return `${width} wide`;
  if (height) return `${height} high`;
  return "300 × 300";
}
