// The tools that ask the model: a box, a point; and moving the box of the active object.

import { askBox, askPoint, target } from "./commands.js";
import { drawBox } from "./marks.js";

const CLICK = 4; // CSS pixels: a shorter drag is a click
const REACH = 7; // CSS pixels round an edge that count as the edge

/** Drag out a box; a click chooses the object under it. */
export class BoxTool {
  constructor(viewer) {
    this.viewer = viewer;
  }

  hover(pane, at) {
    const grip = gripAt(this.viewer, pane, at, false);
    return grip ? grip.cursor : "crosshair";
  }

  down(pane, at) {
    this.grip = gripAt(this.viewer, pane, at, false);
    this.from = this.to = at;
    this.moving = this.grip?.box ?? null;
  }

  move(pane, at) {
    if (!this.from) return;
    this.to = at;
    if (this.grip) this.moving = moved(this.viewer, this.grip, this.from, at);
  }

  up(pane, at, event) {
    const { viewer, from, grip, moving } = this;
    this.cancel();
    if (!from) return; // Escape ended it before
    if (!dragged(from, at)) return viewer.choose(at);
    if (grip) return again(viewer, grip, moving);
    const box = boxBetween(viewer, from, at);
    if (!box) return;
    const handle = target(viewer, !(event.ctrlKey || event.metaKey));
    askBox(viewer, viewer.state.at[0], box, handle);
  }

  cancel() {
    this.from = this.to = this.grip = this.moving = null;
  }

  draw(pencil, pane) {
    const { viewer } = this;
    if (!this.from || this.grip || !dragged(this.from, this.to)) return;
    const box = boxBetween(viewer, this.from, this.to);
    if (box) drawBox(pane, box, viewer.objects.label(viewer.state.label).colour, "new");
  }
}

/** Choose an object by a click, move or change its box, or move the crosshair. */
export class SelectTool extends BoxTool {
  hover(pane, at) {
    return gripAt(this.viewer, pane, at, true)?.cursor ?? "default";
  }

  down(pane, at) {
    super.down(pane, at);
    this.grip = gripAt(this.viewer, pane, at, true);
    this.moving = this.grip?.box ?? null;
  }

  up(pane, at) {
    const { viewer, from, grip, moving } = this;
    this.cancel();
    if (!from) return;
    if (grip && dragged(from, at)) return again(viewer, grip, moving);
    if (dragged(from, at)) return;
    viewer.crossAt(pane, at);
    viewer.choose(at);
  }

  draw() {}
}

/** Click a point; with Alt, or as the tool for what lies outside, it says "not this". */
export class PointTool {
  constructor(viewer, positive) {
    this.viewer = viewer;
    this.positive = positive;
  }

  hover() {
    return "crosshair";
  }

  down(pane, at) {
    this.from = at;
  }

  move() {}

  up(pane, at, event) {
    const { viewer, from } = this;
    const [y, x] = at.cell;
    this.cancel();
    if (!from || !viewer.inside(y, x)) return;
    askPoint(viewer, viewer.state.at[0], y, x, this.positive && !event.altKey);
  }

  cancel() {
    this.from = null;
  }
}

function dragged(from, to) {
  return Math.hypot(to.px - from.px, to.py - from.py) >= CLICK;
}

/** The half-open box whose edges lie nearest to the drag's, inside the slice; null if nothing of it is inside. */
function boxBetween({ data }, from, to) {
  const [, height, width] = data.shape;
  const edges = (a, b, size) => {
    const ends = [a, b].sort((one, other) => one - other).map((n) => Math.min(Math.max(Math.round(n + 0.5), 0), size));
    return ends[0] === ends[1] ? null : ends;
  };
  const [rows, columns] = [edges(from.row, to.row, height), edges(from.column, to.column, width)];
  return rows && columns ? [rows[0], columns[0], rows[1], columns[1]] : null;
}

/** What of the active object's box lies under the pointer: a corner, an edge or (if `inner`) all of it. */
function gripAt(viewer, pane, at, inner) {
  const object = viewer.activeObject;
  const box = object && viewer.visible(object) && object.prompts.find(({ z }) => z === viewer.state.at[0])?.box;
  if (!box || pane.name !== "axial") return null;
  const [left, top] = pane.view.toPane(box[1] - 0.5, box[0] - 0.5);
  const [right, bottom] = pane.view.toPane(box[3] - 0.5, box[2] - 0.5);
  const { px, py } = at;
  if (px < left - REACH || px > right + REACH || py < top - REACH || py > bottom + REACH) return null;
  const near = (place, low, high) => {
    const [a, b] = [Math.abs(place - low), Math.abs(place - high)];
    return Math.min(a, b) > REACH ? null : a <= b ? 0 : 1;
  };
  const [row, column] = [near(py, top, bottom), near(px, left, right)];
  if (row === null && column === null) return inner ? { box, object, all: true, cursor: "move" } : null;
  const diagonal = row === column ? "nwse-resize" : "nesw-resize";
  const cursor = row === null ? "ew-resize" : column === null ? "ns-resize" : diagonal;
  return { box, object, row, column, cursor };
}

/** The box after its grip was dragged from one place to another; at least one voxel and inside the slice. */
function moved({ data }, { box, row, column, all }, from, to) {
  const size = [data.shape[1], data.shape[2]];
  const by = [Math.round(to.row - from.row), Math.round(to.column - from.column)];
  const next = [...box];
  [row, column].forEach((side, axis) => {
    const [low, high] = [box[axis], box[axis + 2]];
    if (all) {
      const step = Math.min(Math.max(by[axis], -low), size[axis] - high);
      [next[axis], next[axis + 2]] = [low + step, high + step];
    } else if (side === 0) next[axis] = Math.min(Math.max(low + by[axis], 0), high - 1);
    else if (side === 1) next[axis + 2] = Math.max(Math.min(high + by[axis], size[axis]), low + 1);
  });
  return next;
}

function again(viewer, { box, object }, next) {
  if (String(next) === String(box)) return;
  viewer.activate({ id: object.id, label: object.label });
  askBox(viewer, viewer.state.at[0], next, viewer.session.active);
  viewer.notice.tell(viewer.frame.bar.ready.awaited);
}
