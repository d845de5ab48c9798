// What the app is told: where the reader is once he rests, that something was drawn, which slice is looked at.

const REST_MS = 500;
const LOOK_MS = 100;
const CHANGED_MS = 150;
const LEAVING_MS = 2000;

export class Reports {
  constructor(viewer, component, signal) {
    this.viewer = viewer;
    this.take(component);
    this.sent = new Set();
    this.leaving = 0;
    document.addEventListener("click", (event) => this.follow(event), { signal, capture: true });
  }

  /** A link is followed: Streamlit forgets the way to another page if this one is heard of before it is there. */
  follow(event) {
    if (event.composedPath().some((node) => node.tagName === "A")) this.leaving = performance.now() + LEAVING_MS;
  }

  soon(timer, tell, ms) {
    clearTimeout(this[timer]);
    this[timer] = setTimeout(() => {
      const left = this.leaving - performance.now();
      if (left > 0) this.soon(timer, tell, left);
      else tell();
    }, ms);
  }

  take({ setStateValue, setTriggerValue }) {
    this.tell = setStateValue;
    this.trigger = setTriggerValue;
  }

  get view() {
    const { at, level, width, label } = this.viewer.state;
    return { z: at[0] + 1, level, width, label };
  }

  /** Say whether data only echoes what was reported: then the reader may be further already. */
  isOwn({ window, label }) {
    return this.sent.has(JSON.stringify([window.level, window.width, label]));
  }

  moved() {
    this.soon("resting", () => this.rest(), REST_MS);
  }

  rest() {
    this.resting = null;
    const { view } = this;
    const words = JSON.stringify(view);
    if (words === this.last) return;
    this.last = words;
    this.sent.add(JSON.stringify([view.level, view.width, view.label]));
    this.tell("view", view);
  }

  look() {
    clearTimeout(this.looking);
    this.looking = setTimeout(() => {
      const [z] = this.viewer.state.at;
      const { editable, model } = this.viewer.data;
      const looked = `${z} ${model}`; // another model has nothing encoded yet
      if (!editable || this.looked === looked) return;
      this.looked = looked;
      this.viewer.session.client.look(z);
      this.viewer.frame.bar.ready.ask();
    }, LOOK_MS);
  }

  changed(version) {
    this.soon("changing", () => this.trigger("changed", version), CHANGED_MS);
  }

  /** Have the page run, whatever it is about. */
  anew() {
    this.soon("changing", () => this.trigger("changed", Date.now()), CHANGED_MS);
  }

  /** The place is taken down: what waits is not told any more, a page that is gone cannot be. */
  flush() {
    for (const timer of [this.resting, this.looking, this.changing]) clearTimeout(timer);
  }
}
