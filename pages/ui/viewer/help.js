// The dialog of keys and mouse gestures.

import { el, icon } from "./dom.js";
import { t } from "./strings.js";

function sections() {
  const [shift, ctrl] = [t("key_shift"), "Ctrl"];
  const wheel = t("key_wheel");
  return {
    read: [
      [[wheel, "↑ ↓ ← →"], "help_wheel"],
      [["PageUp", "PageDown", "Home", "End"], "help_pages"],
      [["N", `${shift} N`, "]", "["], "help_masks"],
      [[`${ctrl} ${wheel}`, "+", "−"], "help_zoom"],
      [[t("key_middle"), `${t("key_space")} ${t("key_drag")}`], "help_pan"],
      [["F", "0"], "help_fit"],
      [[t("key_right")], "help_window"],
      [["1 – 5"], "help_presets"],
      [["T"], "help_planes"],
      [[`${shift} ${t("key_click")}`], "help_cross"],
      [["H"], "help_hide"],
    ],
    draw: [
      [["B"], "help_box"],
      [["P", `${shift} P`], "help_points"],
      [["D", "E"], "help_brush"],
      [[",", ".", `${shift} ${wheel}`], "help_size"],
      [["G"], "help_polygon"],
      [["V"], "help_select"],
      [["O"], "help_new"],
      [["L"], "help_label"],
    ],
    whole: [
      [["A"], "help_carry"],
      [[`${shift} A`], "help_carry_on"],
      [["Esc"], "help_stop"],
      [["U"], "help_doubt"],
      [["M"], "help_heat"],
    ],
    proposals: [
      [["S"], "help_find"],
      [["J", `${shift} J`], "help_proposals"],
      [["Y", "Del"], "help_accept"],
    ],
    change: [
      [[`${ctrl} Z`, `${ctrl} ${shift} Z`], "help_undo"],
      [["C", `${shift} C`], "help_copy"],
      [["Del", `${shift} Del`], "help_delete"],
    ],
  };
}

export class Help {
  constructor(viewer) {
    this.viewer = viewer;
    this.shut = el("button", { type: "button", class: "ghost", title: t("close"), "aria-label": t("close"), onclick: () => this.root.close() }, icon("close"));
    const parts = Object.entries(sections()).filter(([name]) => name === "read" || viewer.data.editable).map(([name, lines]) =>
      el("section", {}, el("h3", {}, t(name)), el("dl", {}, lines.map(([keys, words]) => [
        el("dt", {}, keys.map((key) => el("kbd", {}, key))), el("dd", {}, t(words))]))));
    // A modal dialog keeps the focus inside and closes on Escape by itself.
    this.root = el("dialog", { class: "help", "aria-label": t("help"), onclick: (event) => event.target === this.root && this.root.close(), onclose: () => viewer.focus() },
      el("div", { class: "sheet" }, el("header", {}, el("h2", {}, t("help")), this.shut), el("div", { class: "columns" }, parts)));
  }

  get shown() {
    return this.root.open;
  }

  open() {
    if (!this.shown) this.root.showModal();
  }
}
