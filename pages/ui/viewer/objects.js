// The objects drawn so far: which voxel belongs to which, and what is known of each.

const PENDING = 60000; // ids from here are of objects that the server has not numbered yet

export class ObjectMap {
  constructor([depth, height, width]) {
    this.height = height;
    this.width = width;
    this.slices = new Array(depth).fill(null); // Uint16Array of ids, or null where nothing lies
    this.version = 0;
    this.stamp = 0; // rises whenever something to paint has changed
    this.table = [];
    this.labels = [];
    this.undo = "";
    this.redo = "";
    this.previews = [];
    this.composed = new Map();
  }

  /** Take an answer of the server. An older one than what is here is dropped. */
  take(answer) {
    if (answer.version < this.version) return;
    this.version = answer.version;
    this.table = answer.objects;
    this.byId = new Map(this.table.map((object) => [object.id, object]));
    this.labels = answer.labels;
    this.undo = answer.undo;
    this.redo = answer.redo;
    for (const z of answer.cleared) this.slices[z] = null;
    let start = 0;
    for (const { z, y0, x0, h, w } of answer.regions) {
      const slice = (this.slices[z] ??= new Uint16Array(this.height * this.width));
      for (let row = 0; row < h; row++, start += w) {
        slice.set(answer.ids.subarray(start, start + w), (y0 + row) * this.width + x0);
      }
    }
    this.touch();
  }

  touch() {
    this.stamp++;
    this.composed.clear();
  }

  find(id) {
    return this.byId?.get(id) ?? null;
  }

  label(value) {
    return this.labels.find((label) => label.value === value) ?? { value, name: `${value}`, colour: "#9aa7ad" };
  }

  /** Say what is being drawn and not yet answered, oldest first; see `compose`. */
  preview(previews) {
    if (previews.length === 0 && this.previews.length === 0) return;
    this.previews = previews;
    this.touch();
  }

  /** Return the ids to paint on a slice: the server's, with what is being drawn on top; null for none. */
  shown(z) {
    const drawn = this.previews.filter((preview) => preview.masks.has(z));
    if (drawn.length === 0) return this.slices[z];
    if (!this.composed.has(z)) this.composed.set(z, this.compose(z, drawn));
    return this.composed.get(z);
  }

  compose(z, drawn) {
    const ids = this.slices[z]?.slice() ?? new Uint16Array(this.height * this.width);
    for (const { masks, erase, handle, replaces } of drawn) {
      const mask = masks.get(z);
      const id = handle ? idOf(handle) : null;
      if (replaces) ids.forEach((one, i) => one === id && (ids[i] = 0));
      for (let i = 0; i < mask.length; i++) {
        if (!mask[i]) continue;
        if (!erase) ids[i] = id;
        else if (id === null || ids[i] === id) ids[i] = 0;
      }
    }
    return ids;
  }

  /** Ids and labels of objects that so far are only drawn. */
  unnumbered() {
    return this.previews
      .filter(({ handle }) => handle && handle.id === null)
      .map(({ handle }) => ({ id: idOf(handle), label: handle.label }));
  }

  /** The id at a voxel, 0 for none. */
  at(z, y, x) {
    const slice = this.slices[z];
    return slice && y >= 0 && x >= 0 && y < this.height && x < this.width ? slice[y * this.width + x] : 0;
  }

  /** Slices that hold something, rising. */
  marked() {
    return [...new Set(this.table.flatMap((object) => object.slices))].sort((a, b) => a - b);
  }

  /** The slice on which an object covers most. */
  largestSlice(object) {
    let [best, most] = [object.slices[0], -1];
    for (const z of object.slices) {
      let count = 0;
      const slice = this.slices[z];
      for (let i = 0; slice && i < slice.length; i++) if (slice[i] === object.id) count++;
      if (count > most) [best, most] = [z, count];
    }
    return best;
  }
}

let unnumbered = 0;

/** A name for an object that may not have a number yet: commands wait in line, and later ones may mean it already. */
export function newHandle(label) {
  return { id: null, label, temporary: PENDING + (unnumbered++ % 5000) };
}

export function idOf(handle) {
  return handle.id ?? handle.temporary;
}
