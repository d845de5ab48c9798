// What stays when the viewer is taken down and put up again: an open case's objects, commands and ways of looking.

import { Client } from "./client.js";
import { ObjectMap } from "./objects.js";
import { Queue } from "./queue.js";

const KEPT = 2;
const sessions = new Map(); // by base, so that a case opened again starts afresh

/** How this reader likes to look and draw; for all cases until the page is reloaded. */
export const habits = {
  tool: "box",
  layout: "axial",
  opacity: 0.35,
  outlines: true,
  radius: 6,
  ball: false,
  onlyRange: false,
  range: [0, 200],
  onlyActive: false,
  cut: false,
};

/** Return the client, objects and queue of an open case. */
export function sessionOf(base, shape) {
  const session = sessions.get(base) ?? begin(base, shape);
  sessions.delete(base);
  sessions.set(base, session);
  for (const [old, { queue }] of sessions) {
    if (sessions.size > KEPT && old !== base && !queue.busy) sessions.delete(old);
  }
  return session;
}

function begin(base, shape) {
  const client = new Client(base);
  const objects = new ObjectMap(shape);
  return {
    client,
    objects,
    queue: new Queue(client, objects),
    active: null, // handle of the object that edits go to
    hiddenObjects: new Set(),
    hiddenLabels: new Set(),
    shownLayers: new Map(), // name -> whether the reader wants to see it; the rest is as the app says
  };
}
