// The words the viewer shows. The app hands them over, in one language; here stand none, so that none can differ.

let words = {};

/** Take the words of a language, by key. */
export function speak(strings) {
  words = strings;
}

/** Return the words for a key, with `{names}` filled in. */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
