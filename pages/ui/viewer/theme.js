// The styles of the controls: fetched once, and put beside those that Streamlit has placed for the frame.

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

async function fetched(name) {
  const response = await fetch(new URL(name, import.meta.url));
  return new CSSStyleSheet().replace(await response.text());
}
