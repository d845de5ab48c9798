// How masks and layers are shown.

import { attribute, el, icon, text } from "./dom.js";
import { t } from "./strings.js";

export class Display {
  constructor(viewer) {
    this.viewer = viewer;
    this.eye = el("button", { type: "button", class: "ghost eye", onclick: () => viewer.set({ hidden: !viewer.state.hidden }) });
    this.opacity = el("input", { type: "range", min: 0, max: 100, step: 5, "aria-label": t("opacity"), title: t("opacity"), oninput: () => viewer.set({ opacity: Number(this.opacity.value) / 100 }) });
    this.outlines = el("input", { type: "checkbox", onchange: () => viewer.set({ outlines: this.outlines.checked }) });
    this.layers = el("div", { class: "layers" });
    this.spacing = el("span", { class: "goes" });
    this.root = el("section", { class: "display" },
      el("header", {}, el("h3", {}, t("masks")), this.spacing, this.eye),
      el("div", { class: "row" }, this.opacity, el("label", {}, this.outlines, t("outlines"))),
      this.layers);
  }

  show() {
    const { data, state, lookStamp } = this.viewer;
    const key = [lookStamp, state.hidden, JSON.stringify(data.layers)].join();
    if (key === this.key) return;
    this.key = key;
    attribute(this.eye, "aria-pressed", String(!state.hidden));
    const words = t(state.hidden ? "show_all" : "hide_all");
    attribute(this.eye, "title", `${words} (H)`);
    attribute(this.eye, "aria-label", words);
    this.eye.replaceChildren(icon(state.hidden ? "closed" : "eye"));
    const opacity = String(Math.round(state.opacity * 100));
    if (this.opacity.value !== opacity) this.opacity.value = opacity;
    this.outlines.checked = state.outlines;
    text(this.spacing, this.viewer.words.spacing());
    this.showLayers(data.layers);
  }

  showLayers(layers) {
    const shown = new Set(this.viewer.looksOf.layers().map(({ name }) => name));
    this.layers.replaceChildren(...layers.map(({ name, title, colours, names }) => {
      const box = el("input", { type: "checkbox", onchange: () => this.turn(name, box.checked) });
      box.checked = shown.has(name);
      const dots = [...new Set(Object.values(colours))].slice(0, 6).map((colour) => el("i", { class: "dot", style: `background: ${colour}` }));
      const row = el("label", { class: "row check", "data-layer": name }, box, el("span", {}, title), names ? null : el("span", { class: "dots" }, dots));
      return el("div", {}, row, names && box.checked ? legend(colours, names) : null);
    }));
  }

  turn(name, shown) {
    const { viewer } = this;
    viewer.session.shownLayers.set(name, shown);
    viewer.set({});
    viewer.loader.want(viewer.looksOf.layers().map((layer) => layer.name));
  }
}

/** Say what the colours of a layer mean, where the app names them. */
function legend(colours, names) {
  const entries = Object.entries(names).map(([value, name]) => el("li", {}, el("i", { class: "dot", style: `background: ${colours[value]}` }), name));
  return el("ul", { class: "legend" }, entries);
}
