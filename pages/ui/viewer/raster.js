// Pictures at the resolution of the voxels: grey values, coloured masks and the outlines between voxels.

export class Raster {
  constructor(cols, rows, alpha) {
    this.cols = cols;
    this.rows = rows;
    this.canvas = document.createElement("canvas");
    this.canvas.width = cols;
    this.canvas.height = rows;
    this.context = this.canvas.getContext("2d", { alpha });
    this.image = this.context.createImageData(cols, rows);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** Paint values (an array of bits 0–65,535 or ids) by a table of pixels. */
  paint(values, table) {
    const { pixels } = this;
    for (let i = 0; i < pixels.length; i++) pixels[i] = table[values[i]];
    this.context.putImageData(this.image, 0, 0);
  }
}

/**
 * Return where the outlines of the ids run: a Map from id to a flat list of lines x0, y0, x1, y1 along the edges
 * between voxels (voxel centres are whole numbers). Runs are joined, so a lesion has tens of lines, not thousands.
 */
export function outlines(ids, cols, rows) {
  const found = new Map();
  const frame = extent(ids, cols, rows);
  if (!frame) return found;
  const add = (id, x0, y0, x1, y1) => {
    let lines = found.get(id);
    if (!lines) found.set(id, (lines = []));
    lines.push(x0 - 0.5, y0 - 0.5, x1 - 0.5, y1 - 0.5);
  };
  acrossEdges(ids, cols, rows, frame, add);
  downEdges(ids, cols, rows, frame, add);
  return found;
}

/** Lines between a row and the next: one for the id above where it ends, one for the id below where it begins. */
function acrossEdges(ids, cols, rows, { x0, y0, x1, y1 }, add) {
  for (let y = y0; y <= y1; y++) {
    let above = 0;
    let below = 0;
    let from = x0;
    for (let x = x0; x <= x1; x++) {
      const a = x < x1 && y > 0 ? ids[(y - 1) * cols + x] : 0;
      const b = x < x1 && y < rows ? ids[y * cols + x] : 0;
      const one = a === b ? 0 : a;
      const other = a === b ? 0 : b;
      if (one === above && other === below) continue;
      if (above) add(above, from, y, x, y);
      if (below) add(below, from, y, x, y);
      above = one;
      below = other;
      from = x;
    }
  }
}

function downEdges(ids, cols, rows, { x0, y0, x1, y1 }, add) {
  for (let x = x0; x <= x1; x++) {
    let left = 0;
    let right = 0;
    let from = y0;
    for (let y = y0; y <= y1; y++) {
      const a = y < y1 && x > 0 ? ids[y * cols + x - 1] : 0;
      const b = y < y1 && x < cols ? ids[y * cols + x] : 0;
      const one = a === b ? 0 : a;
      const other = a === b ? 0 : b;
      if (one === left && other === right) continue;
      if (left) add(left, x, from, x, y);
      if (right) add(right, x, from, x, y);
      left = one;
      right = other;
      from = y;
    }
  }
}

/** Return the half-open box round all that is not 0, or null. */
function extent(ids, cols, rows) {
  let [x0, y0, x1, y1] = [cols, -1, -1, -1];
  for (let y = 0; y < rows; y++) {
    const start = y * cols;
    let first = 0;
    while (first < cols && ids[start + first] === 0) first++;
    if (first === cols) continue;
    let last = cols - 1;
    while (ids[start + last] === 0) last--;
    if (y0 < 0) y0 = y;
    y1 = y + 1;
    x0 = Math.min(x0, first);
    x1 = Math.max(x1, last + 1);
  }
  return y0 < 0 ? null : { x0, y0, x1, y1 };
}
