// The picture of one pane: grey values, layers, masks; each worked out again only if it has changed.

import { Raster, outlines } from "./raster.js";
import { pixel } from "./greys.js";

const LINE = 1.5; // CSS pixels
const STRONG_LINE = 2.5;
const DASH = 5; // CSS pixels, about
const BLACK = 32768; // the bits of the lowest value: what is not loaded is dark in every window

export class Painter {
  constructor(plane) {
    this.plane = plane;
    this.grey = new Raster(plane.cols, plane.rows, false);
    this.bits = plane.name === "axial" ? null : new Uint16Array(plane.cols * plane.rows);
    this.tints = new Map(); // name -> {key, raster, lines, any}
    this.painted = false;
  }

  /**
   * Lay out the grey values of a slice.
   * @returns false if they are not loaded yet; the picture before then stays
   */
  greys(volume, index, table, key) {
    if (this.plane.name === "axial" && !volume.has(index)) return false;
    if (this.greyKey === key) return true;
    const bits = this.bits ?? volume.bitsOf(index);
    if (this.bits) this.plane.gather((z) => volume.bitsOf(z), index, this.bits, BLACK);
    this.grey.paint(bits, table);
    this.greyKey = key;
    this.painted = true;
    return true;
  }

  /**
   * Lay out coloured values over the grey ones.
   * @param name of the layer; "objects" for what is drawn here
   * @param sliceOf gives the values of an axial slice, or null
   * @param colours Map from value to {colour, alpha, line}; others are not shown
   */
  tint(name, sliceOf, index, colours, key) {
    let tint = this.tints.get(name);
    if (!tint) this.tints.set(name, (tint = { raster: null, values: null, table: new Uint32Array(65536), colours: new Map() }));
    if (tint.key === key) return;
    tint.key = key;
    const { cols, rows } = this.plane;
    let values = this.plane.name === "axial" ? sliceOf(index) : null;
    if (this.plane.name !== "axial") {
      tint.values ??= new Uint16Array(cols * rows);
      if (this.plane.gather(sliceOf, index, tint.values)) values = tint.values;
    }
    tint.any = Boolean(values);
    if (!values) return;
    for (const value of tint.colours.keys()) tint.table[value] = 0;
    for (const [value, { colour, alpha }] of colours) tint.table[value] = alpha ? pixel(colour, alpha) : 0;
    tint.colours = colours;
    tint.filled = [...colours.values()].some(({ alpha }) => alpha > 0);
    if (tint.filled) (tint.raster ??= new Raster(cols, rows, true)).paint(values, tint.table);
    tint.lines = [...colours.values()].some(({ line }) => line) ? outlines(values, cols, rows) : new Map();
  }

  /** Draw it all where `view` says; `ratio` is device pixels a CSS pixel. */
  draw(context, view, ratio, names, stale) {
    const { canvas } = context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!this.painted) return;
    const [left, top] = view.toPane(-0.5, -0.5);
    const place = [left, top, this.plane.cols * view.scaleX, this.plane.rows * view.scaleY].map((n) => n * ratio);
    context.imageSmoothingEnabled = true;
    context.drawImage(this.grey.canvas, ...place);
    if (stale) return; // masks of one slice over the picture of another would lie
    for (const name of names) {
      const tint = this.tints.get(name);
      if (!tint?.any) continue;
      context.imageSmoothingEnabled = false;
      if (tint.filled) context.drawImage(tint.raster.canvas, ...place);
      this.trace(context, view, ratio, tint);
    }
  }

  /** Outlines are as wide on the screen however far the picture is zoomed. */
  trace(context, view, ratio, { lines, colours }) {
    const [x, y] = [view.x * ratio, view.y * ratio];
    const [sx, sy] = [view.scaleX * ratio, view.scaleY * ratio];
    context.lineCap = "square";
    for (const [value, run] of lines) {
      const look = colours.get(value);
      if (!look?.line) continue;
      context.beginPath();
      const lines = look.broken ? broken(run, Math.max(1, Math.round((DASH * ratio) / sx))) : run;
      for (let i = 0; i < lines.length; i += 4) {
        context.moveTo(x + lines[i] * sx, y + lines[i + 1] * sy);
        context.lineTo(x + lines[i + 2] * sx, y + lines[i + 3] * sy);
      }
      context.strokeStyle = look.colour;
      context.lineWidth = (look.strong ? STRONG_LINE : LINE) * ratio;
      context.stroke();
    }
  }
}

/** Return every other part of lines along the edges of voxels, each of so many voxels: dashes that go round corners. */
function broken(run, dash) {
  const left = [];
  for (let i = 0; i < run.length; i += 4) {
    const [x0, y0, x1, y1] = run.slice(i, i + 4);
    const [dx, dy] = [Math.sign(x1 - x0), Math.sign(y1 - y0)];
    for (let n = 0; n < Math.abs(x1 - x0) + Math.abs(y1 - y0); n++) {
      const [x, y] = [x0 + n * dx, y0 + n * dy];
      if (Math.floor((x + y + 1) / dash) % 2 === 0) left.push(x, y, x + dx, y + dy);
    }
  }
  return left;
}
