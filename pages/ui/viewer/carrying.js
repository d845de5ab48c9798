// Objects carried through the slices beside the reader: asked for, shown as they come, stopped.

import { Gone, Unreachable } from "./client.js";
import { t } from "./strings.js";

const LOOK_MS = 250;
const IDLE = { running: false, object: null, waiting: [], done: 0, most: 0 };
const STOPS = {
  died: "stop_died", unsure: "stop_unsure", strayed: "stop_strayed", jumped: "stop_jumped", drifted: "stop_drifted",
};

export class Carrying {
  constructor(viewer) {
    this.viewer = viewer;
    this.status = IDLE;
    this.run = this.seen = 0;
    this.marks = new Map(); // id of an object -> on how many slices a reader marked it
    this.shown = new Map(); // id of an object -> what came of it so far, as a preview
  }

  get previews() {
    return [...this.shown.values()];
  }

  /** Whether an object is being carried, or waits for it. */
  holds(id) {
    return this.status.running && (this.status.object === id || this.status.waiting.includes(id));
  }

  /** Carry the active object from all its marked slices, or anew from slice `z` up to the next marked ones. */
  begin({ z = null, first = null, last = null } = {}, handle = this.viewer.session.active) {
    const { viewer } = this;
    if (!handle) return viewer.notice.say(t("no_active"));
    const gone = () => handle.id !== null && !viewer.objects.find(handle.id);
    viewer.queue.push({ handle, carries: true, make: () => (gone() ? null : { do: "carry", object: handle.id, z, first, last }) });
  }

  /** Objects that were marked and not carried yet. */
  get open() {
    return this.viewer.objects.table.filter((object) => object.marked.length > 0 && !isCarried(object));
  }

  /** Carry them all, one after another. */
  beginAll() {
    for (const { id, label } of this.open) this.begin({}, { id, label });
  }

  /** After a mark on a slice of a carried object, say how to carry it on from there. */
  offer(travels) {
    const { objects, state, notice } = this.viewer;
    for (const { id, marked, slices } of objects.table) {
      const more = marked.length > (this.marks.get(id) ?? marked.length);
      if (more && !travels && isCarried({ slices, marked })) notice.say(t("carry_offer", { id, slice: state.at[0] + 1 }), "hint");
    }
    this.marks = new Map(objects.table.map(({ id, marked }) => [id, marked.length]));
  }

  async stop() {
    this.stopping = true;
    this.viewer.schedule();
    try {
      await this.viewer.session.client.stop();
    } catch (error) {
      this.stopping = false;
      this.viewer.notice.refused(error instanceof Unreachable ? new Error(t("lost")) : error);
    }
  }

  /** Look how far it is until it has ended. What ran before this viewer was there is found too. */
  async look() {
    if (this.looking) return (this.again = true);
    this.looking = true;
    do {
      this.again = false;
      try {
        await this.take(await this.viewer.session.client.carrying(this.run, this.seen));
        this.viewer.notice.trouble("carrying", null);
      } catch (error) {
        if (error instanceof Gone) break;
        if (!(error instanceof Unreachable)) throw error;
        this.viewer.notice.trouble("carrying", error);
        this.again = true;
      }
      if (this.status.running || this.again) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    } while ((this.status.running || this.again) && !this.viewer.left);
    this.looking = false;
  }

  async take(answer) {
    const begins = answer.run !== this.run;
    const news = answer.running || this.status.running || !(begins && this.run === 0); // an old run's end is no news
    const had = this.status.running || this.shown.size > 0;
    if (begins) this.shown.clear();
    [this.run, this.seen, this.status] = [answer.run, answer.seen ?? 0, answer.running ? answer : IDLE];
    if (answer.running) this.show(answer);
    else this.stopping = false;
    if (answer.ended?.length > 0 || (!answer.running && had)) await this.settle(answer);
    if (news) this.tell(answer);
    this.viewer.refreshPreviews();
  }

  /** Lay the masks that came over the object's others. */
  show({ regions, ids }) {
    const { height, width } = this.viewer.objects;
    let start = 0;
    for (const { object, z, y0, x0, h, w } of regions) {
      const mask = new Uint8Array(height * width);
      for (let row = 0; row < h; row++) {
        for (let column = 0; column < w; column++) mask[(y0 + row) * width + x0 + column] = ids[start++] ? 1 : 0;
      }
      if (!this.shown.has(object)) this.shown.set(object, { masks: new Map(), erase: false, replaces: true, handle: { id: object } });
      this.shown.get(object).masks.set(z, mask);
    }
  }

  /** What has ended is in the annotation now: fetch it before its preview goes, so that nothing flickers. */
  async settle({ running, ended = [] }) {
    const { viewer } = this;
    const answer = await viewer.session.client.objects(viewer.objects.version);
    viewer.objects.take(answer);
    if (!running) this.shown.clear();
    for (const { object } of ended) this.shown.delete(object);
    viewer.keepActive();
    viewer.frame.bar.ready.ask(); // a graphics card may have run out of memory meanwhile
    viewer.reports.changed(answer.version);
  }

  tell({ ended = [], trouble, running }) {
    const { notice } = this.viewer;
    for (const { object, slices, below, above, trouble: refusal } of ended) {
      if (refusal) notice.say(refusal, "error");
      else notice.say(this.words(object, slices, below, above), "hint");
    }
    if (!running && trouble) notice.say(trouble, "error");
  }

  /** Say how far an object was carried, and why no further. */
  words(id, slices, below, above) {
    const [first, last] = [slices[0] + 1, slices.at(-1) + 1];
    const ends = [[below, first - 1], [above, last + 1]].filter(([why]) => why in STOPS);
    const reasons = ends.map(([why, slice]) => t("carried_end", { slice, why: t(STOPS[why]) }));
    return [t("carried", { id, first, last }), ...reasons].join(" ");
  }
}

/** Whether an object has slices that nobody marked: then it was carried there. */
export function isCarried({ slices, marked }) {
  return slices.length > marked.length;
}
