// Streamlit runs this as an inline module, which cannot import by itself: fetch the viewer from the app's own server.

let viewer; // one import for the whole page, whatever is mounted and unmounted
const waiting = new WeakMap();

export default function (component) {
  const { parentElement: place, data } = component;
  viewer ??= import(new URL(`lobule/viewer/${data.code}/viewer.js`, document.baseURI).href);
  waiting.set(place, component); // a rerun may come before the code is there: only the newest data counts
  viewer.then(
    ({ mount }) => waiting.get(place) === component && mount(component),
    () => {
      viewer = undefined; // the next rerun tries again
      if (!place.querySelector("[data-slice]")) place.textContent = waiting.get(place)?.data.strings.not_loaded ?? "";
    },
  );
  return () => {
    waiting.delete(place);
    viewer?.then(({ unmount }) => unmount(place), () => {});
  };
}
