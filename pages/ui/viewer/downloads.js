// Downloads wait for what is still on its way to the server, so that they hold all that the reader has drawn.
// For what is being carried they do not wait, which may take minutes: the reader is told that it is not in there yet.

import { t } from "./strings.js";

const LINKS = ".exports a[href]";
const PAUSE_MS = 30;

export function holdDownloads(viewer, signal) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(LINKS);
    if (!link) return;
    if (!viewer.queue.busy) return warn(viewer);
    event.preventDefault();
    event.stopPropagation();
    const later = setInterval(() => {
      if (viewer.queue.busy && !signal.aborted) return; // while the server is away the viewer says so
      clearInterval(later);
      link.click();
    }, PAUSE_MS);
  }, { capture: true, signal });
}

function warn({ carrying, notice }) {
  if (carrying.underWay) notice.say(t("not_in_file", { id: carrying.current }));
}
