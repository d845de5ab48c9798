// The routes of a case: volumes and masks come as bytes, commands go as JSON.

/** The server does not answer now; the same may work later. */
export class Unreachable extends Error {}
/** The server does not know this case any more. */
export class Gone extends Error {}
/** The user asked for something that cannot be done; the message is for the screen. */
export class Refused extends Error {}

export class Client {
  /** @param base `lobule/<token>/`, relative to the page */
  constructor(base) {
    this.base = new URL(base, document.baseURI);
  }

  /** Return the slices [from, to) of the volume as Int16Array, or of a layer as Uint8Array. */
  async slab(layer, from, to, count, signal) {
    const path = layer === null ? "volume" : `layer/${encodeURIComponent(layer)}`;
    const bytes = await this.bytes(`${path}?from=${from}&to=${to}`, { signal });
    const Values = layer === null ? Int16Array : Uint8Array;
    if (bytes.byteLength !== count * Values.BYTES_PER_ELEMENT) throw new Unreachable("an answer was cut short");
    return new Values(bytes);
  }

  /** Return all that changed since a version of the annotation. */
  async objects(since) {
    return answer(await this.bytes(`objects?since=${since}`));
  }

  /** Send a command; the answer holds all that changed since a version. */
  async perform(command, since) {
    return answer(await this.bytes(`do?since=${since}`, post(command)));
  }

  /** Return how far the carrying of objects is, with the masks that came since `seen`. */
  async carrying(run, seen) {
    return answer(await this.bytes(`carrying?run=${run}&seen=${seen}`));
  }

  async stop() {
    await this.bytes("stop", post({}));
  }

  /** Return how far the search for liver and tumours is, and what it came to. */
  async search() {
    return JSON.parse(new TextDecoder().decode(await this.bytes("search")));
  }

  async stopSearch() {
    await this.bytes("search/stop", post({}));
  }

  /** Return which slices the model has encoded ahead. */
  async ready() {
    return JSON.parse(new TextDecoder().decode(await this.bytes("ready")));
  }

  async pause(paused) {
    await this.bytes("pause", post({ paused }));
  }

  /** Return what is known of how far to trust an object; asked again it knows more, until nothing is left. */
  async trust(id, z) {
    return JSON.parse(new TextDecoder().decode(await this.bytes(`trust?object=${id}&z=${z}`)));
  }

  /** Return how many of the moved boxes cover each voxel of an object on a slice. */
  async agreement(id, z) {
    const { header, rest } = split(await this.bytes(`agreement?object=${id}&z=${z}`));
    return { ...header, votes: rest };
  }

  /** Tell which slice is looked at. Nothing hangs on it, so a failure is not told. */
  look(z) {
    fetch(new URL("look", this.base), post({ z })).catch(() => {});
  }

  async bytes(path, options = {}) {
    let response;
    try {
      response = await fetch(new URL(path, this.base), options);
      if (response.ok) return await response.arrayBuffer();
    } catch (error) {
      throw new Unreachable(error.message, { cause: error });
    }
    if (response.status === 404) throw new Gone();
    if (response.status === 422) throw new Refused((await response.json()).trouble);
    // What only reads may be asked again; a command that broke the server may not. 502 to 504: it starts again.
    const again = options.method !== "POST" || response.status > 500;
    throw again ? new Unreachable(`${response.status}`) : new Refused("");
  }
}

function post(body) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/** Read an answer: a length, a JSON header of that length, then the object ids of its regions one after another. */
function answer(bytes) {
  const { header, rest } = split(bytes);
  return { ...header, ids: new Uint16Array(rest.slice().buffer) }; // a copy, as the header's length may be odd
}

function split(bytes) {
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  return { header, rest: new Uint8Array(bytes, 4 + length) };
}
