// One plane on the screen: a canvas for the picture, one above it for what moves, and words in the corners.

import { el, iconButton, text, attribute } from "./dom.js";
import { drawMarks } from "./marks.js";
import { Painter } from "./painter.js";
import { Plane } from "./planes.js";
import { t } from "./strings.js";
import { HEAT } from "./trust.js";
import { View } from "./view.js";

const SCALE_BAR = 90; // CSS pixels it is about as long as
const NICE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export class Pane {
  constructor(viewer, name) {
    this.viewer = viewer;
    this.name = name;
    this.plane = new Plane(name, viewer.data.shape, viewer.spacing);
    this.view = new View(this.plane);
    this.painter = new Painter(this.plane);
    this.build();
  }

  build() {
    this.canvas = el("canvas", { "data-plane": this.name, tabindex: "0", role: "application", "aria-label": `${t("viewer")}: ${t(this.name)}` });
    this.above = el("canvas", { class: "above", "aria-hidden": "true" });
    this.corners = Object.fromEntries(["title", "window", "pointer", "scale"].map((name) => [name, el("div", { class: `corner ${name}` })]));
    this.ruler = el("i", { class: "ruler" });
    this.length = el("span");
    this.corners.scale.append(this.ruler, this.length);
    const letters = Object.fromEntries(t("letters").split(" ").map((letter, i) => ["RLAPSI"[i], letter]));
    const sides = ["left", "right", "top", "bottom"];
    this.letters = this.plane.letters.map((letter, i) => el("div", { class: `letter ${sides[i]}` }, letters[letter]));
    this.enlarge = iconButton("enlarge", t("enlarge"), () => this.viewer.enlarge(this.name), { class: "enlarge ghost" });
    this.root = el("div", { class: `pane ${this.name}` }, this.canvas, this.above, this.letters, Object.values(this.corners), this.enlarge);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.pencil = this.above.getContext("2d");
  }

  get index() {
    return this.viewer.state.at[this.plane.through];
  }

  get shown() {
    return this.view.width > 0;
  }

  /** Take the size that the layout gives; a size of 0 is a pane not shown. */
  measure() {
    const { clientWidth: width, clientHeight: height } = this.root;
    const ratio = window.devicePixelRatio || 1;
    if (width === this.view.width && height === this.view.height && ratio === this.ratio) return;
    this.ratio = ratio;
    this.view.resize(width, height);
    for (const canvas of [this.canvas, this.above]) {
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    this.pictureKey = null; // a canvas that takes a size is empty
  }

  paint() {
    if (!this.shown) return;
    this.paintPicture();
    this.pencil.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.pencil.clearRect(0, 0, this.view.width, this.view.height);
    drawMarks(this, this.viewer);
    this.write();
  }

  paintPicture() {
    const { viewer, painter, index } = this;
    const { volume, objects } = viewer;
    const loaded = this.name === "axial" ? "" : volume.loaded;
    const fresh = painter.greys(volume, index, viewer.greys, `${index},${viewer.greyStamp},${loaded}`);
    this.stale = !fresh;
    const names = [];
    for (const { name } of viewer.shownLayers()) {
      const layer = volume.layer(name);
      const key = `${index},${viewer.lookStamp},${this.name === "axial" ? layer.has(index) : layer.loaded}`;
      painter.tint(name, (z) => layer.slice(z), index, viewer.looks(name), key);
      names.push(name);
    }
    const heat = this.name === "axial" ? viewer.trust.heat(index) : null;
    if (heat) {
      painter.tint("agreement", () => heat.levels, index, HEAT, heat.key);
      names.push("agreement");
    }
    if (viewer.masksShown) {
      const key = `${index},${objects.stamp},${viewer.lookStamp}`;
      painter.tint("objects", (z) => objects.shown(z), index, viewer.looks("objects"), key);
      names.push("objects");
    }
    const tints = names.map((name) => painter.tints.get(name).key);
    const key = [this.view.key, painter.greyKey, this.stale, ...names, ...tints].join("|");
    if (key === this.pictureKey) return;
    this.pictureKey = key;
    painter.draw(this.context, this.view, this.ratio, names, this.stale);
    this.root.classList.toggle("stale", this.stale);
    const { dataset } = this.canvas;
    [dataset.x, dataset.y, dataset.scale, dataset.scaleY] = [this.view.x, this.view.y, this.view.scaleX, this.view.scaleY];
    if (fresh) dataset.index = index; // what is really on the screen
  }

  write() {
    const { viewer, corners } = this;
    const { data, state } = viewer;
    const place = `${this.index + 1} / ${this.plane.count}`;
    const waiting = this.stale ? ` · ${t("loading", { slice: this.index + 1 })}` : "";
    text(corners.title, `${t(this.name)} ${place}${waiting}`);
    if (this.name === "axial") text(corners.window, `W ${Math.round(state.width)} · L ${Math.round(state.level)}`);
    text(corners.pointer, state.pointer?.plane === this.name ? viewer.words.pointer(state.pointer) : "");
    this.writeScale(data.hasSpacing);
    const big = state.big === this.name;
    this.enlarge.hidden = state.layout === "axial";
    attribute(this.enlarge, "title", t(big ? "smaller" : "enlarge"));
    attribute(this.enlarge, "aria-label", t(big ? "smaller" : "enlarge"));
    attribute(this.enlarge, "aria-pressed", String(big));
  }

  writeScale(inMm) {
    const { scale } = this.view;
    if (scale === this.scaled) return;
    this.scaled = scale;
    const length = NICE.findLast((mm) => mm * scale <= SCALE_BAR) ?? NICE[0];
    this.ruler.style.width = `${length * scale}px`;
    text(this.length, `${length} ${t(inMm ? "mm" : "voxel")}`);
  }
}
