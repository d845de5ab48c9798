// The slice viewer: one for each place on the page, kept through reruns, taken down when its place has gone.

import { BrushTool, PolygonTool } from "./brush.js";
import { Carrying } from "./carrying.js";
import { el } from "./dom.js";
import { Finding } from "./finding.js";
import { Frame } from "./frame.js";
import { Gestures } from "./gestures.js";
import { Keys } from "./keys.js";
import { Looks } from "./looks.js";
import { Notice } from "./notice.js";
import { Pane } from "./pane.js";
import { PLANES } from "./planes.js";
import { BoxTool, PointTool, SelectTool } from "./prompts.js";
import { Readout } from "./readout.js";
import { Reports } from "./reports.js";
import { habits, sessionOf } from "./session.js";
import { Stage } from "./stage.js";
import { speak, t } from "./strings.js";
import { controlStyles, wearTheme } from "./theme.js";
import { Trust } from "./trust.js";
import { Loader, volumeOf } from "./volume.js";

const viewers = new WeakMap();
const LEFT_MS = 400; // Streamlit takes down and puts up again at each rerun: only what stays away has left

/** Show a component; the same viewer takes the new data at each rerun. */
export async function mount(component) {
  const place = component.parentElement;
  let viewer = viewers.get(place);
  clearTimeout(viewer?.leaving);
  if (viewer && viewer.kind !== kindOf(component.data)) viewer.leave();
  if (viewer?.left !== false) viewers.set(place, (viewer = new Viewer(component)));
  else viewer.take(component);
}

/** What a viewer is built for: with another case or language it is built anew, where the reader was. */
function kindOf({ base, strings, presets }) {
  return JSON.stringify([base, strings, presets]);
}

export function unmount(place) {
  const viewer = viewers.get(place);
  if (!viewer) return;
  clearTimeout(viewer.leaving);
  viewer.leaving = setTimeout(() => {
    viewer.leave();
    viewers.delete(place);
  }, LEFT_MS);
}

export class Viewer extends Stage {
  constructor(component) {
    super();
    const { data, parentElement } = component;
    speak(data.strings);
    this.data = data;
    this.kind = kindOf(data);
    this.left = false;
    this.session = sessionOf(data.base, data.shape);
    Object.assign(this, { objects: this.session.objects, queue: this.session.queue });
    this.volume = volumeOf(data.case, data.shape);
    this.greys = new Uint32Array(65536);
    this.greyStamp = 0;
    this.lookStamp = 0;
    const [, height, width] = data.shape;
    const { last } = this.session;
    const resumes = last && last.moves === data.moves; // the app may not know yet where the reader went last
    this.state = {
      ...habits,
      layout: data.layout ?? habits.layout,
      at: resumes ? last.at : [data.z - 1, Math.floor(height / 2), Math.floor(width / 2)],
      level: resumes ? last.level : data.window.level,
      width: resumes ? last.width : data.window.width,
      label: resumes ? last.label : data.label,
      big: null,
      heat: false,
      hidden: false,
      peeking: false,
      pointer: null,
    };
    this.words = new Readout(this);
    this.looksOf = new Looks(this);
    this.stop = new AbortController();
    this.reports = new Reports(this, component, this.stop.signal);
    this.build(parentElement);
    this.begin();
    this.take(component);
  }

  build(place) {
    this.root = el("div", { class: "lobule", role: "group", "aria-label": t("viewer"), "data-busy": "false", "data-ready": "false", "data-loaded": "false" });
    this.notice = new Notice(this);
    this.carrying = new Carrying(this);
    this.finding = new Finding(this);
    this.trust = new Trust(this);
    this.panes = PLANES.map((name) => new Pane(this, name));
    this.gestures = this.panes.map((pane) => new Gestures(this, pane, this.stop.signal));
    this.tools = {
      select: new SelectTool(this),
      box: new BoxTool(this),
      plus: new PointTool(this, true),
      minus: new PointTool(this, false),
      brush: new BrushTool(this, false),
      eraser: new BrushTool(this, true),
      polygon: new PolygonTool(this),
    };
    this.frame = new Frame(this);
    this.keys = new Keys(this, this.stop.signal);
    (place.querySelector(".lobule-viewer") ?? place).replaceChildren(this.root);
    controlStyles(this.root).then(() => this.frame.measure());
  }

  begin() {
    const { client, queue } = this.session;
    this.watcher = queue.watcher = {
      changed: () => this.refreshPreviews(),
      answered: (answer, job) => this.answered(answer, job),
      refused: (error) => this.notice.refused(error),
      trouble: (error) => this.notice.trouble("queue", error, queue.jobs.length),
    };
    this.loader = new Loader(client, this.volume, {
      at: () => this.state.at[0],
      arrived: () => this.schedule(),
      trouble: (error) => this.notice.trouble("loader", error),
    });
    this.wear();
    this.refreshPreviews();
  }

  /** Take the data of a rerun. It may be older than what the reader has done since, so it moves him only if told. */
  take(component) {
    const { data } = component;
    const before = this.moves === undefined ? null : this.data;
    this.reports.take(component);
    this.data = data;
    if (this.moves !== undefined && data.moves !== this.moves) this.goTo(data.z - 1);
    this.moves = data.moves;
    const { level, width } = data.window;
    const told = before && (before.window.level !== level || before.window.width !== width);
    if (told && !this.reports.isOwn(data)) this.setWindow(level, width);
    if (before && before.label !== data.label && !this.reports.isOwn(data)) this.setLabel(data.label);
    wearTheme(this.root, Boolean(data.light));
    this.root.classList.toggle("reading-only", !data.editable);
    if (!this.tool || (!data.takesPoints && ["plus", "minus"].includes(this.state.tool))) this.setTool("box");
    this.wear();
    this.loader.want(this.shownLayers().map(({ name }) => name));
    if (!before || before.model !== data.model) this.reports.look();
    if (!before && data.editable) [this.carrying, this.finding].forEach((work) => work.look());
    if (data.editable || data.looksOn) this.refreshObjects();
    this.frame.measure();
    this.schedule();
  }

  leave() {
    this.left = true;
    const { at, level, width, label } = this.state;
    this.session.last = { at, level, width, label, moves: this.moves };
    this.stop.abort();
    this.loader.stop();
    this.reports.flush();
    this.frame.leave();
    cancelAnimationFrame(this.frameAsked);
    if (this.queue.watcher === this.watcher) this.queue.watcher = null; // another viewer may listen already
    this.root.remove();
  }

  /** Fetch what others changed: at the start, and when the app says that its version is newer. */
  async refreshObjects() {
    const { version } = this.data;
    const known = this.objects.labels.length > 0;
    if (version === undefined || version === null || this.fetching || this.queue.busy) return;
    const { language } = this.data;
    if (known && version <= this.objects.version && this.session.language === language) return;
    this.fetching = true;
    try {
      this.objects.take(await this.session.client.objects(known ? this.objects.version : 0));
      this.session.language = language; // names of labels and steps come in the words of the app
      this.notice.trouble("objects", null);
      this.keepActive();
    } catch (error) {
      this.notice.trouble("objects", error);
      if (!this.left) setTimeout(() => this.refreshObjects(), 2000);
    }
    this.fetching = false;
    this.schedule();
  }

  answered(answer, job) {
    this.notice.refused(null);
    if (job.travels) this.follow(answer);
    if (answer.active !== null && (!this.session.active || this.session.active === job.handle || job.travels)) {
      const object = this.objects.find(answer.active);
      if (object && this.session.active?.id !== object.id) this.session.active = { id: object.id, label: object.label };
    }
    if (job.travels) this.welcome();
    this.frame.bar.ready.ask();
    if (answer.tried) this.notice.tried(answer.tried);
    if (job.carries) this.carrying.begun(job.handle);
    if (job.finds) this.finding.look(true);
    job.settles?.();
    this.carrying.offer(job.travels);
    if (job.addsLabel) this.setLabel(this.objects.labels.at(-1).value);
    this.keepActive();
    this.known = new Set(this.objects.table.map(({ id }) => id));
    this.reports.changed(answer.version);
    this.schedule();
  }

  /** An object that undo or redo brought back is the one to go on with. */
  welcome() {
    const back = this.objects.table.filter(({ id }) => this.known && !this.known.has(id));
    if (back.length === 1) this.session.active = { id: back[0].id, label: back[0].label };
  }

  keepActive() {
    const { active } = this.session;
    if (!active || active.id === null) {
      if (active && !this.queue.jobs.some(({ handle }) => handle === active)) this.session.active = null;
      return;
    }
    const object = this.objects.find(active.id);
    if (object) active.label = object.label;
    else this.session.active = null;
  }

  refreshPreviews() {
    const live = this.tool?.preview ?? null;
    this.objects.preview([...this.carrying.previews, ...this.queue.jobs.map(({ preview }) => preview), live].filter(Boolean));
    this.schedule();
  }

  /** mm of a voxel [z, y, x]; where they are unknown a voxel counts as 1. */
  get spacing() {
    return this.data.hasSpacing ? this.data.spacing : [1, 1, 1];
  }

  get tool() {
    return this.data.editable ? this.tools[this.state.tool] : null;
  }

  get isPainting() {
    return this.tool instanceof BrushTool;
  }

  get activeObject() {
    const { active } = this.session;
    return active && active.id !== null ? this.objects.find(active.id) : null;
  }

  get masksShown() {
    return this.state.hidden === this.state.peeking; // a look underneath shows what is hidden, and the other way
  }
}
