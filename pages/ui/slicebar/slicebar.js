// The slice bar: slider, keys and wheel. It counts in the browser and sends where to go, so no press is lost.

const SEND_EVERY_MS = 80;
const SETTLED_MS = 700;
const ANSWERED_MS = 2500; // a server that starts may miss a word: say it again
const CANVAS_TELLS_MS = 400; // the canvas reports a box this long after the button is let go
const WHEEL_STEP = 60;
const PICTURE = "st-key-picture";
const TAKES_KEYS = "input, textarea, select, [contenteditable], [role=radio], [role=option], [role=combobox], [role=dialog]";

export default function (component) {
  const root = component.parentElement;
  root.slicebar ??= new SliceBar(root);
  root.slicebar.show(component);
  return () => root.slicebar.silence();
}

class SliceBar {
  constructor(root) {
    this.bar = root.querySelector(".bar");
    this.range = root.querySelector("input");
    this.marks = root.querySelector(".marks");
    this.place = root.querySelector("output");
    this.buttons = root.querySelectorAll("button");
    this.wanted = 0;
    this.sends = Date.now();
    this.touched = -Infinity;
    this.sent = -Infinity;
    this.released = -Infinity;
    this.wheel = 0;
  }

  show({ data, setStateValue }) {
    const moved = this.data?.moves !== data.moves;
    this.data = data;
    this.tell = setStateValue;
    this.range.max = data.last;
    this.name(data.words);
    if (moved || performance.now() - this.touched > SETTLED_MS) this.wanted = data.slice;
    this.paint();
    this.listen();
    this.measure();
  }

  name({ title, down, up, slice }) {
    this.bar.title = title;
    this.range.setAttribute("aria-label", slice);
    [down, up].forEach((words, i) => this.buttons[i].setAttribute("aria-label", words));
  }

  listen() {
    if (this.listening) return;
    this.listening = new AbortController();
    const { signal } = this.listening;
    this.range.addEventListener("input", () => this.goTo(Number(this.range.value)), { signal });
    this.buttons.forEach((button) => {
      button.addEventListener("click", () => this.goTo(this.wanted + Number(button.dataset.step)), { signal });
    });
    document.addEventListener("keydown", (event) => this.press(event), { signal });
    document.addEventListener("wheel", (event) => this.roll(event), { signal, passive: false });
    document.addEventListener("pointerdown", (event) => this.leaveWidgets(event), { signal, capture: true });
    document.addEventListener("pointerup", () => (this.released = performance.now()), { signal, capture: true });
    window.addEventListener("beforeunload", (event) => this.data.unsaved && event.preventDefault(), { signal });
    window.addEventListener("resize", () => {
      clearTimeout(this.resizing);
      this.resizing = setTimeout(() => this.measure(), 300);
    }, { signal });
  }

  silence() {
    this.listening?.abort();
    this.listening = null;
    clearTimeout(this.resizing); // what waits to be sent is still sent: this runs at every redraw
  }

  press(event) {
    const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10, Home: -1e6, End: 1e6 };
    const step = steps[event.key];
    const target = event.composedPath()[0];
    const elsewhere = target !== this.range && target.closest?.(TAKES_KEYS);
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey || elsewhere) return;
    event.preventDefault();
    this.goTo(this.wanted + step);
  }

  roll(event) {
    if (event.ctrlKey || !event.composedPath().some((element) => element.classList?.contains(PICTURE))) return;
    event.preventDefault();
    this.wheel += event.deltaMode === 0 ? event.deltaY : event.deltaY * WHEEL_STEP;
    const steps = Math.trunc(this.wheel / WHEEL_STEP);
    if (steps === 0) return;
    this.wheel = 0;
    this.goTo(this.wanted - Math.sign(steps) * Math.min(Math.abs(steps), 2));
  }

  // A click on the picture takes the keyboard back from a picker, so that the arrow keys scroll again.
  leaveWidgets(event) {
    if (event.composedPath().some((element) => element.classList?.contains(PICTURE))) document.activeElement?.blur();
  }

  goTo(slice) {
    const next = Math.min(Math.max(slice, 1), this.data.last);
    this.touched = performance.now();
    if (next === this.wanted) return this.paint();
    this.wanted = next;
    this.paint();
    clearTimeout(this.waiting);
    const due = Math.max(this.sent + SEND_EVERY_MS, this.released + CANVAS_TELLS_MS);
    this.waiting = setTimeout(() => this.send(), Math.max(0, due - this.touched));
  }

  send() {
    this.sent = performance.now();
    this.sends += 1; // a state that differs is never dropped, as a trigger may be
    this.tell("wanted", [this.wanted, this.sends]);
    clearTimeout(this.checking);
    this.checking = setTimeout(() => this.data.slice !== this.wanted && this.send(), ANSWERED_MS);
  }

  measure() {
    const screen = [window.innerWidth, window.innerHeight];
    if (String(screen) !== String(this.data.screen)) this.tell("screen", screen);
  }

  paint() {
    const { last, marks, words } = this.data;
    this.range.value = this.wanted;
    this.range.setAttribute("aria-valuetext", words.spoken.replace("{slice}", this.wanted).replace("{slices}", last));
    this.place.value = `${this.wanted} / ${last}`;
    const place = (slice) => (last > 1 ? ((slice - 1) / (last - 1)) * 100 : 0);
    this.marks.replaceChildren(...marks.map((slice) => {
      const mark = document.createElement("i");
      mark.style.left = `${place(slice)}%`;
      return mark;
    }));
  }
}
