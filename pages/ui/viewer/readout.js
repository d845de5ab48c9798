// Numbers in a reader's words: slices count from 1, lengths in mm, volumes in ml, values in HU.

import { t } from "./strings.js";

export class Readout {
  constructor(viewer) {
    this.viewer = viewer;
  }

  /** What lies under the pointer: its place, its value and the object there. */
  pointer({ voxel }) {
    const { viewer } = this;
    const { data, volume, objects } = viewer;
    const [z, y, x] = voxel;
    if (!viewer.inside(y, x) || z < 0 || z >= data.shape[0]) return "";
    const [sz, sy, sx] = data.spacing;
    const place = data.hasSpacing
      ? `${(x * sx).toFixed(1)} · ${(y * sy).toFixed(1)} · ${(z * sz).toFixed(1)} ${t("mm")}`
      : `${x + 1} · ${y + 1} · ${z + 1}`;
    const id = viewer.masksShown ? objects.at(z, y, x) : 0;
    const object = id ? objects.find(id) : null;
    const name = object && viewer.visible(object) ? ` · ${id} ${objects.label(object.label).name}` : "";
    return `${place} · ${this.value(z, y, x)}${name}`;
  }

  /** The value of a voxel with its unit, or nothing while it is not loaded. */
  value(z, y, x) {
    const { volume, data } = this.viewer;
    if (!volume.has(z)) return "…";
    const value = volume.voxels[z * volume.area + y * data.shape[2] + x];
    return data.hasHu ? `${minus(value)} ${t("hu")}` : `${t("value")} ${minus(value)}`;
  }

  size(object) {
    if (object.ml === null) return `${object.voxels.toLocaleString("en")} ${t("voxel")}`;
    const digits = object.ml < 1 ? 2 : object.ml < 100 ? 1 : 0;
    return `${object.ml < 0.005 ? object.ml.toFixed(4) : object.ml.toFixed(digits)} ${t("ml")}`;
  }

  slices({ slices }) {
    const [first, last] = [slices[0] + 1, slices.at(-1) + 1];
    return first === last ? t("one_slice", { first }) : t("slices", { first, last });
  }

  /** The model's own estimate: from 0.9 it was seen to be right, under 0.7 often wrong. */
  confidence(score) {
    const level = score >= 0.9 ? "good" : score >= 0.7 ? "check" : "low";
    const key = { good: "confidence", check: "confidence_check", low: "confidence_low" }[level];
    return { level, words: t(key, { score: score.toFixed(2) }) };
  }

  spacing() {
    const { spacing, hasSpacing } = this.viewer.data;
    const [z, y, x] = spacing.map((mm) => Number(mm.toFixed(2)));
    return hasSpacing ? t("spacing_mm", { x, y, z }) : t("spacing_unknown");
  }

  /** What a screen reader hears once the slices rest. */
  spoken() {
    const { state, data } = this.viewer;
    const [z, y, x] = state.pointer?.voxel ?? state.at;
    const slice = { slice: state.at[0] + 1, slices: data.shape[0] };
    const inside = this.viewer.inside(y, x) && z >= 0 && z < data.shape[0];
    return inside ? t("slice_value", { ...slice, value: this.value(z, y, x) }) : t("slice_of", slice);
  }
}

function minus(value) {
  return String(value).replace("-", "−");
}
