// Downloads wait for what is still on its way to the server, so that they hold all that the reader has drawn.

const LINKS = ".exports a[href]";
const PAUSE_MS = 30;

export function holdDownloads(viewer, signal) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(LINKS);
    if (!link || !viewer.queue.busy) return;
    event.preventDefault();
    event.stopPropagation();
    const later = setInterval(() => {
      if (viewer.queue.busy && !signal.aborted) return; // while the server is away the viewer says so
      clearInterval(later);
      link.click();
    }, PAUSE_MS);
  }, { capture: true, signal });
}
