// How far to trust the active object: asked for while nothing else is going on, and kept until the object changes.

import { Gone, Refused, Unreachable } from "./client.js";
import { t } from "./strings.js";

const REST_MS = 350; // the mask is there first
const NEXT_MS = 40;
const LEVELS = 16;
const FEW = [255, 209, 102];
const HALF = [255, 92, 56];
const ALL = [76, 201, 240];
const STRENGTH = 0.62;

export class Trust {
  constructor(viewer) {
    this.viewer = viewer;
    this.told = null; // of the object `told.object` when it lay on the slices `shape`
    this.maps = new Map(); // slice -> agreement of the active object there
    this.visited = -1; // place in the ranking
  }

  /** What is known of the active object, or null. */
  get known() {
    const object = this.viewer.activeObject;
    return object && this.told?.object === object.id && this.shape === shapeOf(object) ? this.told : null;
  }

  /** Ask for what is missing, a moment after the last change. */
  show() {
    const { viewer } = this;
    const object = viewer.activeObject;
    const [z] = viewer.state.at;
    const key = object && viewer.data.editable ? [object.id, viewer.objects.version, viewer.data.model].join() : null;
    if (key !== this.key) this.forget(key);
    if (!object) return;
    if (viewer.state.heat && object.slices.includes(z) && !this.maps.has(z)) this.askMap(object.id, z);
  }

  forget(key) {
    if (String(key).split(",")[0] !== String(this.key).split(",")[0]) this.visited = -1;
    this.key = key;
    this.maps.clear();
    if (key) this.ask(REST_MS);
  }

  ask(after) {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.look(), after);
  }

  async look() {
    const { viewer, key } = this;
    const object = viewer.activeObject;
    if (!object || viewer.left || !key) return;
    if (viewer.queue.busy || viewer.carrying.status.running) return this.ask(REST_MS); // others need the model now
    const shape = shapeOf(object);
    try {
      const told = await viewer.session.client.trust(object.id, viewer.state.at[0]);
      if (key !== this.key) return;
      [this.told, this.shape] = [told, shape];
    } catch (error) {
      if (error instanceof Unreachable) return this.ask(2000);
      if (error instanceof Gone || error instanceof Refused) return; // it went while it was asked about
      throw error;
    }
    if (this.told.left > 0) this.ask(NEXT_MS);
    viewer.schedule();
  }

  async askMap(id, z) {
    const { viewer, key } = this;
    this.maps.set(z, null); // on its way
    try {
      const answer = await viewer.session.client.agreement(id, z);
      if (key !== this.key) return;
      this.maps.set(z, spread(answer, viewer.data.shape));
    } catch (error) {
      this.maps.delete(z);
      if (!(error instanceof Unreachable || error instanceof Gone || error instanceof Refused)) throw error;
    }
    viewer.schedule();
  }

  /** The agreement on a slice to lay over the picture: {levels, key}, or null. */
  heat(z) {
    const { state } = this.viewer;
    const map = state.heat && this.viewer.masksShown ? this.maps.get(z) : null;
    return map ? { levels: map, key: `${this.key},${z}` } : null;
  }

  /** Go to the most doubtful slice, then to the next in the ranking; after the last to the first again. */
  next() {
    const { viewer, known } = this;
    if (!viewer.session.active) return viewer.notice.say(t("no_active"));
    const doubts = known?.doubts ?? [];
    if (doubts.length === 0) return viewer.notice.say(t(known ? "doubt_none" : "doubt_waiting"), "hint");
    this.visited = (this.visited + 1) % doubts.length;
    this.visit(doubts[this.visited].z);
    viewer.notice.say(t("doubt_place", { place: this.visited + 1, count: doubts.length, why: this.why(doubts[this.visited]) }), "hint");
  }

  /** Show a slice of the active object with the object in the crosshair. */
  visit(z) {
    const { viewer } = this;
    viewer.goTo(z);
    viewer.centreOn(viewer.activeObject, z);
  }

  why({ why, distance }) {
    const words = {
      unstable: t("doubt_unstable"), unsure: t("doubt_unsure"), area: t("doubt_area"), far: t("doubt_far", { count: distance }),
    };
    return why.length ? why.map((name) => words[name]).join(" · ") : t("doubt_little");
  }

  remark({ kind, z, value, usual }) {
    const unit = this.viewer.data.hasHu ? t("hu") : "";
    const whole = (n) => `${Math.round(n)} ${unit}`.trim().replace("-", "−");
    const words = {
      crosses_box: () => t("remark_box", { sides: value }),
      area_jumps: () => area(value, usual + 1),
      hu_unlike: () => t("remark_hu", { mean: whole(value), usual: whole(usual) }),
      several_parts: () => t("remark_parts", { count: value }),
      outside_liver: () => t("remark_liver", { percent: Math.round(100 * value) }),
    };
    return t("remark", { slice: z + 1, what: words[kind]() });
  }
}

function area(times, slice) {
  return times > 1 ? t("remark_larger", { times: times.toFixed(1), slice }) : t("remark_smaller", { percent: Math.round(100 * times), slice });
}

/** What must be alike for what was told to hold until the next word: where an object lies. */
function shapeOf({ slices, marked }) {
  return `${slices};${marked}`;
}

/** Lay the votes of a region out over the whole slice. */
function spread({ figure, x, y, h, w, votes }, [, height, width]) {
  if (figure === null) return null;
  const levels = new Uint8Array(height * width);
  for (let row = 0; row < h; row++) levels.set(votes.subarray(row * w, (row + 1) * w), (y + row) * width + x);
  return levels;
}

/** Colours of the votes: few yellow, half red, all blue; told apart by their lightness too. */
export const HEAT = new Map(Array.from({ length: LEVELS }, (_, i) => [i + 1, { colour: colourOf((i + 1) / LEVELS), alpha: STRENGTH, line: false }]));

export function colourOf(share) {
  const [from, to, part] = share < 0.5 ? [FEW, HALF, share / 0.5] : [HALF, ALL, (share - 0.5) / 0.5];
  return `#${from.map((n, i) => Math.round(n + (to[i] - n) * part).toString(16).padStart(2, "0")).join("")}`;
}
