// Mouse, pen and fingers on a pane: reading gestures are the same with every tool, the rest goes to the tool.

const NOTCH = 100; // wheel units of one notch of a mouse; touchpads send many small ones
const LINE = 40; // wheel units of a line, for browsers that count lines
const ZOOM = 1.0015;
const SPEED = 300; // CSS pixels in which a drag doubles the width of the window
const DOUBLE_MS = 350;
const FINGER = 14; // CSS pixels that a finger moves for a slice

export class Gestures {
  constructor(viewer, pane, signal) {
    this.viewer = viewer;
    this.pane = pane;
    this.fingers = new Map();
    this.wheel = 0;
    this.lastUp = { time: -Infinity };
    const listen = (type, listener, options) => pane.canvas.addEventListener(type, listener.bind(this), { signal, ...options });
    listen("pointerdown", this.down);
    listen("pointermove", this.move);
    listen("pointerup", this.up);
    listen("pointercancel", this.drop);
    listen("pointerleave", this.leave);
    listen("wheel", this.roll, { passive: false });
    listen("contextmenu", (event) => event.preventDefault());
    listen("auxclick", (event) => event.preventDefault());
  }

  /** Where an event lies: in CSS pixels of the pane, in fractions of voxels of the plane, and the voxel itself. */
  place(event) {
    const frame = this.pane.canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - frame.left, event.clientY - frame.top];
    const [column, row] = this.pane.view.toPlane(px, py);
    const trail = (moves) => {
      const all = moves?.getCoalescedEvents?.() ?? [];
      return all.length > 1 ? all.map((one) => this.place(one)) : [{ row, column }];
    };
    return { px, py, row, column, cell: [Math.round(row), Math.round(column)], trail };
  }

  down(event) {
    const { viewer, pane } = this;
    pane.canvas.focus({ preventScroll: true });
    event.preventDefault();
    pane.canvas.setPointerCapture(event.pointerId);
    const at = this.place(event);
    if (event.pointerType === "touch") {
      this.fingers.set(event.pointerId, at);
      if (this.fingers.size > 1) return this.pinch();
    }
    if (this.drag) return;
    this.point(at, event);
    this.drag = { kind: this.kind(event), at, from: at, button: event.button };
    if (this.drag.kind === "tool") viewer.tool.down(pane, at, event);
    if (this.scrolls(event)) this.drag = { ...this.drag, kind: "scroll", rest: 0 };
    if (this.drag.kind === "cross") viewer.crossAt(pane, at);
    if (this.drag.kind === "pan") viewer.peek(false);
    viewer.schedule();
  }

  /** What a press begins. */
  kind(event) {
    const { viewer, pane } = this;
    if (event.button === 1 || (event.button === 0 && viewer.spaceHeld)) return "pan";
    if (event.button === 2) return "window";
    if (event.button !== 0) return "none";
    if (pane.name !== "axial" || !viewer.tool || event.shiftKey) return "cross";
    if (pane.stale) return "none"; // one cannot draw on what is not there yet
    return "tool";
  }

  /** A finger scrolls where it draws nothing: with the tool that selects, beside the box that it could move. */
  scrolls({ pointerType }) {
    const { viewer, pane, drag } = this;
    if (pointerType !== "touch" || pane.name !== "axial") return false;
    return drag.kind === "tool" ? viewer.state.tool === "select" && !viewer.tool.grip : drag.kind === "cross" && !viewer.tool;
  }

  move(event) {
    const { viewer, pane, drag } = this;
    const at = this.place(event);
    if (this.fingers.has(event.pointerId)) {
      this.fingers.set(event.pointerId, at);
      if (this.fingers.size > 1) return this.spread();
    }
    this.point(at, event);
    viewer.schedule();
    if (!drag) {
      const tool = pane.name === "axial" && !viewer.spaceHeld ? viewer.tool : null;
      pane.canvas.style.cursor = viewer.spaceHeld ? "grab" : event.shiftKey || !tool ? "crosshair" : tool.hover(pane, at);
      return;
    }
    const [dx, dy] = [at.px - drag.at.px, at.py - drag.at.py];
    drag.at = at;
    if (drag.kind === "pan") pane.view.pan(dx, dy);
    else if (drag.kind === "window") viewer.bendWindow(dx / SPEED, dy / SPEED);
    else if (drag.kind === "cross") viewer.crossAt(pane, at);
    else if (drag.kind === "tool") viewer.tool.move(pane, at, event);
    else if (drag.kind === "scroll") this.scroll(-dy);
  }

  scroll(by) {
    const { viewer, pane, drag } = this;
    const steps = Math.trunc((drag.rest + by) / FINGER);
    drag.rest += by - steps * FINGER;
    if (steps) viewer.step(pane.plane.through, steps);
  }

  up(event) {
    const { viewer, pane, drag } = this;
    const wasPinched = this.fingers.size > 1;
    this.fingers.delete(event.pointerId);
    if (wasPinched) return this.pinch();
    if (!drag || (event.pointerType === "mouse" && event.button !== drag.button)) return;
    this.drag = null;
    const at = this.place(event);
    const twice = this.isSecond(at, drag);
    if (drag.kind === "tool" || drag.kind === "scroll") {
      viewer.tool?.up(pane, at, event);
      if (twice) this.doubleClick();
    } else if (drag.kind === "cross" && twice && pane.name !== "axial") viewer.enlarge(pane.name);
    viewer.schedule();
  }

  /** Say whether this is the second click of a double click. */
  isSecond(at, drag) {
    const now = performance.now();
    const still = Math.hypot(at.px - drag.from.px, at.py - drag.from.py) < 4;
    const near = Math.hypot(at.px - this.lastUp.px, at.py - this.lastUp.py) < 6;
    const twice = still && near && now - this.lastUp.time < DOUBLE_MS;
    this.lastUp = twice || !still ? { time: -Infinity } : { time: now, px: at.px, py: at.py };
    return twice;
  }

  /** On the axial plane a double click belongs to the tools that click; with the others it enlarges. */
  doubleClick() {
    const { viewer, pane } = this;
    if (viewer.tool?.doubleClick) viewer.tool.doubleClick();
    else if (["select", "box"].includes(viewer.state.tool)) viewer.enlarge(pane.name);
  }

  drop(event) {
    this.fingers.delete(event.pointerId);
    if (["tool", "scroll"].includes(this.drag?.kind)) this.viewer.tool?.cancel();
    this.drag = null;
    this.viewer.schedule();
  }

  leave() {
    if (this.drag) return;
    this.viewer.state.pointer = null;
    this.viewer.schedule();
  }

  point(at, event) {
    this.viewer.point(this.pane, at, event.pointerType === "touch");
  }

  /** A second finger ends what the first began: two fingers move and zoom. */
  pinch() {
    if (["tool", "scroll"].includes(this.drag?.kind)) this.viewer.tool?.cancel();
    this.drag = this.fingers.size > 0 ? { kind: "none", at: null, from: { px: 0, py: 0 } } : null;
    this.span = null;
    if (this.fingers.size > 1) this.spread();
  }

  spread() {
    const [one, other] = [...this.fingers.values()];
    const span = { x: (one.px + other.px) / 2, y: (one.py + other.py) / 2, d: Math.hypot(one.px - other.px, one.py - other.py) };
    if (this.span) {
      this.pane.view.pan(span.x - this.span.x, span.y - this.span.y);
      if (this.span.d > 0) this.pane.view.zoom(span.d / this.span.d, span.x, span.y);
    }
    this.span = span;
    this.viewer.schedule();
  }

  roll(event) {
    event.preventDefault();
    const { viewer, pane } = this;
    const amount = (event.deltaY || event.deltaX) * (event.deltaMode === 0 ? 1 : LINE); // Shift turns it sideways
    const at = this.place(event);
    if (event.ctrlKey || event.metaKey) {
      pane.view.zoom(ZOOM ** -amount, at.px, at.py);
      this.point(at, event);
      return viewer.schedule();
    }
    if (this.drag?.kind === "tool") return; // a stroke stays on its slice
    this.wheel = Math.sign(amount) === Math.sign(this.wheel) ? this.wheel + amount : amount;
    const steps = Math.abs(amount) >= NOTCH / 2 ? Math.round(amount / NOTCH) || Math.sign(amount) : Math.trunc((this.wheel * 2) / NOTCH);
    if (steps === 0) return;
    this.wheel = 0;
    if (event.shiftKey && viewer.isPainting) return viewer.resizeBrush(-Math.sign(steps));
    viewer.step(pane.plane.through, -steps);
    this.point(at, event);
  }
}
