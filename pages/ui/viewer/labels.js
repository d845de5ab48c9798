// The labels: which one the next object gets, which are shown, and adding one.

import { attribute, el, icon, text } from "./dom.js";
import { t } from "./strings.js";

export class Labels {
  constructor(viewer) {
    this.viewer = viewer;
    this.rows = el("div", { class: "labels", role: "group", "aria-label": t("label_next") });
    this.adding = el("button", { type: "button", class: "ghost", title: t("add_label"), "aria-label": t("add_label"), onclick: () => this.ask() }, icon("add"));
    this.name = el("input", { type: "text", maxlength: 40, "aria-label": t("label_name"), placeholder: t("label_name") });
    this.form = el("form", { class: "row adding", hidden: true, onsubmit: (event) => this.add(event) }, this.name, el("button", { type: "submit" }, t("add")));
    this.name.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    this.root = el("section", {}, el("header", {}, el("h3", {}, t("label_next")), this.adding), this.rows, this.form);
  }

  ask() {
    this.form.hidden = !this.form.hidden;
    if (!this.form.hidden) this.name.focus();
  }

  close() {
    this.form.hidden = true;
    this.name.value = "";
    this.adding.focus();
  }

  add(event) {
    event.preventDefault();
    const name = this.name.value.trim();
    if (!name) return;
    const { viewer } = this;
    viewer.queue.push({ handle: null, addsLabel: true, make: () => ({ do: "add_label", name }) });
    this.close();
  }

  show() {
    const { data, objects, state, session, lookStamp } = this.viewer;
    this.root.hidden = !data.editable;
    const key = [objects.stamp, lookStamp, state.label].join();
    if (key === this.key) return;
    this.key = key;
    if (this.built !== JSON.stringify(objects.labels)) this.build(objects.labels);
    for (const row of this.rows.children) {
      const value = Number(row.dataset.label);
      const [choose, eye] = row.children;
      attribute(choose, "aria-pressed", String(value === state.label));
      const hidden = session.hiddenLabels.has(value);
      attribute(eye, "aria-pressed", String(!hidden));
      eye.replaceChildren(icon(hidden ? "closed" : "eye"));
      const name = objects.label(value).name;
      attribute(eye, "title", `${t(hidden ? "show" : "hide")}: ${name}`);
      attribute(eye, "aria-label", `${t(hidden ? "show" : "hide")}: ${name}`);
    }
  }

  build(labels) {
    this.built = JSON.stringify(labels);
    this.rows.replaceChildren(...labels.map(({ value, name, colour }) => {
      const choose = el("button", { type: "button", class: "label", onclick: () => this.viewer.setLabel(value) },
        el("i", { class: "dot", style: `background: ${colour}` }), el("span"));
      text(choose.lastChild, name);
      const eye = el("button", { type: "button", class: "ghost eye", onclick: () => this.turn(value) });
      return el("div", { class: "item", "data-label": value }, choose, eye);
    }));
  }

  turn(value) {
    const { hiddenLabels } = this.viewer.session;
    if (!hiddenLabels.delete(value)) hiddenLabels.add(value);
    this.viewer.set({});
  }
}

/** Take the label after the active one; the last is followed by the first. */
export function nextLabel(viewer) {
  const { labels } = viewer.objects;
  const at = labels.findIndex(({ value }) => value === viewer.state.label);
  if (labels.length) viewer.setLabel(labels[(at + 1) % labels.length].value);
}
