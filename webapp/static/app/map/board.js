// The board that the map is drawn on: what of it is in view, what stands out, and which track lies at a pixel.

import { Camera } from "./camera.js";
import { readTones } from "./clusters.js";
import { Marks } from "./marks.js";
import { packTones, Points } from "./points.js";

const OUTLIERS = 0.002; // share of the tracks on each side that the first view may leave out
const FEW = 500; // tracks of which none is left out
const [SMALLEST, GREATEST] = [2.5, 13]; // points, in pixels
const CROWDING = 0.55; // of the way from point to point, were they spread evenly, that a point takes
const GROWTH = 0.4;
const [SLOW_MS, QUICK_MS] = [40, 20]; // that a frame which was asked for is waited for
const [THINNED, FILLED, FEWEST] = [0.6, 1.1, 5_000]; // of the points of a moving map after a slow or a quick frame
const RESTING_MS = 200;

export class Board extends EventTarget {
  camera = new Camera();
  pointed = -1; // the track that is pointed at
  chosen = null; // {at, near}: the place of the track that was chosen, and its neighbours'
  only = -1; // the cluster that stands out
  #asked = 0; // when the frame was asked for
  #canvases;
  #element;
  #field;
  #frame = 0;
  #labels;
  #marks;
  #points;
  #resizing = new ResizeObserver(() => this.#resize());
  #resting = 0; // the timer that runs while the map moves
  #share = 1; // of the points, that is drawn while it does
  #tones;

  /** Null where the browser has no WebGL 2. */
  static on(element, field) {
    const canvases = [...element.querySelectorAll("canvas")];
    const points = Points.on(canvases[0], field);
    return points && new Board(element, field, canvases, points);
  }

  constructor(element, field, canvases, points) {
    super();
    [this.#element, this.#field] = [element, field];
    [this.#canvases, this.#points] = [canvases, points];
    this.#marks = new Marks(canvases[1]);
    this.#labels = field.clusters
      .map((cluster, order) => ({ text: cluster.name, at: field.middle(order), size: cluster.size }))
      .filter((label) => label.size > 0)
      .sort((one, other) => other.size - one.size);
    canvases[0].addEventListener("webglcontextrestored", () => this.redraw());
    this.recolour();
    this.#resize();
    this.camera.showWhole(this.#wholeBox);
    this.#resizing.observe(element);
  }

  /** Draw when the browser is ready to: once, however much has changed. */
  redraw() {
    if (this.#frame) return;
    this.#asked = performance.now();
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#resting) this.#keepPace(performance.now() - this.#asked);
      this.#draw();
    });
  }

  recolour() {
    this.#tones = packTones(readTones(this.#field.clusters, this.#element));
    this.redraw();
  }

  pan(dx, dy) {
    this.camera.pan(dx, dy);
    this.#move();
  }

  zoom(factor, px, py) {
    this.camera.zoom(factor, px, py);
    this.#move();
  }

  showWhole() {
    this.camera.fit(this.#wholeBox);
    this.redraw();
  }

  showCluster(order) {
    if (order < 0 || !this.#field.clusters[order].size) return;
    this.camera.fit(this.#field.box(OUTLIERS, order));
    this.redraw();
  }

  /** The track that lies within so many pixels of one, or -1. */
  find(px, py, near) {
    const suits = this.only < 0 ? undefined : (index) => this.#field.clusterOf[index] === this.only;
    return this.#field.nearest(...this.camera.toMap(px, py), (near + this.#pointSize / 2) / this.camera.scale, suits);
  }

  free() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#resting);
    this.#resizing.disconnect();
    this.#points.free();
  }

  get #wholeBox() {
    return this.#field.box(this.#field.length > FEW ? OUTLIERS : 0);
  }

  get #pointSize() {
    const apart = Math.sqrt(this.camera.wholeArea / Math.max(this.#field.length, 1));
    const whole = Math.max(SMALLEST, Math.min(CROWDING * apart, GREATEST));
    return Math.min(whole * Math.max(this.camera.nearness, 1) ** GROWTH, GREATEST);
  }

  #move() {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      this.#resting = 0;
      if (this.#share < 1) this.redraw();
    }, RESTING_MS);
    this.redraw();
  }

  /** A browser that draws slowly, mostly one without a graphics card, draws fewer points until the map rests. */
  #keepPace(waitedMs) {
    const least = Math.min(1, FEWEST / this.#field.length);
    if (waitedMs > SLOW_MS) this.#share = Math.max(this.#share * THINNED, least);
    else if (waitedMs < QUICK_MS) this.#share = Math.min(this.#share * FILLED, 1);
  }

  #draw() {
    const { camera, chosen, only } = this;
    const shared = { size: this.#pointSize, density: devicePixelRatio };
    const pointed = this.pointed < 0 ? null : [this.#field.x(this.pointed), this.#field.y(this.pointed)];
    this.#points.draw(camera, { ...shared, only, tones: this.#tones, share: this.#resting ? this.#share : 1 });
    this.#marks.draw(camera, { ...shared, chosen, pointed, labels: this.#labels });
    this.dispatchEvent(new Event("draw"));
  }

  #resize() {
    const { width, height } = this.#element.getBoundingClientRect();
    for (const canvas of this.#canvases) {
      [canvas.width, canvas.height] = [width, height].map((side) => Math.max(1, Math.round(side * devicePixelRatio)));
    }
    this.camera.resize(width, height);
    // At once: what is drawn was wiped with the size, and a frame without it would flicker.
    if (this.#frame === 0 && this.#labels && this.#tones) this.#draw();
    else this.redraw();
  }
}
