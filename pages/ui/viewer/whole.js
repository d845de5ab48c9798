// The whole lesion from one slice: carrying the active object, how far that is, and stopping it.

import { isCarried } from "./carrying.js";
import { attribute, el, text } from "./dom.js";
import { t } from "./strings.js";
import { TrustList } from "./trustlist.js";

export class Whole {
  constructor(viewer) {
    this.viewer = viewer;
    const { carrying } = viewer;
    const press = (act, key, onclick) => el("button", { type: "button", class: "entry", "data-act": act, "aria-keyshortcuts": key || null, onclick }, el("span"), key ? el("kbd", {}, key) : null);
    this.carry = press("carry", "A", () => carrying.begin(this.limits()));
    this.on = press("carry_on", "Shift+A", () => carrying.begin({ z: viewer.state.at[0] }));
    this.all = press("carry_all", "", () => carrying.beginAll());
    this.ends = el("details", { class: "ends" }, el("summary", {}, t("limits")), this.range());
    this.words = el("span", { class: "words" });
    this.bar = el("progress", { max: 1, value: 0, "aria-label": t("carrying") });
    this.halt = el("button", { type: "button", "data-act": "stop", onclick: () => carrying.stop() });
    this.running = el("div", { class: "running" }, el("div", { class: "row" }, this.words, this.halt), this.bar);
    this.trust = new TrustList(viewer);
    this.root = el("div", { class: "whole" }, this.running, this.carry, this.on, this.all, this.ends, this.trust.root);
  }

  range() {
    const [count] = this.viewer.data.shape;
    const field = (name, usual) => el("input", { type: "number", min: 1, max: count, step: 1, placeholder: usual, "aria-label": t(name) });
    [this.first, this.last] = [field("limit_first", 1), field("limit_last", count)];
    return el("div", { class: "row range" }, el("label", {}, t("limit_first"), this.first), el("label", {}, t("limit_last"), this.last));
  }

  /** Limits are of one object: the next one begins without. */
  forget() {
    const id = this.viewer.activeObject?.id;
    if (id === this.limited) return;
    this.limited = id;
    this.first.value = this.last.value = "";
    this.ends.open = false;
  }

  /** The slices that the reader wants it to stay between, counted from 0. */
  limits() {
    this.forget();
    const number = (field) => (this.ends.open && Number.isFinite(field.valueAsNumber) ? Math.round(field.valueAsNumber) - 1 : null);
    return { first: number(this.first), last: number(this.last) };
  }

  show() {
    const { viewer } = this;
    const { data } = viewer;
    const { status, underWay } = viewer.carrying;
    const object = viewer.activeObject;
    const held = object && viewer.carrying.holds(object.id);
    const can = data.shape[0] > 1 && object && !held && !object.proposed;
    this.carry.hidden = this.ends.hidden = !can;
    text(this.carry.firstChild, t("carry"));
    this.carry.disabled = !object?.marked.length;
    attribute(this.carry, "title", object?.marked.length ? t("carry_hint") : t("carry_unmarked"));
    const [z] = viewer.state.at;
    this.on.hidden = !(can && isCarried(object) && object.marked.length > 1 && object.marked.includes(z));
    text(this.on.firstChild, t("carry_on", { slice: z + 1 }));
    attribute(this.on, "title", t("carry_on_hint"));
    const { open } = viewer.carrying;
    this.all.hidden = open.length < 2 || underWay || data.shape[0] < 2;
    text(this.all.firstChild, t("carry_all", { count: open.length }));
    this.running.hidden = !underWay;
    if (underWay) this.showRunning(status);
    this.forget();
    this.trust.show();
    this.root.hidden = !data.editable || (!object && this.all.hidden && !underWay);
  }

  showRunning({ object, waiting, done, most }) {
    const now = most ? t("carrying_slice", { id: object, slice: done, slices: most }) : t("carrying");
    const then = waiting.length ? ` ${t("carrying_then", { count: waiting.length })}` : "";
    text(this.words, now + then);
    attribute(this.bar, "max", most || 1);
    attribute(this.bar, "value", done);
    text(this.halt, t(this.viewer.carrying.stopping ? "stopping" : "stop"));
    this.halt.disabled = this.viewer.carrying.stopping;
    attribute(this.halt, "title", `${t("stop_hint")} (Esc)`);
  }
}
