// The button that finds liver and tumours, how far that is, and the way through what was found.

import { attribute, el, iconButton, text } from "./dom.js";
import { t } from "./strings.js";

export class FindBox {
  constructor(viewer) {
    this.viewer = viewer;
    const { finding } = viewer;
    this.button = el("button", { type: "button", class: "entry", "data-act": "find", "aria-keyshortcuts": "S", onclick: () => finding.begin() }, el("span", {}, t("find")), el("kbd", {}, "S"));
    this.why = el("p", { class: "hint" });
    this.words = el("span", { class: "words" });
    this.bar = el("progress", { max: 1, value: 0, "aria-label": t("finding") });
    this.halt = el("button", { type: "button", "data-act": "stop_finding", title: t("find_stop_why"), onclick: () => finding.stop() });
    this.running = el("div", { class: "running" }, el("div", { class: "row" }, this.words, this.halt), this.bar);
    this.review = this.reviewing();
    this.root = el("section", { class: "finding" }, this.button, this.why, this.running, this.review);
  }

  reviewing() {
    const { finding } = this.viewer;
    this.count = el("span", { class: "words" });
    const go = (icon, name, direction) => iconButton(icon, `${t(name)} (${direction > 0 ? "J" : "Shift+J"})`, () => finding.go(direction), { class: "ghost", "data-act": name });
    const all = (name, verb) => el("button", { type: "button", "data-act": verb, onclick: () => finding.settleAll(verb) }, t(name));
    return el("div", { class: "review" },
      el("div", { class: "row" }, this.count, go("back", "proposal_previous", -1), go("next", "proposal_next", 1)),
      el("div", { class: "row" }, all("accept_all", "accept_all"), all("drop_all", "drop_all")),
      el("p", { class: "hint" }, t("proposals_hint")));
  }

  show() {
    const { data, finding } = this.viewer;
    this.root.hidden = !data.editable;
    if (this.root.hidden) return;
    const { underWay, status, stopping, proposals } = finding;
    this.button.hidden = underWay;
    attribute(this.button, "aria-disabled", data.finder ? null : "true"); // not `disabled`: a click says why
    attribute(this.button, "title", data.finder ? t("find_with", { model: data.finder }) : data.noFinder);
    this.why.hidden = underWay || Boolean(data.finder);
    text(this.why, data.noFinder ?? "");
    this.running.hidden = !underWay;
    this.review.hidden = proposals.length === 0 || underWay;
    text(this.count, proposals.length === 1 ? t("proposals_one") : t("proposals_many", { count: proposals.length }));
    if (!underWay) return;
    text(this.words, status.done > 0 ? t("finding_slice", { model: status.title, slice: status.done, slices: status.most }) : t("finding"));
    attribute(this.bar, "max", status.most || 1);
    if (status.running && status.done === 0) this.bar.removeAttribute("value"); // at work without an answer yet
    else attribute(this.bar, "value", status.done);
    text(this.halt, t(stopping ? "stopping" : "stop"));
    this.halt.disabled = stopping || !status.running;
  }
}
