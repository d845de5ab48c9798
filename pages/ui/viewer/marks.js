// What lies above the picture: crosshair, boxes, points, and what is being drawn.


const RED = "#ff8a70";
const GREEN = "#5be49b";
const HANDLE = 4;
const SPIN_MS = 900;
const LONG_MS = 2500; // a model that is loaded first takes longer than a reader waits without a word

export function drawMarks(pane, viewer) {
  const { state } = viewer;
  if (state.layout === "three") drawCross(pane, state.at);
  if (pane.name !== "axial" || pane.stale) return;
  if (viewer.masksShown) {
    for (const object of viewer.objects.table) drawPrompts(pane, viewer, object);
  }
  for (const job of viewer.queue.jobs) if (job.prompt) drawWaiting(pane, viewer, job);
  viewer.tool?.draw?.(pane.pencil, pane);
}

/** Two thin lines that leave the crossing itself free to see. */
function drawCross({ pencil, view, plane }, at) {
  const [x, y] = view.toPane(...plane.place(at)).map((n) => Math.round(n) + 0.5);
  pencil.strokeStyle = "rgba(120, 220, 255, 0.55)";
  pencil.lineWidth = 1;
  pencil.beginPath();
  for (const [from, to] of [[0, x - 12], [x + 12, view.width]]) {
    if (to > from) pencil.moveTo(from, y), pencil.lineTo(to, y);
  }
  for (const [from, to] of [[0, y - 12], [y + 12, view.height]]) {
    if (to > from) pencil.moveTo(x, from), pencil.lineTo(x, to);
  }
  pencil.stroke();
}

function drawPrompts(pane, viewer, object) {
  if (!viewer.visible(object)) return;
  const active = viewer.session.active?.id === object.id;
  const { colour } = viewer.objects.label(object.label);
  for (const { z, box, points } of object.prompts) {
    if (z !== pane.index) continue;
    const moved = active && viewer.tool?.moving;
    const asked = viewer.queue.jobs.some(({ handle, prompt }) => handle?.id === object.id && prompt?.box && prompt.z === z);
    if (box && !asked) drawBox(pane, moved || box, colour, active && viewer.data.editable ? "active" : "quiet");
    for (const [y, x, positive] of points) drawPoint(pane, y, x, positive);
  }
}

/** A job on its way: its box or points, with a ring that turns while the model works. */
function drawWaiting(pane, viewer, job) {
  const { prompt, handle } = job;
  if (prompt.z !== pane.index) return;
  const { colour } = viewer.objects.label(handle.label);
  if (prompt.box) drawBox(pane, prompt.box, colour, "new");
  for (const [y, x, positive] of prompt.points) drawPoint(pane, y, x, positive);
  const [y, x] = prompt.box ? [prompt.box[0] - 0.5, prompt.box[3] - 0.5] : prompt.points.at(-1);
  const [px, py] = pane.view.toPane(x, y);
  const [sx, sy] = prompt.box ? [px, py] : [px + 16, py - 16];
  drawSpinner(pane.pencil, sx, sy, colour);
  if (performance.now() - job.began > LONG_MS) drawWords(pane.pencil, sx + 16, sy, viewer.frame.bar.ready.awaited);
  viewer.spin();
}

function drawWords(pencil, x, y, words) {
  pencil.font = "12px system-ui, sans-serif";
  pencil.textBaseline = "middle";
  pencil.fillStyle = "rgba(10, 14, 16, 0.85)";
  pencil.fillRect(x - 2, y - 10, pencil.measureText(words).width + 10, 20);
  pencil.fillStyle = "#eef4f5";
  pencil.fillText(words, x + 3, y);
}

function drawSpinner(pencil, x, y, colour) {
  const turn = ((performance.now() % SPIN_MS) / SPIN_MS) * 2 * Math.PI;
  pencil.beginPath();
  pencil.arc(x, y, 10, 0, 2 * Math.PI);
  pencil.fillStyle = "rgba(10, 14, 16, 0.85)";
  pencil.fill();
  pencil.beginPath();
  pencil.arc(x, y, 6, turn, turn + 4.2);
  pencil.strokeStyle = colour;
  pencil.lineWidth = 2.5;
  pencil.lineCap = "round";
  pencil.stroke();
}

/**
 * Draw a half-open box [y0, x0, y1, x1] in voxels along the edges of its outermost voxels.
 * @param kind "active" has handles, "new" none yet, "quiet" belongs to another object
 */
export function drawBox({ pencil, view }, [y0, x0, y1, x1], colour, kind) {
  const [left, top] = view.toPane(x0 - 0.5, y0 - 0.5);
  const [right, bottom] = view.toPane(x1 - 0.5, y1 - 0.5);
  const place = [left, top, right - left, bottom - top];
  pencil.strokeStyle = "rgba(0, 0, 0, 0.6)";
  pencil.lineWidth = 3;
  if (kind !== "quiet") pencil.strokeRect(...place);
  pencil.setLineDash(kind === "quiet" ? [4, 4] : []);
  pencil.strokeStyle = colour;
  pencil.lineWidth = kind === "quiet" ? 1 : 1.5;
  pencil.strokeRect(...place);
  pencil.setLineDash([]);
  if (kind !== "active") return;
  pencil.fillStyle = "#fff";
  for (const x of [left, (left + right) / 2, right]) {
    for (const y of [top, (top + bottom) / 2, bottom]) {
      if (x === (left + right) / 2 && y === (top + bottom) / 2) continue;
      pencil.beginPath();
      pencil.arc(x, y, HANDLE, 0, 2 * Math.PI);
      pencil.fill();
      pencil.stroke();
    }
  }
}

/** A point inside is a green plus, one outside a red minus: told apart without colour too. */
function drawPoint({ pencil, view }, row, column, positive) {
  const [x, y] = view.toPane(column, row);
  pencil.beginPath();
  pencil.arc(x, y, 6.5, 0, 2 * Math.PI);
  pencil.fillStyle = positive ? GREEN : RED;
  pencil.fill();
  pencil.lineWidth = 1.5;
  pencil.strokeStyle = "rgba(0, 0, 0, 0.8)";
  pencil.stroke();
  pencil.beginPath();
  pencil.moveTo(x - 3.5, y);
  pencil.lineTo(x + 3.5, y);
  if (positive) pencil.moveTo(x, y - 3.5), pencil.lineTo(x, y + 3.5);
  pencil.lineWidth = 2;
  pencil.strokeStyle = "#10181b";
  pencil.stroke();
}
