// The tools that paint: brush, eraser and polygon.

import { fillPolygon, paint, target } from "./commands.js";
import { t } from "./strings.js";
import { Stroke, polygonMask } from "./strokes.js";

const NEAR = 0.2; // of a voxel: points nearer to the last one add nothing
const CLOSES = 9; // CSS pixels round the first corner that close a polygon

/** Brush or eraser: a ring shows its size, the stroke shows at once. */
export class BrushTool {
  constructor(viewer, erase) {
    this.viewer = viewer;
    this.erase = erase;
  }

  hover() {
    return "none"; // the ring is the pointer
  }

  down(pane, at) {
    const { viewer, erase } = this;
    const { state, volume, data } = viewer;
    const whole = erase && !state.onlyActive;
    if (erase && !whole && !viewer.session.active) return viewer.notice.say(t("no_active"));
    const [low, high] = state.range;
    const limited = state.onlyRange && !erase;
    const allows = (z, i) => {
      if (!limited) return true;
      const value = volume.has(z) ? volume.voxels[z * volume.area + i] : NaN;
      return value >= low && value <= high;
    };
    this.stroke = new Stroke(data.shape, viewer.spacing, state.radius, state.ball, allows);
    const handle = whole ? null : erase ? viewer.session.active : target(viewer);
    this.preview = { masks: this.stroke.masks, erase, handle };
    this.move(pane, at);
  }

  move(pane, at, event) {
    if (!this.stroke) return;
    for (const { row, column } of at.trail(event)) {
      const last = this.stroke.points.at(-1);
      if (last && Math.hypot(row - last[1], column - last[2]) < NEAR) continue;
      this.stroke.add([this.viewer.state.at[0], row, column]);
    }
    this.viewer.refreshPreviews();
  }

  up() {
    const { stroke, preview, viewer } = this;
    this.cancel();
    if (stroke) paint(viewer, { points: stroke.points, erase: this.erase, preview });
  }

  cancel() {
    this.stroke = this.preview = null;
    this.viewer.refreshPreviews();
  }

  draw(pencil, { view, name }) {
    const { pointer, radius, label } = this.viewer.state;
    if (pointer?.plane !== name || pointer.touch) return;
    const { active } = this.viewer.session;
    const colour = this.erase ? "#ffffff" : this.viewer.objects.label(active?.label ?? label).colour;
    pencil.beginPath();
    pencil.arc(pointer.px, pointer.py, Math.max(2, radius * view.scale), 0, 2 * Math.PI);
    pencil.lineWidth = 3;
    pencil.strokeStyle = "rgba(0, 0, 0, 0.55)";
    pencil.stroke();
    pencil.lineWidth = 1.5;
    pencil.strokeStyle = colour;
    pencil.setLineDash(this.erase ? [4, 3] : []);
    pencil.stroke();
    pencil.setLineDash([]);
    pencil.fillStyle = colour;
    pencil.fillRect(pointer.px - 0.75, pointer.py - 0.75, 1.5, 1.5);
  }
}

/** Polygon: corner by corner, closed by Enter, a double click or a click on the first corner. */
export class PolygonTool {
  constructor(viewer) {
    this.viewer = viewer;
    this.corners = [];
  }

  get busy() {
    return this.corners.length > 0;
  }

  hover() {
    return "crosshair";
  }

  down() {
    if (this.busy && this.z !== this.viewer.state.at[0]) this.cancel(); // a polygon lies on one slice
  }

  move() {}

  up(pane, at) {
    const first = this.corners[0];
    if (first && this.corners.length > 2) {
      const [x, y] = pane.view.toPane(first[1], first[0]);
      if (Math.hypot(x - at.px, y - at.py) < CLOSES) return this.close();
    }
    this.z = this.viewer.state.at[0];
    this.corners.push([at.row, at.column]);
    this.viewer.schedule();
  }

  doubleClick() {
    this.corners.pop(); // of the two clicks of a double click only the first is a corner
    this.close();
  }

  key(event) {
    if (!this.busy) return false;
    if (event.key === "Enter") this.close();
    else if (event.key === "Escape") this.cancel();
    else if (event.key === "Backspace") this.corners.pop();
    else return false;
    this.viewer.schedule();
    return true;
  }

  close() {
    const { viewer, corners, z } = this;
    this.cancel();
    if (corners.length < 3) return;
    const erase = viewer.state.cut;
    if (erase && !viewer.session.active) return viewer.notice.say(t("no_active"));
    const [, height, width] = viewer.data.shape;
    const vertices = corners.map((corner) => corner.map((n) => Math.round(n * 1000) / 1000));
    const preview = { masks: new Map([[z, polygonMask(vertices, height, width)]]), erase, handle: target(viewer) };
    fillPolygon(viewer, z, vertices, preview);
  }

  cancel() {
    this.corners = [];
    this.viewer.schedule();
  }

  draw(pencil, { view, name }) {
    const { viewer, corners } = this;
    if (!this.busy || this.z !== viewer.state.at[0]) return;
    const { pointer } = viewer.state;
    const places = corners.map(([y, x]) => view.toPane(x, y));
    const loose = pointer?.plane === name ? [[pointer.px, pointer.py]] : [];
    const { active } = viewer.session;
    pencil.beginPath();
    [...places, ...loose].forEach(([x, y], i) => (i ? pencil.lineTo(x, y) : pencil.moveTo(x, y)));
    pencil.closePath();
    const colour = viewer.state.cut ? "#ffffff" : viewer.objects.label(active?.label ?? viewer.state.label).colour;
    pencil.fillStyle = `${colour}30`;
    pencil.fill();
    pencil.strokeStyle = colour;
    pencil.lineWidth = 1.5;
    pencil.stroke();
    pencil.fillStyle = "#fff";
    for (const [x, y] of places) {
      pencil.beginPath();
      pencil.arc(x, y, 3.5, 0, 2 * Math.PI);
      pencil.fill();
      pencil.stroke();
    }
  }
}

