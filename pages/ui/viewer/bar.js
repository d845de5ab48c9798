// The bar below the planes: slices, window, undo and redo.

import { attribute, el, iconButton, text } from "./dom.js";
import { order } from "./commands.js";
import { Ready } from "./ready.js";
import { t } from "./strings.js";

export class Bar {
  constructor(viewer) {
    this.viewer = viewer;
    const { shape } = viewer.data;
    const step = (by) => () => viewer.step(0, by);
    this.range = el("input", { type: "range", min: 1, max: shape[0], step: 1, "aria-label": t("slice"), oninput: () => viewer.goTo(Number(this.range.value) - 1) });
    this.marks = el("div", { class: "marks", "aria-hidden": "true" });
    this.ready = new Ready(viewer);
    this.place = el("output", { class: "place", "aria-hidden": "true" });
    this.previous = iconButton("back", `${t("mask_previous")} ([)`, () => this.toMask(-1), { class: "ghost", "data-act": "previous" });
    this.next = iconButton("next", `${t("mask_next")} (])`, () => this.toMask(1), { class: "ghost", "data-act": "next" });
    this.undo = iconButton("undo", t("undo"), () => this.travel("undo"), { class: "ghost", "data-act": "undo" });
    this.redo = iconButton("redo", t("redo"), () => this.travel("redo"), { class: "ghost", "data-act": "redo" });
    this.root = el(
      "div",
      { class: "bar" },
      el("div", { class: "slices" }, this.previous, iconButton("down", `${t("slice_down")} (↓)`, step(-1), { class: "ghost" }),
        el("div", { class: "track" }, this.ready.marks, this.range, this.marks),
        iconButton("up", `${t("slice_up")} (↑)`, step(1), { class: "ghost" }), this.next, this.place, this.ready.button),
      this.windowing(),
      el("div", { class: "history" }, this.undo, this.redo),
    );
  }

  windowing() {
    const { viewer } = this;
    const presets = viewer.data.presets.map(({ name }, i) => el("option", { value: i }, name));
    this.own = el("option", { value: "own", hidden: true }, t("window_own"));
    this.preset = el("select", { "aria-label": t("window"), title: `${t("window")} (1–5)`, onchange: () => this.choose() }, presets, this.own);
    const number = (key) => el("input", { type: "number", step: 5, "aria-label": t(key), title: t(key), onchange: () => this.type(), onkeydown: (event) => event.key === "Enter" && viewer.focus() });
    this.width = number("width");
    this.level = number("level");
    this.width.min = 1;
    return el("div", { class: "windowing" }, viewer.data.hasHu && presets.length ? this.preset : null,
      el("label", {}, "W", this.width), el("label", {}, "L", this.level));
  }

  choose() {
    const preset = this.viewer.data.presets[Number(this.preset.value)];
    if (preset) this.viewer.setWindow(preset.level, preset.width);
    this.viewer.focus();
  }

  type() {
    const [level, width] = [this.level.valueAsNumber, this.width.valueAsNumber];
    if (Number.isFinite(level) && Number.isFinite(width)) this.viewer.setWindow(level, width);
  }

  toMask(direction) {
    const z = this.viewer.toMask(direction);
    if (z === undefined) this.viewer.notice.say(t("no_mask_slice"), "hint");
    else this.viewer.goTo(z);
  }

  travel(way) {
    const { viewer } = this;
    const waiting = viewer.queue.busy; // what will be undone is known only once the queue is empty
    if (waiting || viewer.objects[way]) order(viewer, { do: way });
  }

  show() {
    const { data, state, objects, queue } = this.viewer;
    const [z] = state.at;
    const count = data.shape[0];
    if (this.range.value !== String(z + 1)) this.range.value = z + 1;
    attribute(this.range, "aria-valuetext", t("slice_of", { slice: z + 1, slices: count }));
    text(this.place, `${z + 1} / ${count}`);
    this.showWindow();
    for (const way of ["undo", "redo"]) {
      const step = objects[way];
      const title = step ? t(`${way}_step`, { step }) : t(way);
      this[way].hidden = !data.editable;
      attribute(this[way], "title", `${title} (${way === "undo" ? "Ctrl+Z" : "Ctrl+Shift+Z"})`);
      attribute(this[way], "aria-label", title);
      this[way].disabled = !step && !(way === "undo" && queue.busy);
    }
    this.mark();
    this.ready.show();
  }

  showWindow() {
    const { state, data } = this.viewer;
    const [level, width] = [Math.round(state.level), Math.round(state.width)];
    const editing = this.root.getRootNode().activeElement;
    if (editing !== this.level) this.level.value = level;
    if (editing !== this.width) this.width.value = width;
    const known = data.presets.findIndex((preset) => preset.level === state.level && preset.width === state.width);
    const value = known < 0 ? "own" : String(known);
    if (this.preset.value !== value) this.preset.value = value;
  }

  /** Mark where the objects lie, in their colours; neighbouring slices make one mark. */
  mark() {
    const { objects, data } = this.viewer;
    if (this.stamp === objects.stamp) return;
    this.stamp = objects.stamp;
    const last = Math.max(1, data.shape[0] - 1);
    const marks = objects.table.flatMap(({ slices, label }) => {
      const { colour } = objects.label(label);
      return runs(slices).map(([from, to]) => {
        const [left, wide] = [(from / last) * 100, ((to - from) / last) * 100];
        return el("i", { style: `left: ${left}%; width: calc(${wide}% + 3px); background: ${colour}` });
      });
    });
    this.marks.replaceChildren(...marks);
    this.previous.disabled = this.next.disabled = marks.length === 0;
  }
}

/** Join slices that follow one another: [3, 4, 5, 9] makes [[3, 5], [9, 9]]. */
export function runs(slices) {
  const found = [];
  for (const z of slices) {
    if (found.length && z === found.at(-1)[1] + 1) found.at(-1)[1] = z;
    else found.push([z, z]);
  }
  return found;
}
