// Which voxels a stroke covers: the server's rule, worked out here so that a stroke is seen while it is drawn.
// A voxel belongs to it if its centre lies within the radius of the line (in the slice, or in space for a ball); the
// voxels under it always do. Lengths are mm; without a spacing a voxel counts as 1 mm.

const SLACK = 1e-9; // a centre right on the rim is in, whatever the rounding

export class Stroke {
  /**
   * @param shape voxels [z, y, x]
   * @param spacing mm [z, y, x]
   * @param allows says of a slice and the index of a voxel whether it may be painted
   */
  constructor(shape, spacing, radius, ball, allows) {
    Object.assign(this, { shape, spacing, radius, ball, allows });
    this.points = [];
    this.masks = new Map(); // z -> Uint8Array of the slice
  }

  /** Go on to [z, y, x] in voxels; fractions count. */
  add(point) {
    const before = this.points.at(-1) ?? point;
    this.points.push(point);
    const z = whole(point[0]);
    const reach = this.ball ? Math.floor(this.radius / this.spacing[0]) : 0;
    for (let away = -reach; away <= reach; away++) {
      const left = this.radius ** 2 * (1 + SLACK) - (away * this.spacing[0]) ** 2;
      if (z + away >= 0 && z + away < this.shape[0]) this.cover(z + away, before, point, left);
    }
    this.under(z, before, point);
  }

  /** Mark what lies right under a piece of the line, looked up every half voxel as the server does. */
  under(z, from, to) {
    const [dy, dx] = [to[1] - from[1], to[2] - from[2]];
    const count = Math.ceil(2 * Math.max(Math.abs(dy), Math.abs(dx)));
    for (let i = 0; i < count; i++) this.mark(z, whole(from[1] + (dy * i) / count), whole(from[2] + (dx * i) / count));
    this.mark(z, whole(to[1]), whole(to[2]));
  }

  /** Mark the voxels of a slice whose centres lie within the square root of `reach` mm² of a piece of the line. */
  cover(z, from, to, reach) {
    const [, height, width] = this.shape;
    const [, sy, sx] = this.spacing;
    const [ay, ax, by, bx] = [from[1] * sy, from[2] * sx, to[1] * sy, to[2] * sx];
    const [dy, dx] = [by - ay, bx - ax];
    const length = dy * dy + dx * dx;
    const radius = Math.sqrt(reach);
    const [y0, y1] = bounds(from[1], to[1], radius / sy, height);
    const [x0, x1] = bounds(from[2], to[2], radius / sx, width);
    for (let y = y0; y <= y1; y++) {
      for (let x = x0; x <= x1; x++) {
        const [py, px] = [y * sy - ay, x * sx - ax];
        const along = length > 0 ? Math.min(1, Math.max(0, (py * dy + px * dx) / length)) : 0;
        if ((py - along * dy) ** 2 + (px - along * dx) ** 2 <= reach) this.mark(z, y, x);
      }
    }
  }

  mark(z, y, x) {
    const [, height, width] = this.shape;
    if (y < 0 || x < 0 || y >= height || x >= width) return;
    const at = y * width + x;
    if (!this.allows(z, at)) return;
    if (!this.masks.has(z)) this.masks.set(z, new Uint8Array(height * width));
    this.masks.get(z)[at] = 1;
  }
}

const whole = (place) => Math.floor(place + 0.5);

function bounds(a, b, reach, size) {
  return [Math.max(0, Math.ceil(Math.min(a, b) - reach)), Math.min(size - 1, Math.floor(Math.max(a, b) + reach))];
}

/** Return the voxels whose centres lie inside a polygon of [y, x], by the even-odd rule. */
export function polygonMask(vertices, height, width) {
  const mask = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    const crossings = [];
    vertices.forEach(([y0, x0], i) => {
      const [y1, x1] = vertices[(i + 1) % vertices.length];
      if (y0 > y !== y1 > y) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
    });
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil(crossings[i]));
      const to = Math.min(width - 1, Math.ceil(crossings[i + 1]) - 1);
      if (to >= from) mask.fill(1, y * width + from, y * width + to + 1);
    }
  }
  return mask;
}
