// Whether the theme is light, and the styles of the controls: fetched once, and put beside those that Streamlit has placed for the frame.

const FILES = ["controls.css", "panel.css", "whole.css", "dialogs.css", "low.css"];
let sheets;

/** Give the styles to wherever the element stands, in a shadow root or in the page. */
export async function controlStyles(element) {
  sheets ??= Promise.all(FILES.map(fetched));
  const styles = await sheets;
  const scope = element.getRootNode();
  const missing = styles.filter((sheet) => !scope.adoptedStyleSheets.includes(sheet));
  scope.adoptedStyleSheets = [...scope.adoptedStyleSheets, ...missing];
}

/** Wear the theme that the page has, also when it changes with no word to the viewer; `light` is what the app knows. */
export function wearTheme(element, light) {
  const wear = () => element.classList.toggle("light", isLight(element) ?? light);
  element.ontransitionend = ({ target, propertyName }) => target === element && propertyName === "background-color" && wear();
  wear();
}

/** Whether an element's ground is light; null where it has none yet. */
function isLight(element) {
  const found = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(getComputedStyle(element).backgroundColor);
  return found && found.slice(1).reduce((sum, n) => sum + Number(n), 0) > (3 * 255) / 2;
}

async function fetched(name) {
  const response = await fetch(new URL(name, import.meta.url));
  return new CSSStyleSheet().replace(await response.text());
}
