// From what a reader did to the commands that the server understands, with what to show until it answers.

import { newHandle } from "./objects.js";
import { t } from "./strings.js";

/** The object that a stroke or prompt goes to: the active one, or a new one that becomes active. */
export function target(viewer, fresh = false) {
  const { session, state } = viewer;
  if (fresh || !session.active) viewer.activate(newHandle(state.label));
  return session.active;
}

/** Ask for a mask in a box [y0, x0, y1, x1]; points that the object has on this slice are asked again with it. */
export function askBox(viewer, z, box, handle) {
  viewer.queue.push({
    handle,
    prompt: { z, box, points: [] },
    make: () => {
      if (gone(viewer, handle)) return null;
      const points = promptOf(viewer, handle, z)?.points ?? [];
      const common = { z, box, object: handle.id, label: handle.label };
      return points.length > 0 ? { do: "points", points, ...common } : { do: "box", ...common };
    },
  });
}

/** Ask again with one more point. */
export function askPoint(viewer, z, y, x, positive) {
  const handle = target(viewer);
  viewer.queue.push({
    handle,
    prompt: { z, box: null, points: [[y, x, positive]] },
    make: () => {
      if (gone(viewer, handle)) return null;
      const known = promptOf(viewer, handle, z);
      const points = [...(known?.points ?? []), [y, x, positive]];
      return { do: "points", z, points, box: known?.box ?? null, object: handle.id, label: handle.label };
    },
  });
}

/** Paint or erase along a stroke of [z, y, x] in voxels; `preview` is what the stroke covers. */
export function paint(viewer, { points, erase, preview }) {
  const { radius, ball, onlyRange, range } = viewer.state;
  const { handle } = preview;
  const rounded = points.map((point) => point.map((n) => Math.round(n * 1000) / 1000));
  const hu = onlyRange && !erase ? range : null;
  viewer.queue.push({
    handle,
    preview,
    make: () => {
      if (handle && gone(viewer, handle)) return null;
      const who = { object: handle?.id ?? null, label: handle?.label ?? viewer.state.label };
      return { do: "paint", ...who, points: rounded, radius_mm: radius, ball, erase, hu };
    },
  });
}

/** Fill a polygon of [y, x] in voxels, or cut it out. */
export function fillPolygon(viewer, z, vertices, preview) {
  const { handle, erase } = preview;
  viewer.queue.push({
    handle,
    preview,
    make: () =>
      gone(viewer, handle) ? null : { do: "polygon", object: handle.id, label: handle.label, z, vertices, erase },
  });
}

/** Change the active object: `verb` and further fields as the server knows them. */
export function change(viewer, verb, fields = {}) {
  const handle = viewer.session.active;
  if (!handle) return viewer.notice.say(t("no_active"));
  viewer.queue.push({ handle, make: () => (gone(viewer, handle) ? null : { do: verb, object: handle.id, ...fields }) });
}

/** Change the active object by what lies on the slice on the screen, if there is any of it. */
export function changeHere(viewer, verb, fields = {}) {
  const handle = viewer.session.active;
  const z = viewer.state.at[0];
  if (!mayBeOn(viewer, handle, z)) return viewer.notice.say(t("not_on_slice", { id: handle.id }));
  change(viewer, verb, { z, ...fields });
}

/** Whether an object lies on a slice, or may by the time that what is said now is done. */
function mayBeOn(viewer, handle, z) {
  const object = handle && viewer.objects.find(handle.id);
  return !object || object.slices.includes(z) || viewer.queue.jobs.some((job) => job.handle?.id === handle.id);
}

/** Copy the active object to the slice `step` further, and go there. */
export function copyTo(viewer, step) {
  const z = viewer.state.at[0];
  const to = z + step;
  if (to < 0 || to >= viewer.data.shape[0]) return viewer.notice.say(t("no_next_slice"));
  const goes = viewer.session.active && mayBeOn(viewer, viewer.session.active, z);
  changeHere(viewer, "copy", { to });
  if (goes) viewer.goTo(to);
}

/** Undo, redo or add a label: commands about no object. */
export function order(viewer, command) {
  viewer.queue.push({ handle: null, make: () => command, travels: command.do === "undo" || command.do === "redo" });
}

function promptOf(viewer, handle, z) {
  return viewer.objects.find(handle.id)?.prompts.find((prompt) => prompt.z === z);
}

/** An object may have gone (undo, delete) while a command about it waited. */
function gone(viewer, handle) {
  return handle.id !== null && !viewer.objects.find(handle.id);
}
