// How objects and layers look: colours, opacity, outlines, and what of them is hidden.

export class Looks {
  constructor(viewer) {
    this.viewer = viewer;
    this.made = new Map();
  }

  /** Return a Map from value to {colour, alpha, line, strong} for "objects" or a layer, made again only if need be. */
  of(name) {
    const { viewer } = this;
    const stamp = name === "objects" ? `${viewer.objects.stamp},${viewer.lookStamp},${viewer.session.active?.id}` : viewer.lookStamp;
    const made = this.made.get(name);
    if (made?.stamp === stamp) return made.looks;
    const looks = name === "objects" ? this.objects() : this.layer(name);
    this.made.set(name, { stamp, looks });
    return looks;
  }

  objects() {
    const { objects, session, state } = this.viewer;
    const looks = new Map();
    for (const object of [...objects.table, ...objects.unnumbered()]) {
      if (!this.visible(object)) continue;
      const active = session.active && (session.active.id ?? session.active.temporary) === object.id;
      looks.set(object.id, {
        colour: objects.label(object.label).colour,
        alpha: object.proposed && !active ? state.opacity / 2 : !active ? state.opacity : state.heat ? 0 : Math.min(1, state.opacity * 1.25), // what lies under it shows
        line: state.outlines,
        strong: active,
        broken: Boolean(object.proposed), // a line that says: not yet the reader's
      });
    }
    return looks;
  }

  layer(name) {
    const { data, state } = this.viewer;
    const { kind, colours } = data.layers.find((layer) => layer.name === name);
    const entries = Object.entries(colours).map(([value, colour]) => {
      return [Number(value), { colour, alpha: kind === "fill" ? state.opacity : 0, line: kind === "outline", strong: false }];
    });
    return new Map(entries);
  }

  visible({ id, label }) {
    const { hiddenObjects, hiddenLabels } = this.viewer.session;
    return !hiddenObjects.has(id) && !hiddenLabels.has(label);
  }

  /** The layers to show: what the reader chose, and until then what the app wants. */
  layers() {
    const { data, session } = this.viewer;
    const chosen = session.shownLayers;
    return data.layers.filter(({ name, visible }) => chosen.get(name) ?? visible);
  }
}
