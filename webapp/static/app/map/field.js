// Where the tracks lie, and which one is nearest to a place: a grid of squares, each with the tracks in it.

const SQUARES = 256; // on a side
const STEPS = 65_536;
const SIDE = STEPS / SQUARES;

export class Field {
  /** `packed`: x and y of each track as 16-bit integers; `clusters`: [{number, size}], in the order of the tracks. */
  constructor(packed, clusters) {
    this.places = readLittleEndian(packed);
    this.length = this.places.length / 2;
    this.clusters = clusters;
    this.clusterOf = new Uint16Array(this.length);
    let start = 0;
    for (const [order, cluster] of clusters.entries()) {
      cluster.start = start;
      start += cluster.size;
      this.clusterOf.fill(order, cluster.start, start);
    }
    this.#sort();
  }

  #starts = new Uint32Array(SQUARES * SQUARES + 1);
  #sorted;

  x(index) {
    return this.places[2 * index];
  }

  y(index) {
    return this.places[2 * index + 1];
  }

  /** The cluster's number and the place in its list, by which the library knows a track. */
  nameOf(index) {
    const cluster = this.clusterAt(index);
    return { cluster: cluster.number, rank: index - cluster.start };
  }

  clusterAt(index) {
    return this.clusters[this.clusterOf[index]];
  }

  /** Where the cluster of a number stands among the others, or -1. */
  orderOf(number) {
    return this.clusters.findIndex((cluster) => cluster.number === Number(number));
  }

  /** The track nearest to a place within so many steps, or -1; `suits` may refuse tracks. */
  nearest(x, y, within, suits = () => true) {
    const span = (value) => [clamp((value - within) / SIDE), clamp((value + within) / SIDE)];
    const [[left, right], [bottom, top]] = [span(x), span(y)];
    let [found, least] = [-1, within * within];
    for (let row = bottom; row <= top; row += 1) {
      const first = this.#starts[row * SQUARES + left];
      const end = this.#starts[row * SQUARES + right + 1];
      for (let at = first; at < end; at += 1) {
        const index = this.#sorted[at];
        const apart = (this.x(index) - x) ** 2 + (this.y(index) - y) ** 2;
        if (apart < least && suits(index)) [found, least] = [index, apart];
      }
    }
    return found;
  }

  /** The track at exactly this place, or -1. */
  at(x, y) {
    return this.nearest(x, y, 1);
  }

  /** The next track in a direction: near, and rather ahead than aside. */
  toward(index, dx, dy) {
    const [x, y] = [this.x(index), this.y(index)];
    for (let within = SIDE / 4; within < 2 * STEPS; within *= 2) {
      const found = this.nearest(x, y, within, (other) => {
        const [ax, ay] = [this.x(other) - x, this.y(other) - y];
        const ahead = ax * dx + ay * dy;
        return ahead > 0 && ahead >= Math.abs(ax * dy - ay * dx);
      });
      if (found >= 0) return found;
    }
    return -1;
  }

  /** The box that holds all but this share of the tracks on every side; `order` for one cluster alone. */
  box(share = 0, order = -1) {
    const { start, size } = order < 0 ? { start: 0, size: this.length } : this.clusters[order];
    const sides = [0, 1].map((side) => {
      const sorted = Uint16Array.from({ length: size }, (_, at) => this.places[2 * (start + at) + side]).sort();
      const cut = Math.floor(sorted.length * share);
      return [sorted[cut] ?? 0, sorted[sorted.length - 1 - cut] ?? STEPS];
    });
    return { left: sides[0][0], right: sides[0][1], top: sides[1][1], bottom: sides[1][0] };
  }

  /** Where the name of a cluster stands: the middle of its tracks. */
  middle(order) {
    const { start, size } = this.clusters[order];
    let [x, y] = [0, 0];
    for (let index = start; index < start + size; index += 1) [x, y] = [x + this.x(index), y + this.y(index)];
    return [x / size, y / size];
  }

  #sort() {
    const square = (index) => (this.y(index) >> 8) * SQUARES + (this.x(index) >> 8);
    for (let index = 0; index < this.length; index += 1) this.#starts[square(index) + 1] += 1;
    for (let at = 1; at < this.#starts.length; at += 1) this.#starts[at] += this.#starts[at - 1];
    const next = this.#starts.slice();
    this.#sorted = new Uint32Array(this.length);
    for (let index = 0; index < this.length; index += 1) this.#sorted[next[square(index)]++] = index;
  }
}

function clamp(square) {
  return Math.max(0, Math.min(SQUARES - 1, Math.floor(square)));
}

function readLittleEndian(packed) {
  const view = new DataView(packed);
  return Uint16Array.from({ length: packed.byteLength / 2 }, (_, at) => view.getUint16(2 * at, true));
}
