// What can be done with an object as a whole: a small dialog beside its row.

import { change, changeHere, copyTo } from "./commands.js";
import { attribute, el, icon, text } from "./dom.js";
import { t } from "./strings.js";

const chosen = {}; // amounts that were used, kept while the page is open

export class EditMenu {
  constructor(viewer) {
    this.viewer = viewer;
    this.title = el("h3");
    this.label = el("select", { "aria-label": t("change_label"), onchange: () => this.act(() => change(viewer, "relabel", { label: Number(this.label.value) })) });
    const [mm, mm3] = viewer.data.hasSpacing ? [t("mm"), t("mm3")] : [t("voxel"), t("voxel")];
    this.root = el("div", { class: "menu", role: "dialog", "aria-label": t("change_label"), hidden: true, onkeydown: (event) => this.key(event) },
      el("header", {}, this.title, el("button", { type: "button", class: "ghost", "aria-label": t("close"), title: t("close"), onclick: () => this.close() }, icon("close"))),
      el("label", { class: "row" }, el("span", {}, t("change_label")), this.label),
      this.simple("fill_holes", () => change(viewer, "fill_holes")),
      this.simple("keep_largest", () => change(viewer, "keep_largest")),
      this.measured("remove_small", mm3, (n) => change(viewer, "remove_small", { mm3: n })),
      this.measured("tidy", mm, (n) => change(viewer, "tidy", { mm: n })),
      this.measured("smooth", mm, (n) => change(viewer, "smooth", { mm: n })),
      this.measured("grow", mm, (n) => change(viewer, "grow", { mm: n })),
      this.measured("shrink", mm, (n) => change(viewer, "grow", { mm: -n })),
      this.simple("interpolate", () => change(viewer, "interpolate")),
      this.simple("copy_next", () => copyTo(viewer, 1), "C"),
      this.simple("copy_previous", () => copyTo(viewer, -1), "Shift+C"),
      this.simple("delete_slice", () => changeHere(viewer, "delete_slice"), "Shift+Del"),
      this.simple("delete", () => change(viewer, "delete"), "Del"),
    );
  }

  simple(name, act, key = "") {
    return el("button", { type: "button", class: "entry", "data-act": name, onclick: () => this.act(act) }, el("span", {}, t(name)), key ? el("kbd", {}, key) : null);
  }

  /** An entry with an amount; Enter in its field does it too. */
  measured(name, unit, act) {
    const field = el("input", { type: "number", min: 0.1, step: name === "remove_small" ? 10 : 0.5, value: chosen[name] ?? usual(name, this.viewer.spacing), "aria-label": `${t(name)} ${unit}` });
    const go = () => {
      const amount = field.valueAsNumber;
      if (!(amount > 0)) return field.focus();
      chosen[name] = amount;
      this.act(() => act(amount));
    };
    field.addEventListener("keydown", (event) => event.key === "Enter" && go());
    return el("div", { class: "entry measured" }, el("button", { type: "button", "data-act": name, onclick: go }, t(name)), field, el("span", {}, unit));
  }

  act(act) {
    const { id, label } = this.object;
    this.viewer.activate({ id, label });
    this.close();
    act();
  }

  toggle(object, button) {
    if (this.object?.id === object.id && !this.root.hidden) return this.close();
    this.close();
    this.object = object;
    this.button = button;
    attribute(button, "aria-expanded", "true");
    this.root.hidden = false;
    this.viewer.activate({ id: object.id, label: object.label });
    this.show();
    this.place();
    this.label.focus({ preventScroll: true });
    this.outside = new AbortController();
    document.addEventListener("pointerdown", (event) => !event.composedPath().includes(this.root) && !event.composedPath().includes(button) && this.close(), { capture: true, signal: this.outside.signal });
  }

  /** Stand left of the panel, as low as the row but within the viewer. */
  place() {
    const frame = this.viewer.root.getBoundingClientRect();
    const row = this.button.getBoundingClientRect();
    const panel = this.viewer.frame.panel.root.getBoundingClientRect();
    const { offsetHeight } = this.root;
    const top = Math.max(8, Math.min(row.top - frame.top - 40, frame.height - offsetHeight - 8));
    this.root.style.top = `${top}px`;
    this.root.style.right = `${frame.right - panel.left + 8}px`;
  }

  close() {
    if (this.root.hidden) return;
    this.outside?.abort();
    this.root.hidden = true;
    attribute(this.button, "aria-expanded", "false");
    if (this.root.contains(this.root.getRootNode().activeElement)) this.button.focus({ preventScroll: true });
  }

  key(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.close();
    this.button.focus({ preventScroll: true });
  }

  show() {
    if (this.root.hidden) return;
    const { objects } = this.viewer;
    this.object = objects.find(this.object.id);
    if (!this.object) return this.close();
    text(this.title, t("edit", { id: this.object.id }));
    attribute(this.root, "aria-label", t("edit", { id: this.object.id }));
    const key = JSON.stringify(objects.labels);
    if (key !== this.labels) this.label.replaceChildren(...objects.labels.map(({ value, name }) => el("option", { value }, name)));
    this.labels = key;
    this.label.value = this.object.label;
  }
}

/** An amount to begin with: lengths reach at least the next voxel, else nothing would change. */
function usual(name, [, sy, sx]) {
  if (name === "remove_small") return 100;
  const voxel = Math.ceil(2 * Math.max(sy, sx)) / 2;
  return name === "smooth" ? Math.max(2, voxel) : Math.max(1, voxel);
}
