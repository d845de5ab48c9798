// Which slices the model has encoded ahead: marks along the slider, and a button that holds that up.

import { Gone, Unreachable } from "./client.js";
import { attribute, el, icon } from "./dom.js";
import { t } from "./strings.js";

const BUSY_MS = 700;
const FIRST_MS = 400;
const IDLE_MS = 5000;
const LAPSED_MS = 2000;
const PATIENCE = 4;
const PATIENCE_AT_WORK = 30; // a busy server may take long over a run of the page, which makes this place known
const NOTHING = { runs: [], busy: false, paused: false, loading: false };

export class Ready {
  constructor(viewer) {
    this.viewer = viewer;
    this.status = NOTHING;
    this.lapsed = 0;
    this.marks = el("div", { class: "marks ready", "aria-hidden": "true" });
    this.button = el("button", { type: "button", class: "ghost prepared", "data-act": "pause", onclick: () => this.pause() });
  }

  /** Ask how far it is, soon: what was just looked at or answered is not begun yet. */
  ask(after = FIRST_MS) {
    if (!this.viewer.data.editable || this.viewer.left) return;
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.look(), after);
  }

  async look() {
    try {
      this.take(await this.viewer.session.client.ready());
      this.lapsed = 0;
    } catch (error) {
      if (error instanceof Gone) return this.revive();
      if (!(error instanceof Unreachable)) throw error;
    }
    this.ask(this.status.busy ? BUSY_MS : IDLE_MS);
  }

  /**
   * The server knows this place no more: a run of the page makes it known again. One that was started anew does not
   * know this part of the page either and forgets what it is asked; then the page is loaded anew, with its case.
   */
  revive() {
    if (this.viewer.left) return;
    const isAtWork = document.querySelector("[data-test-script-state=running]");
    if (this.lapsed++ < (isAtWork ? PATIENCE_AT_WORK : PATIENCE)) this.viewer.reports.anew();
    else location.reload();
    this.ask(LAPSED_MS);
  }

  take(status) {
    this.notify(status);
    this.status = status;
    this.viewer.schedule();
  }

  /** A model that does not fit its graphics card goes on elsewhere: the reader hears of it. */
  notify({ model, engine, reason }) {
    const { session, notice } = this.viewer;
    if (!engine) return;
    const before = session.engine;
    session.engine = { model, engine };
    if (before?.model === model && before.engine !== engine) notice.say(t("engine_changed", { engine, reason }), "warning");
  }

  async pause() {
    const { client } = this.viewer.session;
    this.status = { ...this.status, paused: !this.status.paused };
    this.viewer.schedule();
    await client.pause(this.status.paused).catch((error) => this.viewer.notice.refused(error instanceof Unreachable ? new Error(t("lost")) : error));
    this.ask(0);
  }

  leave() {
    clearTimeout(this.asking);
  }

  show() {
    const { viewer, status } = this;
    const { data } = viewer;
    const settled = !status.busy && !status.paused && !status.loading;
    this.button.hidden = !data.editable || data.shape[0] < 2;
    this.button.style.visibility = settled ? "hidden" : ""; // its place stays, so that nothing jumps
    const count = status.runs.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    const slices = data.shape[0];
    const [name, words] = this.state(count, slices);
    if (this.named !== name) this.button.replaceChildren(icon((this.named = name)));
    attribute(this.button, "title", words);
    attribute(this.button, "aria-label", words);
    attribute(this.button, "aria-pressed", String(status.paused));
    this.button.classList.toggle("busy", status.busy && !status.paused);
    const key = JSON.stringify(status.runs);
    if (key === this.key) return;
    this.key = key;
    const last = Math.max(1, slices - 1);
    this.marks.replaceChildren(...status.runs.map(([from, to]) =>
      el("i", { style: `left: ${(from / last) * 100}%; width: calc(${((to - from) / last) * 100}% + 3px)` })));
    attribute(this.marks, "data-ready", count);
    attribute(viewer.frame.bar.range, "title", t("ready_done", { count, slices }));
  }

  /** What a box that was drawn waits for. */
  get awaited() {
    return t(this.status.loading ? "model_loading" : "at_work");
  }

  state(count, slices) {
    const { loading, trying, paused } = this.status;
    const values = { count, slices };
    if (loading) return ["pause", this.awaited];
    if (paused) return ["play", t("ready_paused", values)];
    if (trying) return ["pause", t("model_trying")];
    return ["pause", t("ready_busy", values)];
  }
}
