// The list of objects: number, label, slices, volume, and how sure the model is.

import { attribute, el, icon, iconButton, text } from "./dom.js";
import { EditMenu } from "./editmenu.js";
import { t } from "./strings.js";
import { Whole } from "./whole.js";

export class ObjectList {
  constructor(viewer) {
    this.viewer = viewer;
    this.menu = new EditMenu(viewer);
    this.whole = new Whole(viewer);
    this.count = el("span", { class: "goes" });
    this.fresh = iconButton("add", `${t("new_object")} (O)`, () => viewer.activate(null), { class: "ghost", "data-act": "new" });
    this.rows = el("ul", { class: "objects", "aria-label": t("objects") });
    this.empty = el("p", { class: "hint" }, t("no_objects"));
    this.root = el("section", { class: "list" }, el("header", {}, el("h3", {}, t("objects")), this.count, this.fresh), this.empty, this.rows, this.whole.root, this.menu.root);
    this.shown = new Map(); // id -> row
  }

  show() {
    const { data, objects, state, session, queue, lookStamp } = this.viewer;
    const [z] = state.at;
    this.whole.show();
    const { status, awaited } = this.viewer.carrying;
    const key = [objects.stamp, lookStamp, session.active?.id, z, queue.jobs.length, data.editable, status.object, status.waiting.length, awaited.length].join();
    if (key === this.key) return;
    this.key = key;
    this.root.hidden = !data.editable;
    this.empty.hidden = objects.table.length > 0;
    text(this.count, objects.table.length ? String(objects.table.length) : "");
    const rows = objects.table.map((object) => this.row(object, z));
    if (rows.length !== this.rows.children.length || rows.some((row, i) => row !== this.rows.children[i])) this.rows.replaceChildren(...rows);
    for (const id of this.shown.keys()) if (!objects.find(id)) this.shown.delete(id);
    this.reveal(session.active?.id);
    this.menu.show();
  }

  row(object, z) {
    const { viewer } = this;
    if (!this.shown.has(object.id)) this.shown.set(object.id, this.build(object.id));
    const row = this.shown.get(object.id);
    const label = viewer.objects.label(object.label);
    const [choose, accept, drop, more, eye] = row.children;
    const [dot, words, sure] = choose.children;
    dot.style.background = dot.style.color = label.colour;
    const [size, slices] = [viewer.words.size(object), viewer.words.slices(object)];
    text(words.firstChild, `${object.id} ${label.name}`);
    text(words.lastChild, object.proposed ? `${t("proposed")} · ${size}` : `${slices} · ${size}`); // it has more buttons
    attribute(choose, "title", object.proposed ? slices : null);
    row.classList.toggle("proposed", object.proposed);
    accept.hidden = drop.hidden = !object.proposed || !viewer.data.editable;
    eye.hidden = object.proposed;
    this.showScore(sure, object.score);
    const active = viewer.session.active?.id === object.id;
    const busy = viewer.carrying.holds(object.id) || viewer.queue.jobs.some(({ handle }) => handle?.id === object.id);
    row.classList.toggle("here", object.slices.includes(z));
    row.classList.toggle("busy", busy);
    attribute(choose, "aria-current", active ? "true" : null);
    attribute(choose, "aria-label", t("object_row", { id: object.id, label: label.name, size, slices }));
    more.hidden = !viewer.data.editable;
    const hidden = viewer.session.hiddenObjects.has(object.id);
    attribute(eye, "title", t(hidden ? "show" : "hide"));
    attribute(eye, "aria-label", `${t(hidden ? "show" : "hide")}: ${t("object", { id: object.id })}`);
    attribute(eye, "aria-pressed", String(!hidden));
    if (eye.dataset.hidden !== String(hidden)) eye.replaceChildren(icon(hidden ? "closed" : "eye"));
    eye.dataset.hidden = hidden;
    return row;
  }

  showScore(element, score) {
    element.hidden = score === null;
    if (score === null) return;
    const { level, words } = this.viewer.words.confidence(score);
    text(element, score.toFixed(2));
    attribute(element, "class", `score ${level}`);
    attribute(element, "title", words);
  }

  build(id) {
    const { viewer } = this;
    const object = () => viewer.objects.find(id);
    const choose = el("button", { type: "button", class: "choose", onclick: () => viewer.visit(object()) },
      el("i", { class: "dot" }), el("span", { class: "words" }, el("b"), el("small")), el("span", { class: "score" }));
    const accept = iconButton("check", `${t("accept", { id })} (Y)`, () => viewer.finding.accept(id), { class: "ghost", "data-act": "accept" });
    const drop = iconButton("bin", t("drop", { id }), () => viewer.finding.remove(id), { class: "ghost", "data-act": "drop" });
    const more = iconButton("more", t("edit", { id }), () => this.menu.toggle(object(), more), { class: "ghost", "aria-haspopup": "dialog", "aria-expanded": "false" });
    const eye = el("button", { type: "button", class: "ghost eye", onclick: () => this.turn(id) });
    return el("li", { "data-object": id }, choose, accept, drop, more, eye);
  }

  turn(id) {
    const { hiddenObjects } = this.viewer.session;
    if (!hiddenObjects.delete(id)) hiddenObjects.add(id);
    this.viewer.set({});
  }

  /** Scroll to the object that has just become active. */
  reveal(id) {
    if (id === this.revealed) return;
    this.revealed = id;
    const row = this.shown.get(id);
    if (!row) return;
    const { offsetTop, offsetHeight } = row; // not scrollIntoView: that would scroll the page too
    const { scrollTop, clientHeight } = this.rows;
    if (offsetTop < scrollTop) this.rows.scrollTop = offsetTop;
    else if (offsetTop + offsetHeight > scrollTop + clientHeight) this.rows.scrollTop = offsetTop + offsetHeight - clientHeight;
  }
}
