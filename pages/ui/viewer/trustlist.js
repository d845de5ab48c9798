// What is known of how far to trust the active object, in words: stability, doubtful slices, remarks.

import { attribute, el, text } from "./dom.js";
import { t } from "./strings.js";
import { colourOf } from "./trust.js";

const MOST_ROWS = 4;
const MOST_REMARKS = 6;
const STEADY = 0.9;
const LOOSE = 0.75;

export class TrustList {
  constructor(viewer) {
    this.viewer = viewer;
    this.figure = el("b");
    this.words = el("span");
    this.heat = el("button", { type: "button", class: "toggle", "data-act": "heat", "aria-keyshortcuts": "M", onclick: () => viewer.set({ heat: !viewer.state.heat }) }, t("heat"), el("kbd", {}, "M"));
    this.stability = el("div", { class: "stability" }, el("div", { class: "row" }, el("span", {}, t("stability"), " ", this.figure), this.heat), this.words);
    this.legend = el("p", { class: "hint scale" }, [["few", 1 / 16], ["half", 0.5], ["all", 1]].map(([name, share]) =>
      el("span", {}, el("i", { class: "dot", style: `background: ${colourOf(share)}` }), { few: t("heat_few"), half: t("heat_half"), all: t("heat_all") }[name])));
    this.nextButton = el("button", { type: "button", class: "entry", "data-act": "doubtful", "aria-keyshortcuts": "U", title: t("doubt_meaning"), onclick: () => viewer.trust.next() }, el("span", {}, t("doubt_next")), el("kbd", {}, "U"));
    this.doubts = el("ol", { class: "doubts", "aria-label": t("doubt_list") });
    this.remarks = el("ul", { class: "remarks", "aria-label": t("remarks") });
    this.working = el("p", { class: "hint" }, t("trust_working"));
    this.root = el("div", { class: "trust" }, this.stability, this.legend, this.nextButton, this.doubts, this.remarks, this.working);
  }

  show() {
    const { viewer } = this;
    viewer.trust.show();
    const object = viewer.activeObject;
    const known = viewer.trust.known;
    this.root.hidden = !object || !viewer.data.editable || viewer.carrying.holds(object.id);
    if (this.root.hidden) return;
    const [z] = viewer.state.at;
    this.showStability(object, known, z);
    this.working.hidden = !known || known.left === 0;
    if (known === this.listed && viewer.trust.visited === this.visited) return;
    [this.listed, this.visited] = [known, viewer.trust.visited];
    const doubts = known?.doubts ?? [];
    this.nextButton.hidden = doubts.length === 0;
    this.doubts.replaceChildren(...doubts.slice(0, MOST_ROWS).map((doubt, i) => this.row(doubt.z, `${t("one_slice", { first: doubt.z + 1 })}: ${viewer.trust.why(doubt)}`, i === viewer.trust.visited)));
    const remarks = known?.remarks ?? [];
    this.remarks.replaceChildren(...remarks.slice(0, MOST_REMARKS).map((remark) => this.row(remark.z, viewer.trust.remark(remark))));
  }

  showStability(object, known, z) {
    const figure = known?.stability[z];
    const here = object.slices.includes(z);
    this.stability.hidden = !here || object.proposed; // no box to move
    text(this.figure, figure === undefined ? "–" : figure.toFixed(2));
    const words = figure >= STEADY ? t("stability_high") : figure >= LOOSE ? t("stability_middle") : t("stability_low");
    text(this.words, figure === undefined ? (known && !known.left ? t("stability_none") : t("trust_working")) : words);
    attribute(this.stability, "title", t("stability_meaning"));
    attribute(this.heat, "aria-pressed", String(this.viewer.state.heat));
    this.legend.hidden = !this.viewer.state.heat || !here;
  }

  row(z, words, chosen = false) {
    return el("li", {}, el("button", { type: "button", "data-slice": z + 1, "aria-current": chosen ? "true" : null, onclick: () => this.viewer.trust.visit(z) }, words));
  }
}
