// Reads in every frame which slice is painted and whether a place is coloured; see scrolling.py.
window.lobuleProbe = {
  code: 0, seen: [], keys: [], frames: 0, blank: 0, spot: null, coloured: null, released: 0, mounted: 0,

  start(way, shape) {
    Object.assign(this, { way, shape });
    addEventListener("keydown", () => this.keys.push(performance.now()), true);
    addEventListener("pointerup", () => (this.released = performance.now()), true);
    addEventListener("mouseup", () => (this.released = performance.now()), true);
    // Looked at once all of a frame is painted: callbacks of the page that were asked for later than ours run after
    // ours, and what they paint is on the screen with this frame, not the next.
    const painted = new MessageChannel();
    painted.port1.onmessage = () => this.look();
    const frame = () => {
      requestAnimationFrame(frame);
      painted.port2.postMessage(null);
    };
    frame();
  },

  find(selector, root = document) {
    const found = root.querySelector(selector);
    if (found) return found;
    for (const element of root.querySelectorAll("*")) {
      const inside = element.shadowRoot && this.find(selector, element.shadowRoot);
      if (inside) return inside;
    }
    return null;
  },

  get canvas() {
    if (this.kept?.isConnected && !this.kept.closest("[data-retained]")) return this.kept;
    const simple = "[class*='st-key-canvas_']:not([data-retained])";
    this.kept = this.way === "viewer"
      ? this.find("canvas[data-plane=axial]")
      : (document.querySelector(simple) && this.find("canvas.lower-canvas", document.querySelector(simple)));
    return this.kept;
  },

  // CSS pixels within the canvas of a voxel's centre
  within([row, column]) {
    const { canvas, shape } = this;
    if (this.way === "viewer") {
      const { x, y, scale, scaleY } = canvas.dataset;
      return [Number(x) + column * Number(scale), Number(y) + row * Number(scaleY)];
    }
    return [((column + 0.5) * canvas.clientWidth) / shape[2], ((row + 0.5) * canvas.clientHeight) / shape[1]];
  },

  place(voxel) {
    const frame = this.canvas.getBoundingClientRect();
    const [x, y] = this.within(voxel);
    return [frame.left + x, frame.top + y];
  },

  pixel(voxel) {
    const { canvas } = this;
    if (!canvas?.clientWidth || !canvas.width) return [0, 0, 0, 0]; // between two canvases
    const [x, y] = this.within(voxel);
    const ratio = canvas.width / canvas.clientWidth;
    return canvas.getContext("2d").getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data;
  },

  look() {
    this.mounted ||= this.canvas ? performance.now() : 0;
    if (!this.canvas?.clientWidth || (this.way === "viewer" && !this.canvas.dataset.scale)) return;
    this.frames += 1;
    let code = 0;
    let blank = true;
    for (let bit = 0; bit < 8; bit += 1) {
      const [red, , , alpha] = this.pixel([40 + 18, 40 + bit * 48 + 18]);
      if (alpha && red > 128) code |= 1 << bit;
      if (alpha && red > 128) blank = false;
    }
    if (blank) this.blank += 1;
    else if (code !== this.code) {
      this.code = code;
      this.seen.push([performance.now(), code]);
    }
    if (this.spot && this.coloured === null && this.isColoured()) this.coloured = performance.now();
  },

  isColoured() {
    const [red, green, blue] = this.pixel(this.spot);
    return Math.max(red, green, blue) - Math.min(red, green, blue) > 25;
  },

  watch(spot) {
    Object.assign(this, { spot, coloured: null, released: Infinity });
  },

  latency(code) {
    const pressed = this.keys.at(-1);
    return this.seen.find(([at, seen]) => at >= pressed && seen === code)[0] - pressed;
  },

  loaded() {
    return this.find(".lobule")?.dataset.loaded === "true";
  },

  reset() {
    Object.assign(this, { seen: [], frames: 0, blank: 0 });
  },

  counts() {
    return [this.seen.length, this.blank, this.frames];
  },
};
