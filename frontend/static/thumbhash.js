/**
 * A ThumbHash as pixels. The format is that of https://github.com/evanw/thumbhash (Evan Wallace, MIT):
 * a picture as a few cosine waves of luminance, of two differences of colours, and maybe of alpha.
 */

const EDGE = 32;
const WAVES_OF_COLOUR = 3;
const WAVES_OF_ALPHA = 5;
// Colours lose strength when their waves are rounded to 16 steps.
const SATURATION = 1.25;

/** The bytes of a hash as a picture of at most 32 × 32: `{width, height, rgba}`. */
export function pixelsOf(hash) {
  const head = headOf(hash);
  const heights = heightsOf(hash.subarray(head.hasAlpha ? 6 : 5));
  const light = channel(heights, head.nx, head.ny, head.light);
  const yellow = channel(heights, WAVES_OF_COLOUR, WAVES_OF_COLOUR, head.yellow);
  const red = channel(heights, WAVES_OF_COLOUR, WAVES_OF_COLOUR, head.red);
  const alpha = head.hasAlpha ? channel(heights, WAVES_OF_ALPHA, WAVES_OF_ALPHA, head.alpha) : () => 1;
  const [width, height] = sizeOf(head.ratio);
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, place = 0; y < height; y++) {
    for (let x = 0; x < width; x++, place += 4) {
      const [u, v] = [(x + 0.5) / width, (y + 0.5) / height];
      rgba.set(colour(light(u, v), yellow(u, v), red(u, v), alpha(u, v)), place);
    }
  }
  return { width, height, rgba };
}

function headOf(hash) {
  const first = hash[0] | (hash[1] << 8) | (hash[2] << 16);
  const second = hash[3] | (hash[4] << 8);
  const hasAlpha = first >> 23 === 1;
  const [longer, shorter] = [hasAlpha ? 5 : 7, second & 7];
  const [nx, ny] = second >> 15 ? [longer, shorter] : [shorter, longer];
  return {
    hasAlpha,
    ratio: nx / ny,
    nx: Math.max(3, nx),
    ny: Math.max(3, ny),
    light: { mean: (first & 63) / 63, scale: ((first >> 18) & 31) / 31 },
    yellow: { mean: ((first >> 6) & 63) / 31.5 - 1, scale: (SATURATION * ((second >> 3) & 63)) / 63 },
    red: { mean: ((first >> 12) & 63) / 31.5 - 1, scale: (SATURATION * ((second >> 9) & 63)) / 63 },
    alpha: { mean: (hash[5] & 15) / 15, scale: (hash[5] >> 4) / 15 },
  };
}

/** The heights of all waves, from -1 to 1, two in a byte: the lower half first. */
function* heightsOf(bytes) {
  for (const byte of bytes) {
    yield (byte & 15) / 7.5 - 1;
    yield (byte >> 4) / 7.5 - 1;
  }
}

/** The value of a channel at a place from 0,0 to 1,1, from the next of the heights. */
function channel(heights, nx, ny, { mean, scale }) {
  const waves = [];
  for (let cy = 0; cy < ny; cy++) {
    for (let cx = cy ? 0 : 1; cx * ny < nx * (ny - cy); cx++) {
      waves.push([cx, cy, 2 * scale * (heights.next().value ?? 0)]);
    }
  }
  return (u, v) =>
    waves.reduce((sum, [cx, cy, height]) => {
      return sum + height * (cx ? Math.cos(Math.PI * cx * u) : 1) * (cy ? Math.cos(Math.PI * cy * v) : 1);
    }, mean);
}

function sizeOf(ratio) {
  return ratio > 1 ? [EDGE, Math.round(EDGE / ratio)] : [Math.round(EDGE * ratio), EDGE];
}

function colour(light, yellow, red, alpha) {
  const blue = light - (2 / 3) * yellow;
  const redPart = (3 * light - blue + red) / 2;
  return [255 * redPart, 255 * (redPart - red), 255 * blue, 255 * alpha];
}
