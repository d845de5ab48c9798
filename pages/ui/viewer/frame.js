// The viewer's layout: tools on the left, planes in the middle, lists on the right, one bar below. It fills the window.

import { Bar } from "./bar.js";
import { el } from "./dom.js";
import { holdDownloads } from "./downloads.js";
import { Help } from "./help.js";
import { Panel } from "./panel.js";
import { Strip } from "./strip.js";

const LOWEST = 420; // CSS pixels: on lower windows the page scrolls
const BELOW = 12; // CSS pixels left free under the viewer

export class Frame {
  constructor(viewer) {
    this.viewer = viewer;
    const { root, notice, panes } = viewer;
    this.strip = new Strip(viewer);
    this.panel = new Panel(viewer);
    this.bar = new Bar(viewer);
    this.help = new Help(viewer);
    this.stage = el("div", { class: "stage" }, panes.map((pane) => pane.root), notice.line);
    root.append(this.strip.root, this.stage, this.panel.root, this.bar.root, notice.progress, notice.live, this.help.root);
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.stage);
    this.listening = new AbortController();
    window.addEventListener("resize", () => this.measure(), { signal: this.listening.signal });
    holdDownloads(viewer, this.listening.signal);
    this.arrange();
  }

  leave() {
    this.observer.disconnect();
    this.listening.abort();
    this.bar.ready.leave();
    clearTimeout(this.measuring);
  }

  /** Fill the window from where the viewer stands to its lower edge, wherever the page is scrolled to. */
  measure() {
    const { root } = this.viewer;
    if (!root.isConnected) return;
    const top = root.getBoundingClientRect().top + scrolled(root);
    const height = this.viewer.data.height ?? Math.max(LOWEST, Math.floor(window.innerHeight - top - BELOW));
    if (height !== this.height) root.style.height = `${(this.height = height)}px`;
    clearTimeout(this.measuring);
    this.measuring = setTimeout(() => this.settle(), 250); // what stands above may still take its place
  }

  settle() {
    const before = this.height;
    this.height = null;
    this.measure();
    if (this.height === before) clearTimeout(this.measuring);
  }

  resized() {
    for (const pane of this.viewer.panes) pane.measure();
    this.viewer.paint(); // at once: a canvas that takes a size is blank until it is painted
  }

  arrange() {
    const { state, panes, root } = this.viewer;
    const three = state.layout === "three";
    this.stage.dataset.layout = !three ? "axial" : state.big ? "big" : "three";
    for (const pane of panes) {
      const shown = three ? !state.big || state.big === pane.name : pane.name === "axial";
      pane.root.hidden = !shown;
      pane.root.classList.toggle("big", state.big === pane.name);
    }
    if (root.isConnected) this.resized();
  }

  show() {
    this.strip.show();
    this.panel.show();
    this.bar.show();
  }
}

/** How far the page's own scrollers have gone, so that scrolling it does not change the viewer's height. */
function scrolled(element) {
  let sum = window.scrollY;
  for (let node = element; node; node = node.parentNode ?? node.host) sum += node.scrollTop ?? 0;
  return sum - (document.scrollingElement?.scrollTop ?? 0);
}
