// What the chosen tool does, and its settings.

import { attribute, el, text } from "./dom.js";
import { t } from "./strings.js";

const FINEST = 0.5; // mm: the shortest radius of the slider
const COARSEST = 40;
const STEPS = 100;

export class Options {
  constructor(viewer) {
    this.viewer = viewer;
    this.title = el("h3");
    this.goes = el("span", { class: "goes" });
    this.hint = el("p", { class: "hint" });
    this.root = el("section", { class: "options" }, el("header", {}, this.title, this.goes), this.hint, this.size(), this.form(), this.range(), this.only(), this.cutting());
  }

  size() {
    const { viewer } = this;
    // Steps are finer for small brushes: the slider runs over the logarithm.
    this.slider = el("input", { type: "range", min: 0, max: STEPS, "aria-label": t("size"), oninput: () => viewer.set({ radius: radiusAt(Number(this.slider.value)) }) });
    this.diameter = el("output");
    return (this.sizeRow = el("label", { class: "row", title: ", ." }, el("span", {}, t("size")), this.slider, this.diameter));
  }

  form() {
    const choice = (ball, name) => el("button", { type: "button", "data-ball": String(ball), onclick: () => this.viewer.set({ ball }) }, t(name));
    this.forms = [choice(false, "flat"), choice(true, "ball")];
    return (this.formRow = el("div", { class: "segments", role: "group", "aria-label": t("shape") }, this.forms));
  }

  range() {
    const { viewer } = this;
    this.limited = el("input", { type: "checkbox", onchange: () => viewer.set({ onlyRange: this.limited.checked }) });
    const number = (key) => el("input", { type: "number", step: 5, "aria-label": t(key), onchange: () => this.takeRange() });
    [this.low, this.high] = [number("range_low"), number("range_high")];
    const unit = viewer.data.hasHu ? t("hu") : "";
    return (this.rangeRow = el("div", { class: "row range" }, el("label", {}, this.limited, t("only_range")), this.low, "–", this.high, unit));
  }

  takeRange() {
    const ends = [this.low.valueAsNumber, this.high.valueAsNumber];
    if (!ends.every(Number.isFinite)) return;
    this.viewer.set({ range: ends.sort((a, b) => a - b), onlyRange: true });
  }

  only() {
    this.onlyActive = el("input", { type: "checkbox", onchange: () => this.viewer.set({ onlyActive: this.onlyActive.checked }) });
    this.onlyName = el("span");
    return (this.onlyRow = el("label", { class: "row check" }, this.onlyActive, this.onlyName));
  }

  cutting() {
    const choice = (cut, name) => el("button", { type: "button", "data-cut": String(cut), onclick: () => this.viewer.set({ cut }) }, t(name));
    this.cuts = [choice(false, "fill_polygon"), choice(true, "cut_polygon")];
    return (this.cutRow = el("div", { class: "segments", role: "group", "aria-label": t("polygon") }, this.cuts));
  }

  show() {
    const { data, state, session } = this.viewer;
    this.root.hidden = !data.editable;
    const { tool } = state;
    text(this.title, t(tool));
    text(this.hint, t(`${tool}_hint`));
    const paints = tool === "brush" || tool === "eraser";
    this.sizeRow.hidden = this.formRow.hidden = !paints;
    this.rangeRow.hidden = tool !== "brush";
    this.onlyRow.hidden = tool !== "eraser";
    this.cutRow.hidden = tool !== "polygon";
    this.hint.hidden = paints;
    const slider = String(Math.round(positionOf(state.radius)));
    if (this.slider.value !== slider) this.slider.value = slider;
    const size = `${Number((2 * state.radius).toFixed(1))} ${t(data.hasSpacing ? "mm" : "voxel")}`;
    text(this.diameter, size);
    attribute(this.slider, "aria-valuetext", size);
    for (const button of this.forms) attribute(button, "aria-pressed", String(button.dataset.ball === String(state.ball)));
    for (const button of this.cuts) attribute(button, "aria-pressed", String(button.dataset.cut === String(state.cut)));
    this.showRange(state);
    this.showTarget(tool, session.active);
  }

  showRange({ onlyRange, range }) {
    this.limited.checked = onlyRange;
    const focused = this.root.getRootNode().activeElement;
    if (focused !== this.low) this.low.value = range[0];
    if (focused !== this.high) this.high.value = range[1];
  }

  /** Say where the next stroke goes: into the active object or a new one. */
  showTarget(tool, active) {
    const id = active?.id ?? "…";
    const { onlyActive } = this.viewer.state;
    this.onlyActive.checked = onlyActive;
    text(this.onlyName, t("only_active", { id: active ? id : "–" }));
    const silent = tool === "select" || tool === "eraser";
    const fresh = tool === "box" || !active?.id; // one that is being drawn has no number yet
    text(this.goes, silent ? "" : fresh ? t("goes_to_new") : t("goes_to_object", { id }));
  }
}

function radiusAt(position) {
  const radius = FINEST * (COARSEST / FINEST) ** (position / STEPS);
  return Math.round(radius * 4) / 4;
}

function positionOf(radius) {
  return (STEPS * Math.log(radius / FINEST)) / Math.log(COARSEST / FINEST);
}
