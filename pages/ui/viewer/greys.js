// Window and level: a table from each of the 65,536 int16 values to a grey pixel.

const OPAQUE = 0xff000000;

/**
 * Fill `table` (Uint32Array of 65,536) for a window. It is indexed by the value's bits read as unsigned, so that a
 * slice is painted by one look-up a voxel. The rule is the server's: level − width/2 is black, level + width/2 white.
 */
export function fillGreys(table, level, width) {
  const low = level - width / 2;
  const scale = 255 / width;
  for (let bits = 0; bits < 65536; bits++) {
    const value = bits < 32768 ? bits : bits - 65536;
    const grey = Math.min(255, Math.max(0, Math.round((value - low) * scale)));
    table[bits] = (OPAQUE | (grey << 16) | (grey << 8) | grey) >>> 0;
  }
  return table;
}

/** Return `#rrggbb` as a pixel of a canvas (bytes red, green, blue, alpha) with an alpha from 0 to 1. */
export function pixel(colour, alpha = 1) {
  const [red, green, blue] = rgb(colour);
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Return red, green and blue of `#rrggbb`. */
export function rgb(colour) {
  const number = parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}
