// Where a plane lies in its pane: zoom and shift, in CSS pixels.

const CLOSEST = 60; // CSS pixels a voxel: nearer shows nothing more
const WIDEST = 0.5; // of the fitting size
const MARGIN = 4;

export class View {
  constructor(plane) {
    this.plane = plane;
    this.width = 0;
    this.height = 0;
    this.fitted = true; // until the reader zooms or pans, the picture follows the size of the pane
    this.scale = 1; // CSS pixels a mm
    this.x = 0; // of the centre of the voxel in the corner
    this.y = 0;
  }

  get scaleX() {
    return this.scale * this.plane.cellWidth;
  }

  get scaleY() {
    return this.scale * this.plane.cellHeight;
  }

  get fitting() {
    const { cols, rows, cellWidth, cellHeight } = this.plane;
    return Math.max(
      0.01,
      Math.min((this.width - 2 * MARGIN) / (cols * cellWidth), (this.height - 2 * MARGIN) / (rows * cellHeight)),
    );
  }

  /** Take the size of the pane; the middle stays in the middle. */
  resize(width, height) {
    const [dx, dy] = [(width - this.width) / 2, (height - this.height) / 2];
    this.width = width;
    this.height = height;
    if (this.fitted) this.fit();
    else this.pan(dx, dy);
  }

  fit() {
    this.fitted = true;
    this.scale = this.fitting;
    this.x = (this.width - (this.plane.cols - 1) * this.scaleX) / 2;
    this.y = (this.height - (this.plane.rows - 1) * this.scaleY) / 2;
  }

  /** Zoom so that what lies under (px, py) stays there. */
  zoom(factor, px, py) {
    const most = CLOSEST / Math.min(this.plane.cellWidth, this.plane.cellHeight);
    const scale = Math.min(Math.max(this.scale * factor, this.fitting * WIDEST), Math.max(most, this.fitting));
    this.x = px + ((this.x - px) * scale) / this.scale;
    this.y = py + ((this.y - py) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
    this.hold();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
    this.hold();
  }

  /** Keep the middle of the pane on the picture, so that it is never lost out of sight. */
  hold() {
    const inside = (start, length, middle) => Math.min(Math.max(start, middle - length), middle);
    this.x = inside(this.x, (this.plane.cols - 1) * this.scaleX, this.width / 2);
    this.y = inside(this.y, (this.plane.rows - 1) * this.scaleY, this.height / 2);
  }

  /** Column and row (fractions of voxels) under a place of the pane. */
  toPlane(px, py) {
    return [(px - this.x) / this.scaleX, (py - this.y) / this.scaleY];
  }

  toPane(column, row) {
    return [this.x + column * this.scaleX, this.y + row * this.scaleY];
  }

  get key() {
    return `${this.width},${this.height},${this.scale},${this.x},${this.y}`;
  }
}
