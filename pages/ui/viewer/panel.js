// The side panel: what the tool does, labels, objects, and how masks are shown.

import { Display } from "./display.js";
import { el } from "./dom.js";
import { FindBox } from "./findbox.js";
import { Labels } from "./labels.js";
import { ObjectList } from "./objectlist.js";
import { Options } from "./options.js";
import { t } from "./strings.js";

export class Panel {
  constructor(viewer) {
    this.viewer = viewer;
    const list = new ObjectList(viewer);
    this.whole = list.whole;
    this.parts = [new Options(viewer), new Labels(viewer), new FindBox(viewer), list, new Display(viewer)];
    this.root = el("aside", { class: "panel", "aria-label": t("objects") }, this.parts.map((part) => part.root));
  }

  show() {
    for (const part of this.parts) part.show();
  }
}
