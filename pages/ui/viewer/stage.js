// Where the reader is and how he looks: every way to change it, and one painting for all changes of a frame.

import { fillGreys } from "./greys.js";
import { habits } from "./session.js";

const SMALLEST = 0.5; // mm, radius of the brush
const LARGEST = 40;
const SPIN_MS = 60;

export class Stage {
  /** Change what is shown; habits are kept for the next case. */
  set(changes) {
    Object.assign(this.state, changes);
    for (const key of Object.keys(changes)) if (key in habits) habits[key] = changes[key];
    this.lookStamp++;
    this.schedule();
  }

  /** Go to a slice, counted from 0. */
  goTo(z) {
    this.place(0, z);
  }

  step(axis, by) {
    this.place(axis, this.state.at[axis] + by);
  }

  place(axis, index) {
    const next = Math.min(Math.max(Math.round(index), 0), this.data.shape[axis] - 1);
    if (next === this.state.at[axis]) return;
    if (axis === 0 && this.gestures[0].drag?.kind === "tool") return; // what is being drawn stays on its slice
    this.state.at[axis] = next;
    if (axis === 0) {
      this.reports.moved();
      this.reports.look();
      this.loader.fill();
    }
    this.schedule();
  }

  /** Put the crosshair where the pointer is; the other planes follow. */
  crossAt(pane, { row, column }) {
    const at = pane.plane.voxel(Math.round(column), Math.round(row), pane.index);
    at.forEach((index, axis) => this.place(axis, index));
  }

  /** Go to the next (1) or previous (-1) slice that holds something. */
  toMask(direction) {
    const [here] = this.state.at;
    const marked = this.objects.marked();
    return direction > 0 ? marked.find((z) => z > here) : marked.findLast((z) => z < here);
  }

  setWindow(level, width) {
    this.exact = { level, width: Math.max(1, width) }; // a slow drag adds up what rounding would lose
    const round = width > 20 ? Math.round : (n) => Number(n.toFixed(1));
    this.state.level = round(this.exact.level);
    this.state.width = round(this.exact.width);
    this.wear();
    this.reports.moved();
    this.schedule();
  }

  /** Bend the window by a drag, measured in widths of the window: width across, level upwards. */
  bendWindow(across, down) {
    const { level, width } = this.exact ?? this.state;
    const next = Math.min(65535, Math.max(1, width * 2 ** across));
    this.setWindow(Math.min(32767, Math.max(-32768, level + down * width)), next);
  }

  wear() {
    fillGreys(this.greys, this.state.level, this.state.width);
    this.greyStamp++;
  }

  setTool(name) {
    this.tool?.cancel?.();
    const barred = !this.data.takesPoints && ["plus", "minus"].includes(name);
    if (barred) return this.notice.say(this.data.pointsReason);
    this.set({ tool: name });
  }

  /** Choose the label of the next object. What is active has another: the next stroke begins a new object. */
  setLabel(label) {
    this.state.label = label;
    const { active } = this.session;
    if (active && active.label !== label) this.activate(null);
    this.reports.moved();
    this.schedule();
  }

  activate(handle) {
    this.session.active = handle;
    if (handle && this.objects.label(handle.label)) this.state.label = handle.label;
    this.lookStamp++;
    this.schedule();
  }

  /** Make the object under a place active, if there is one to be seen. */
  choose({ cell: [y, x] }) {
    const id = this.masksShown ? this.objects.at(this.state.at[0], y, x) : 0;
    const object = id ? this.objects.find(id) : null;
    if (object && this.visible(object)) this.activate({ id, label: object.label });
  }

  /** After undo and redo show where they made a difference. */
  follow({ regions, cleared }) {
    const changed = [...new Set([...regions.map(({ z }) => z), ...cleared])];
    const [z] = this.state.at;
    if (changed.length === 0 || changed.includes(z)) return;
    this.goTo(changed.reduce((best, one) => (Math.abs(one - z) < Math.abs(best - z) ? one : best)));
  }

  /** Make an object active and show it where it is largest. */
  visit(object) {
    this.activate({ id: object.id, label: object.label });
    this.session.hiddenObjects.delete(object.id);
    const z = this.objects.largestSlice(object);
    this.goTo(z);
    this.centreOn(object, z);
  }

  /** Lay the crosshair on an object, so that the other planes show it too. */
  centreOn({ id }, z) {
    const slice = this.objects.slices[z];
    const [, height, width] = this.data.shape;
    let [count, down, across] = [0, 0, 0];
    for (let i = 0; slice && i < height * width; i++) {
      if (slice[i] !== id) continue;
      count++;
      down += Math.floor(i / width);
      across += i % width;
    }
    if (!count) return;
    this.place(1, down / count);
    this.place(2, across / count);
  }

  resizeBrush(steps) {
    const radius = this.state.radius * 1.15 ** steps;
    this.set({ radius: Math.min(LARGEST, Math.max(SMALLEST, Math.round(radius * 4) / 4 || radius)) });
  }

  enlarge(name) {
    const big = this.state.big === name ? null : name;
    if (this.state.layout === "axial") return;
    this.set({ big });
    this.frame.arrange();
  }

  setLayout(layout) {
    this.set({ layout, big: null });
    this.frame.arrange();
  }

  /** Give the keyboard to the picture. */
  focus() {
    this.panes.find((pane) => pane.shown)?.canvas.focus({ preventScroll: true });
  }

  fit() {
    for (const pane of this.panes) pane.view.fit();
    this.schedule();
  }

  zoom(factor) {
    const pane = this.panes.find(({ name }) => name === this.state.pointer?.plane) ?? this.panes[0];
    const { px, py } = this.state.pointer ?? { px: pane.view.width / 2, py: pane.view.height / 2 };
    pane.view.zoom(factor, px, py);
    this.schedule();
  }

  peek(peeking) {
    if (this.state.peeking === peeking) return;
    this.state.peeking = peeking;
    this.schedule();
  }

  /** Remember what the pointer is over. */
  point(pane, at, touch) {
    const voxel = pane.plane.voxel(Math.round(at.column), Math.round(at.row), pane.index);
    this.state.pointer = { plane: pane.name, px: at.px, py: at.py, voxel, touch };
  }

  inside(y, x) {
    return y >= 0 && x >= 0 && y < this.data.shape[1] && x < this.data.shape[2];
  }

  visible(object) {
    return this.looksOf.visible(object);
  }

  looks(name) {
    return this.looksOf.of(name);
  }

  shownLayers() {
    return this.masksShown ? this.looksOf.layers() : [];
  }

  /** Paint before the next frame, once, whatever has changed until then. */
  schedule() {
    if (this.left || this.frameAsked) return;
    this.frameAsked = requestAnimationFrame(() => {
      this.frameAsked = null;
      this.paint();
    });
  }

  paint() {
    const began = performance.now();
    for (const pane of this.panes) pane.paint();
    this.frame.show();
    this.notice.show();
    const { dataset } = this.root;
    const fresh = !this.panes[0].stale;
    dataset.slice = this.state.at[0] + 1;
    dataset.version = this.objects.version;
    dataset.busy = String(this.queue.busy);
    dataset.carrying = String(this.carrying.status.running);
    dataset.loaded = String(this.volume.complete);
    if (fresh) dataset.ready = "true";
    this.lastPaintMs = performance.now() - began;
  }

  /** Something turns: paint again soon, for as long as it is there. */
  spin() {
    this.spinning ??= setTimeout(() => {
      this.spinning = null;
      this.schedule();
    }, SPIN_MS);
  }
}
