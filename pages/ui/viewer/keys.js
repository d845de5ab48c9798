// The keyboard: what each key does, unless the reader types somewhere.

import { change, changeHere, copyTo } from "./commands.js";
import { nextLabel } from "./labels.js";
import { t } from "./strings.js";

const TYPED = "input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable], [role=combobox], [role=option], [role=slider], [role=dialog], dialog, [role=menu], [data-testid=stPopoverBody]";
const PRESSED = "button, a, [role=button], [role=radio], [role=tab], summary, input"; // take Space and Enter for themselves
const HOLD_MS = 300;
const LETTERS = {
  v: "select", b: "box", p: "plus", d: "brush", e: "eraser", g: "polygon",
};

export class Keys {
  constructor(viewer, signal) {
    this.viewer = viewer;
    viewer.spaceHeld = false;
    // Caught on the way down: Streamlit has short cuts of its own on the letters R and C.
    window.addEventListener("keydown", (event) => this.down(event), { signal, capture: true });
    window.addEventListener("keyup", (event) => this.up(event), { signal, capture: true });
    window.addEventListener("blur", () => this.release(), { signal });
    window.addEventListener("beforeunload", (event) => {
      const untold = viewer.data.editable && viewer.objects.version > viewer.data.version;
      if (viewer.queue.busy || viewer.data.unsaved || untold) event.preventDefault();
    }, { signal });
    viewer.root.addEventListener("pointerdown", () => viewer.root.classList.remove("tabbed"), { signal });
    viewer.root.addEventListener("click", (event) => this.leave(event), { signal });
  }

  /** After a click with the mouse the keys belong to the picture again, not to the button that was clicked. */
  leave(event) {
    const button = event.target.closest?.("button, input[type=checkbox], input[type=range]");
    const focused = this.viewer.root.getRootNode().activeElement;
    const moved = focused && focused !== button && focused !== document.body; // the click has put the focus somewhere
    if (event.detail > 0 && button && !moved && !event.target.closest(".menu, dialog, form")) this.viewer.focus();
  }

  down(event) {
    if (event.key === "Tab") this.viewer.root.classList.add("tabbed");
    const target = event.composedPath()[0];
    if (!(target instanceof Element) || target.closest(TYPED) || this.covered(target)) return;
    if (event.isComposing || this.viewer.frame.help.shown) return;
    const own = target.closest(PRESSED);
    if (own && [" ", "Enter"].includes(event.key)) return;
    if (target.matches("input[type=range]") && !this.isSlices(target) && /^(Arrow|Page|Home|End)/.test(event.key)) return;
    if (this.viewer.tool?.key?.(event) || (event.ctrlKey || event.metaKey ? this.chord(event) : this.single(event))) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  isSlices(target) {
    return target === this.viewer.frame.bar.range;
  }

  /** Whether a dialog or an opened menu of the page around has the keyboard. */
  covered(target) {
    return this.viewer.root.hidden || !this.viewer.root.isConnected || (target === document.body && document.querySelector("[role=dialog][aria-modal=true], [data-testid=stPopoverBody]"));
  }

  chord(event) {
    const { viewer } = this;
    const key = event.key.toLowerCase();
    if (event.altKey || !viewer.data.editable) return false;
    if (key === "z") viewer.frame.bar.travel(event.shiftKey ? "redo" : "undo");
    else if (key === "y") viewer.frame.bar.travel("redo");
    else return false;
    return true;
  }

  single(event) {
    if (event.altKey) return event.key === "Alt" && Boolean(this.viewer.state.pointer); // else a menu takes the keyboard
    return this.read(event) || (this.viewer.data.editable && this.draw(event));
  }

  read(event) {
    const { viewer } = this;
    const { key, shiftKey } = event;
    const { shape, presets } = viewer.data;
    const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10, Home: -shape[0], End: shape[0] };
    const preset = /^Digit([1-5])$/.exec(event.code);
    if (key in steps) viewer.step(0, steps[key]);
    else if (key === "[" || (shiftKey && key.toLowerCase() === "n")) viewer.frame.bar.toMask(-1);
    else if (key === "]" || key.toLowerCase() === "n") viewer.frame.bar.toMask(1);
    else if (key === "0" || key.toLowerCase() === "f") viewer.fit();
    else if (key === "+" || key === "=") viewer.zoom(1.25);
    else if (key === "-" || key === "−") viewer.zoom(0.8);
    else if (key === "?") viewer.frame.help.open();
    else if (key.toLowerCase() === "t") shape[0] > 1 && viewer.frame.strip.turn();
    else if (key.toLowerCase() === "h") this.hide(event);
    else if (key === " ") this.space(event);
    else if (preset && presets[preset[1] - 1] && viewer.data.hasHu) viewer.setWindow(presets[preset[1] - 1].level, presets[preset[1] - 1].width);
    else return false;
    return true;
  }

  draw({ key, shiftKey, repeat }) {
    const { viewer } = this;
    const letter = key.toLowerCase();
    if (key === "," || key === "<") viewer.resizeBrush(-1);
    else if (key === "." || key === ">") viewer.resizeBrush(1);
    else if (repeat) return false;
    else if (letter === "p" && shiftKey) viewer.setTool("minus");
    else if (letter in LETTERS && !shiftKey) viewer.setTool(LETTERS[letter]);
    else if (letter === "c") copyTo(viewer, shiftKey ? -1 : 1);
    else if (key === "Delete" && shiftKey) changeHere(viewer, "delete_slice");
    else if (key === "Delete") this.remove();
    else if (letter === "s" && !shiftKey) viewer.finding.begin();
    else if (letter === "j") viewer.finding.go(shiftKey ? -1 : 1);
    else if (letter === "y") viewer.finding.accept();
    else if (letter === "a") this.carry(shiftKey);
    else if (letter === "m") viewer.set({ heat: !viewer.state.heat });
    else if (letter === "u") viewer.trust.next();
    else if (key === "Escape" && this.stop()) return true;
    else if (letter === "o" || key === "Escape") this.fresh();
    else if (letter === "l") nextLabel(viewer);
    else return false;
    return true;
  }

  /** Carry the active object through all slices, or on from this one. */
  carry(on) {
    const { carrying, frame, state } = this.viewer;
    carrying.begin(on ? { z: state.at[0] } : frame.panel.whole.limits());
  }

  /** Delete the active object; after a proposal the next one comes. */
  remove() {
    const { finding, activeObject } = this.viewer;
    if (activeObject?.proposed) finding.remove(activeObject.id);
    else change(this.viewer, "delete");
  }

  /** Stop what is being carried, unless a tool is at work. */
  stop() {
    const { carrying, tool } = this.viewer;
    if (!carrying.underWay || carrying.stopping || tool?.from || tool?.stroke) return false;
    carrying.stop();
    return true;
  }

  /** Leave what is going on; with nothing going on, the active object. */
  fresh() {
    const { viewer } = this;
    const busy = viewer.tool?.from || viewer.tool?.stroke;
    if (busy) viewer.tool.cancel();
    else viewer.activate(null);
    viewer.notice.tell(t("goes_to_new"));
  }

  /** A tap turns the masks off and on, a longer press lets look underneath. */
  hide({ repeat }) {
    if (repeat) return;
    this.hidden = performance.now();
    this.viewer.peek(true);
  }

  space({ repeat }) {
    if (repeat) return;
    this.viewer.spaceHeld = true;
    this.viewer.peek(!this.viewer.state.hidden);
  }

  up({ key }) {
    const { viewer } = this;
    if (key === " " && viewer.spaceHeld) this.release();
    if (key.toLowerCase() !== "h" || this.hidden === undefined) return;
    const tapped = performance.now() - this.hidden < HOLD_MS;
    this.release();
    if (tapped) viewer.set({ hidden: !viewer.state.hidden });
  }

  release() {
    this.hidden = undefined;
    this.viewer.spaceHeld = false;
    this.viewer.peek(false);
  }
}
