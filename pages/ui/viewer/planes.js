// The three planes of a volume: which axis runs across, down and through, and reading a plane out of slices.
// Axes are [z, y, x]; x grows to the patient's left, y to the back, z to the head, so coronal and sagittal stand on
// their head in memory and are turned over.

const AXES = {
  axial: { across: 2, down: 1, through: 0, turned: false, letters: ["R", "L", "A", "P"] },
  coronal: { across: 2, down: 0, through: 1, turned: true, letters: ["R", "L", "S", "I"] },
  sagittal: { across: 1, down: 0, through: 2, turned: true, letters: ["A", "P", "S", "I"] },
};
export const PLANES = Object.keys(AXES);

export class Plane {
  /**
   * @param name axial, coronal or sagittal
   * @param shape voxels [z, y, x]
   * @param spacing mm [z, y, x]; ones where it is unknown
   */
  constructor(name, shape, spacing) {
    Object.assign(this, AXES[name], { name, shape });
    this.cols = shape[this.across];
    this.rows = shape[this.down];
    this.count = shape[this.through];
    this.cellWidth = spacing[this.across];
    this.cellHeight = spacing[this.down];
  }

  /** Turn a place on the plane (column, row; centres are whole) into [z, y, x] of the volume. */
  voxel(column, row, index) {
    const at = [0, 0, 0];
    at[this.across] = column;
    at[this.down] = this.turned ? this.rows - 1 - row : row;
    at[this.through] = index;
    return at;
  }

  /** Turn [z, y, x] into column and row on the plane. */
  place(at) {
    const row = at[this.down];
    return [at[this.across], this.turned ? this.rows - 1 - row : row];
  }

  /**
   * Lay a coronal or sagittal plane into `target` (rows × cols); an axial one lies in memory as it is.
   * @param sliceOf gives the axial slice of a z as a flat array, or null where there is nothing
   * @param empty what to lay where there is nothing
   * @returns whether there was anything
   */
  gather(sliceOf, index, target, empty = 0) {
    const [depth, , width] = this.shape;
    let any = false;
    for (let z = 0; z < depth; z++) {
      const start = (depth - 1 - z) * this.cols;
      const slice = sliceOf(z);
      if (!slice) {
        target.fill(empty, start, start + this.cols);
        continue;
      }
      any = true;
      if (this.name === "coronal") target.set(slice.subarray(index * width, (index + 1) * width), start);
      else for (let y = 0, from = index; y < this.cols; y++, from += width) target[start + y] = slice[from];
    }
    return any;
  }
}
