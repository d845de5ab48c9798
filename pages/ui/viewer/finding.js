// Liver and tumours found by a network beside the reader: begun, looked at, stopped; then proposals, one by one.

import { Gone, Unreachable } from "./client.js";
import { order } from "./commands.js";
import { t } from "./strings.js";

const LOOK_MS = 300;
const IDLE = { running: false, title: "", done: 0, most: 0 };

export class Finding {
  constructor(viewer) {
    this.viewer = viewer;
    this.status = IDLE;
    this.known = 0; // number of the search whose end was told
    this.stopping = false;
  }

  get asked() {
    return this.viewer.queue.jobs.some(({ finds }) => finds);
  }

  get underWay() {
    return this.status.running || this.asked;
  }

  /** What waits to be accepted or deleted. */
  get proposals() {
    return this.viewer.objects.table.filter(({ proposed }) => proposed);
  }

  begin() {
    const { viewer } = this;
    if (!viewer.data.finder) return viewer.notice.say(viewer.data.noFinder);
    if (this.underWay) return;
    this.stopping = false;
    viewer.queue.push({ handle: null, finds: true, make: () => ({ do: "find" }) });
  }

  async stop() {
    this.stopping = true;
    this.viewer.schedule();
    try {
      await this.viewer.session.client.stopSearch();
    } catch (error) {
      this.stopping = false;
      this.viewer.notice.refused(error instanceof Unreachable ? new Error(t("lost")) : error);
    }
  }

  /** Look how far it is until it has ended; a search that began before this viewer was there is found too. */
  async look(own = false) {
    if (this.looking) return;
    this.looking = true;
    let again = true;
    while (again && !this.viewer.left) {
      try {
        again = await this.take(await this.viewer.session.client.search(), own);
        this.viewer.notice.trouble("finding", null);
      } catch (error) {
        if (error instanceof Gone) break;
        if (!(error instanceof Unreachable)) throw error;
        this.viewer.notice.trouble("finding", error);
      }
      if (again) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    this.looking = false;
  }

  /** @param own whether this viewer asked for it: then even what has ended at once is news */
  async take(answer, own) {
    const had = own || this.status.running;
    this.status = answer.running ? answer : IDLE;
    if (!answer.running && had && answer.search !== this.known) await this.end(answer);
    if (!answer.running) this.known = answer.search;
    this.viewer.schedule();
    return answer.running;
  }

  async end({ found, trouble }) {
    const { viewer } = this;
    const answer = await viewer.session.client.objects(viewer.objects.version);
    viewer.objects.take(answer);
    viewer.keepActive();
    viewer.reports.changed(answer.version);
    if (trouble) viewer.notice.say(trouble, "error");
    else if (found) viewer.notice.say(this.words(found), "hint");
    else viewer.notice.say(t("find_stopped"), "hint");
  }

  words({ objects, there, leftOut }) {
    const parts = [objects.length > 0 ? t("find_found", { count: objects.length }) : t(there > 0 ? "find_nothing_new" : "find_nothing")];
    if (there > 0) parts.push(t("find_there", { count: there }));
    if (leftOut > 0) parts.push(t("find_left_out", { count: leftOut }));
    return parts.join(" ");
  }

  /** Show the next (1) or previous (-1) proposal where it is largest; round and round. */
  go(direction, from = this.viewer.session.active?.id ?? 0) {
    const { viewer, proposals } = this;
    if (proposals.length === 0) return viewer.notice.say(t("find_none_open"), "hint");
    const ids = proposals.map(({ id }) => id);
    const next = direction > 0 ? ids.find((id) => id > from) ?? ids[0] : ids.findLast((id) => id < from) ?? ids.at(-1);
    viewer.visit(viewer.objects.find(next));
  }

  /** Accept a proposal, by default the chosen one, and go on to the next. */
  accept(id = this.viewer.activeObject?.proposed ? this.viewer.activeObject.id : null) {
    if (id === null) return this.viewer.notice.say(t("find_choose"), "hint");
    this.settle(id, "accept");
  }

  /** Delete a proposal and go on to the next. */
  remove(id) {
    this.settle(id, "delete");
  }

  settle(id, verb) {
    const { viewer } = this;
    const gone = () => !viewer.objects.find(id);
    const next = () => this.proposals.some((one) => one.id !== id) && this.go(1, id);
    viewer.queue.push({ handle: { id }, settles: next, make: () => (gone() ? null : { do: verb, object: id }) });
  }

  settleAll(verb) {
    if (this.proposals.length > 0) order(this.viewer, { do: verb });
  }
}
