// The strip of tools on the left.

import { attribute, el, iconButton } from "./dom.js";
import { t } from "./strings.js";

export const TOOLS = [
  ["select", "V"],
  ["box", "B"],
  ["plus", "P"],
  ["minus", "Shift+P"],
  ["brush", "D"],
  ["eraser", "E"],
  ["polygon", "G"],
];

export class Strip {
  constructor(viewer) {
    this.viewer = viewer;
    this.buttons = TOOLS.map(([name, key]) =>
      iconButton(name, `${t(name)} (${key})`, () => viewer.setTool(name), { class: "tool", "data-tool": name, "aria-keyshortcuts": key }),
    );
    this.planes = iconButton("planes", `${t("three_planes")} (T)`, () => this.turn(), { class: "tool", "data-act": "planes" });
    const fit = iconButton("fit", `${t("fit")} (F)`, () => viewer.fit(), { class: "tool", "data-act": "fit" });
    const help = iconButton("help", `${t("help")} (?)`, () => viewer.frame.help.open(), { class: "tool", "data-act": "help" });
    this.root = el("div", { class: "strip", role: "group", "aria-label": t("tools") }, this.buttons, el("span", { class: "gap" }), this.planes, fit, help);
  }

  turn() {
    this.viewer.setLayout(this.viewer.state.layout === "three" ? "axial" : "three");
  }

  show() {
    const { data, state } = this.viewer;
    for (const button of this.buttons) {
      const { tool } = button.dataset;
      const barred = !data.takesPoints && (tool === "plus" || tool === "minus");
      button.hidden = !data.editable;
      attribute(button, "aria-pressed", String(state.tool === tool));
      attribute(button, "aria-disabled", barred ? "true" : null); // not `disabled`: its title says why
      if (barred) attribute(button, "title", `${t(tool)}: ${data.pointsReason}`);
      else attribute(button, "title", button.getAttribute("aria-label"));
    }
    this.planes.hidden = data.shape[0] < 2;
    const planes = `${t(state.layout === "three" ? "one_plane" : "three_planes")} (T)`;
    attribute(this.planes, "title", planes);
    attribute(this.planes, "aria-pressed", String(state.layout === "three"));
  }
}
