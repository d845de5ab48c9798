// The CT in the browser: fetched slab by slab, the slab on the screen first, and kept for the next page.

import { Unreachable, Gone } from "./client.js";

const FIRST_SLAB = 8;
const SLAB = 16;
const IN_FLIGHT = 2;
const VOLUMES_KEPT = 2;
const PATIENCE_MS = [500, 1000, 2000, 4000];

const kept = new Map(); // case key -> Volume, the latest last

/** Return the volume of a case: the one at hand with all it has loaded, or a new and empty one. */
export function volumeOf(key, shape) {
  const volume = kept.get(key) ?? new Volume(shape);
  kept.delete(key);
  kept.set(key, volume);
  while (kept.size > VOLUMES_KEPT) kept.delete(kept.keys().next().value);
  return volume;
}

/** Slices of one size in one array, each there or not yet. */
export class Slices {
  constructor([depth, height, width], Values) {
    this.depth = depth;
    this.area = height * width;
    this.voxels = new Values(depth * this.area);
    this.there = new Uint8Array(depth);
    this.asked = new Uint8Array(depth);
    this.loaded = 0;
  }

  get complete() {
    return this.loaded === this.depth;
  }

  has(z) {
    return this.there[z] === 1;
  }

  slice(z) {
    return this.there[z] ? this.voxels.subarray(z * this.area, (z + 1) * this.area) : null;
  }

  /** Return the slab [from, to) that is wanted next, as near to z as there is one, or null. */
  next(z) {
    for (let away = 0; away < this.depth; away++) {
      for (const at of [z - away, z + away]) {
        if (at >= 0 && at < this.depth && !this.there[at] && !this.asked[at]) return this.slab(at, at <= z);
      }
    }
    return null;
  }

  /** Grow a slab from a slice: evenly round it for the very first, for the others away from the screen if it can. */
  slab(at, downwards) {
    const free = (z) => z >= 0 && z < this.depth && !this.there[z] && !this.asked[z];
    const first = this.loaded === 0 && !this.asked.includes(1);
    let [from, to] = [at, at + 1];
    while (to - from < (first ? FIRST_SLAB : SLAB)) {
      const [below, above] = [free(from - 1), free(to)];
      if (!below && !above) break;
      const down = first ? (to - from) % 2 === 0 : downwards;
      if (below && (down || !above)) from--;
      else to++;
    }
    return [from, to];
  }

  take(from, values) {
    this.voxels.set(values, from * this.area);
    const count = values.length / this.area;
    this.there.fill(1, from, from + count);
    this.loaded += count;
  }
}

class Volume extends Slices {
  constructor(shape) {
    super(shape, Int16Array);
    this.shape = shape;
    this.bits = new Uint16Array(this.voxels.buffer); // the same numbers as indices of the grey table
    this.layers = new Map(); // name -> Slices of uint8
  }

  bitsOf(z) {
    return this.there[z] ? this.bits.subarray(z * this.area, (z + 1) * this.area) : null;
  }

  layer(name) {
    if (!this.layers.has(name)) this.layers.set(name, new Slices(this.shape, Uint8Array));
    return this.layers.get(name);
  }
}

/** Fetches what a viewer needs of a volume and its layers, in the order in which it is needed. */
export class Loader {
  constructor(client, volume, { at, arrived, trouble }) {
    Object.assign(this, { client, volume, at, arrived, trouble });
    this.layers = [];
    this.running = 0;
    this.failures = 0;
    this.stopped = new AbortController();
    volume.asked.set(volume.there); // whoever asked before has gone
    for (const layer of volume.layers.values()) layer.asked.set(layer.there);
  }

  /** Say which layers are wanted, and carry on. */
  want(layers) {
    this.layers = layers;
    this.fill();
  }

  stop() {
    this.stopped.abort();
  }

  fill() {
    while (this.running < IN_FLIGHT && !this.waiting && !this.stopped.signal.aborted) {
      const job = this.job();
      if (!job) return;
      this.fetch(...job);
    }
  }

  /** The volume comes first, but of the slice on the screen also its layers. */
  job() {
    const z = this.at();
    const sources = [[this.volume, null], ...this.layers.map((name) => [this.volume.layer(name), name])];
    const here = sources.find(([slices]) => !slices.there[z] && !slices.asked[z]);
    for (const [slices, name] of here ? [here] : sources) {
      const slab = slices.next(z);
      if (slab) return [slices, name, ...slab];
    }
    return null;
  }

  async fetch(slices, name, from, to) {
    this.running++;
    slices.asked.fill(1, from, to);
    const { signal } = this.stopped;
    try {
      const values = await this.client.slab(name, from, to, (to - from) * slices.area, signal);
      if (signal.aborted) return;
      slices.take(from, values);
      if (this.failures) this.trouble(null);
      this.failures = 0;
      this.arrived(slices, from, to);
    } catch (error) {
      if (signal.aborted) return;
      slices.asked.fill(0, from, to);
      this.fail(error);
    } finally {
      this.running--;
    }
    this.fill();
  }

  fail(error) {
    if (error instanceof Gone) this.stop();
    else if (!(error instanceof Unreachable)) throw error;
    this.trouble(error);
    const pause = PATIENCE_MS[Math.min(this.failures++, PATIENCE_MS.length - 1)];
    this.waiting ??= setTimeout(() => {
      this.waiting = null;
      this.fill();
    }, pause);
  }
}
