// What the viewer says: trouble and hints in a line over the picture, progress, and words for screen readers.

import { el, text } from "./dom.js";
import { t } from "./strings.js";
import { Gone } from "./client.js";

const SHOWN_MS = 6000;
const SPOKEN_MS = 400;

export class Notice {
  constructor(viewer) {
    this.viewer = viewer;
    this.line = el("div", { class: "toast", role: "status", "aria-live": "polite" });
    this.progress = el("div", { class: "progress", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, el("i"));
    this.live = el("div", { class: "unseen", "aria-live": "polite" });
    this.troubles = new Map();
  }

  /** Say something to the user that needs no answer. */
  say(words, kind = "warning") {
    clearTimeout(this.fading);
    text(this.line, words);
    this.line.className = `toast shown ${kind}`;
    this.fading = setTimeout(() => this.hush(), SHOWN_MS);
  }

  /** Say which picture a mask was found on, where the model was unsure and a second one was tried. */
  tried({ enlarged, whole, zoomed }) {
    const [before, after] = [whole.toFixed(2), zoomed.toFixed(2)];
    if (enlarged) this.say(t("tried_enlarged", { whole: before, zoomed: after }), "hint");
    else this.say(t("tried_whole", { whole: before, zoomed: after }), "warning");
  }

  tell(words) {
    text(this.live, words);
  }

  hush() {
    clearTimeout(this.fading);
    this.line.className = "toast";
    this.standing();
  }

  /** A command could not be done; null takes back what was said of one before. */
  refused(error) {
    if (error) this.say(error instanceof Gone ? t("gone") : error.message || t("failed"), "error");
    else if (this.line.classList.contains("error") && this.troubles.size === 0) this.hush();
  }

  /** A way to the server is broken (error) or works again (null). */
  trouble(way, error, waiting = 0) {
    const had = this.troubles.size > 0;
    if (!error) {
      if (!this.troubles.delete(way)) return;
    } else {
      const lost = waiting > 0 ? t("lost_edit", { count: waiting }) : t("lost");
      this.troubles.set(way, error instanceof Gone ? t("gone") : lost);
    }
    if (this.troubles.size > 0) this.standing();
    else if (had) this.say(t("back_again"), "good");
  }

  /** Trouble stays on the screen for as long as it lasts. */
  standing() {
    const [words] = [...this.troubles.values()].slice(-1);
    if (!words) return;
    clearTimeout(this.fading);
    text(this.line, words);
    this.line.className = "toast shown error";
  }

  show() {
    const { volume } = this.viewer;
    const percent = Math.floor((100 * volume.loaded) / volume.depth);
    this.progress.firstChild.style.width = `${percent}%`;
    this.progress.classList.toggle("done", volume.complete);
    this.progress.setAttribute("aria-valuenow", percent);
    this.progress.setAttribute("aria-label", t("loading_volume", { percent }));
    this.speakLater();
  }

  /** Say slice and value once they rest; each slice passed would be a flood. */
  speakLater() {
    const [z] = this.viewer.state.at;
    if (z === this.spoken) return;
    this.spoken = z;
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => this.tell(this.viewer.words.spoken()), SPOKEN_MS);
  }
}
