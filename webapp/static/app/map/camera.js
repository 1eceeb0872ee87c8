// What of the map is in view: its middle in the map's steps, and how many pixels a step has.

const NEAREST = 400; // times nearer than the whole map

export class Camera {
  x = 0;
  y = 0;
  scale = 1;
  width = 1;
  height = 1;
  #whole = null;

  /** Show this box; it stays the one that zooming is counted from. */
  showWhole(box) {
    this.#whole = box;
    this.fit(box);
  }

  resize(width, height) {
    const share = this.scale / this.wholeScale;
    [this.width, this.height] = [width, height];
    if (this.#whole) this.scale = share * this.wholeScale;
  }

  get wholeScale() {
    return this.#whole ? this.#scaleFor(this.#whole) : 1;
  }

  /** Square pixels of the whole map. */
  get wholeArea() {
    const { left, right, top, bottom } = this.#whole ?? { left: 0, right: 1, top: 1, bottom: 0 };
    return (right - left) * (top - bottom) * this.wholeScale ** 2;
  }

  /** How many times nearer than the whole map. */
  get nearness() {
    return this.scale / this.wholeScale;
  }

  fit(box) {
    [this.x, this.y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    this.scale = this.#limited(this.#scaleFor(box));
  }

  /** Zoom so that what is at this pixel stays there. */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toMap(px, py);
    this.scale = this.#limited(this.scale * factor);
    this.x = x - (px - this.width / 2) / this.scale;
    this.y = y + (py - this.height / 2) / this.scale;
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
  }

  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (this.y - y) * this.scale + this.height / 2];
  }

  toMap(px, py) {
    return [(px - this.width / 2) / this.scale + this.x, this.y - (py - this.height / 2) / this.scale];
  }

  /** Bring a place into view, without moving where it is in it. */
  reveal(x, y, margin = 40) {
    const [px, py] = this.toScreen(x, y);
    this.pan(
      Math.max(margin - px, 0) - Math.max(px - (this.width - margin), 0),
      Math.max(margin - py, 0) - Math.max(py - (this.height - margin), 0),
    );
  }

  #scaleFor({ left, right, top, bottom }) {
    return 0.9 * Math.min(this.width / Math.max(right - left, 1), this.height / Math.max(top - bottom, 1));
  }

  #limited(scale) {
    return Math.max(this.wholeScale / 4, Math.min(scale, this.wholeScale * NEAREST));
  }
}
