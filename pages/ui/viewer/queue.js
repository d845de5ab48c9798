// Commands on their way: in order, one at a time, none lost without a word.

import { Gone, Refused, Unreachable } from "./client.js";

const PATIENCE_MS = [500, 1000, 2000, 4000];

/**
 * A job is {make, handle, preview, prompt}: `make` gives the command when its turn has come (by then the objects
 * before it have their numbers) or null if there is nothing left to do, `handle` names the object it is about,
 * `preview` and `prompt` say what to show until then.
 *
 * A queue outlives the viewer that filled it: who draws and changes the page at once still gets the mask.
 */
export class Queue {
  constructor(client, objects) {
    this.client = client;
    this.objects = objects;
    this.jobs = [];
    this.current = null; // the job that is on its way
    this.watcher = null; // {changed(), answered(answer), refused(error), trouble(error or null)} of the viewer shown
  }

  get busy() {
    return this.jobs.length > 0;
  }

  push(job) {
    this.jobs.push({ ...job, began: performance.now() });
    this.watcher?.changed();
    if (!this.sending) this.send();
  }

  /** Forget what was not sent yet of some jobs. */
  drop(some) {
    this.jobs = this.jobs.filter((job) => job === this.current || !some(job));
    this.watcher?.changed();
  }

  async send() {
    this.sending = true;
    while (this.jobs.length > 0) {
      const job = (this.current = this.jobs[0]);
      const command = job.make();
      try {
        const answer = command && (await this.deliver(command));
        this.jobs.shift();
        this.current = null;
        if (answer) this.finish(job, answer);
      } catch (error) {
        if (!(error instanceof Refused || error instanceof Gone)) console.error(error); // a fault of this code
        this.jobs.shift();
        this.watcher?.refused(error);
      }
      this.current = null;
      this.watcher?.changed();
    }
    this.sending = false;
  }

  finish(job, answer) {
    if (job.handle && job.handle.id === null) job.handle.id = answer.active;
    this.objects.take(answer);
    this.watcher?.answered(answer, job);
  }

  /** Send until there is an answer. If one was lost on its way, the version tells that the command was done. */
  async deliver(command) {
    const before = this.objects.version;
    for (let tries = 0; ; tries++) {
      try {
        const found = tries > 0 ? await this.client.objects(before) : null;
        const answer = found && found.version > before ? found : await this.client.perform(command, before);
        if (tries > 0) this.watcher?.trouble(null);
        return answer;
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        this.watcher?.trouble(error);
        await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS[Math.min(tries, PATIENCE_MS.length - 1)]));
      }
    }
  }
}
