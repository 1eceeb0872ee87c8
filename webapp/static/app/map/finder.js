// What happens when a track of the map is pointed at, gone to or pressed, and how the map follows what plays.

import { nameOf } from "../format.js";
import * as toast from "../toast.js";

const [NEAR_MOUSE, NEAR_FINGER] = [9, 20]; // pixels from a point that still mean it
const POINTED_MS = 60;
const MARGIN = 8;
const NOT_FOUND = "Nothing is known of this track just now. Load the page again to see the map as it is.";

export class Finder {
  #board;
  #cards;
  #cursor = -1; // the track that was gone to or pressed last
  #field;
  #parts;
  #queue;
  #timer = 0;

  /** `parts`: the elements `frame`, `tip` and `card`. */
  constructor(board, field, cards, queue, parts) {
    [this.#board, this.#field, this.#cards, this.#queue, this.#parts] = [board, field, cards, queue, parts];
  }

  point(px, py) {
    const index = this.#board.find(px, py, NEAR_MOUSE / 2);
    if (index === this.#board.pointed) return;
    this.unpoint();
    if (index < 0) return;
    this.#board.pointed = index;
    this.#parts.frame.classList.add("is-on-track");
    this.#timer = setTimeout(() => this.#showTip(index), POINTED_MS);
  }

  unpoint() {
    clearTimeout(this.#timer);
    this.#parts.tip.hidden = true;
    this.#parts.frame.classList.remove("is-on-track");
    this.#board.pointed = -1;
    this.#board.redraw();
  }

  press(px, py, isTouch) {
    const index = this.#board.find(px, py, isTouch ? NEAR_FINGER : NEAR_MOUSE);
    if (index >= 0) this.#choose(index);
  }

  /** To the next track in a direction; at first to the one nearest to the middle of the view. */
  async go(dx, dy) {
    const { camera } = this.#board;
    const index = this.#cursor >= 0 ? this.#field.toward(this.#cursor, dx, dy) : this.#middleOf(camera);
    if (index < 0) return;
    this.#cursor = this.#board.pointed = index;
    camera.reveal(this.#field.x(index), this.#field.y(index));
    this.#board.redraw();
    const card = await this.#showTip(index);
    if (card) this.#say(`${nameOf(card)}, ${this.#field.clusterAt(index).name}`);
  }

  /** Play the track that was gone to. */
  play() {
    if (this.#cursor >= 0) this.#choose(this.#cursor);
  }

  /** Show what plays, with lines to what sounds like it. */
  async follow() {
    const track = this.#queue.current?.track;
    const card = track && (await this.#cards.of(track));
    if (card && this.#queue.current?.track === track) this.#showPlace(card);
  }

  /** Show where a track lies, and its neighbourhood. */
  async show(track) {
    const card = await this.#cards.of(track);
    if (!card) return;
    if (!card.places.length) return toast.show("This track is not on the map yet. It is after the next training.");
    this.#showPlace(card);
    this.#board.camera.fit(around(card.places));
    this.#board.redraw();
  }

  /** Keep the name beside its track, wherever the map is moved. */
  placeTip() {
    const { tip } = this.#parts;
    if (tip.hidden) return;
    const { camera, pointed } = this.#board;
    const [px, py] = camera.toScreen(this.#field.x(pointed), this.#field.y(pointed));
    const most = camera.width - tip.offsetWidth - MARGIN;
    const left = Math.max(MARGIN, Math.min(px - tip.offsetWidth / 2, most));
    const above = py - tip.offsetHeight - 2 * MARGIN;
    tip.style.translate = `${left}px ${above < MARGIN ? py + 2 * MARGIN : above}px`;
  }

  async #choose(index) {
    this.#cursor = index;
    this.#board.chosen = { at: [this.#field.x(index), this.#field.y(index)], near: [] };
    this.#board.redraw();
    const card = await this.#cards.at(this.#field.nameOf(index));
    if (!card) return toast.show(NOT_FOUND);
    if (this.#cursor !== index) return;
    this.#showCard(card);
    // The player tells the queue, and the map follows that. Who presses a track wants to hear it: what plays, plays on.
    this.#parts.card.querySelector("[data-play]:not(.is-playing)")?.click();
  }

  #showPlace(card) {
    this.#showCard(card);
    if (!card.places.length) return;
    const [at, ...near] = card.places;
    this.#board.chosen = { at, near };
    this.#cursor = this.#field.at(...at);
    this.#board.camera.reveal(...at);
    this.#board.redraw();
  }

  async #showTip(index) {
    const card = await this.#cards.at(this.#field.nameOf(index));
    if (!card || this.#board.pointed !== index) return null;
    const { tip } = this.#parts;
    tip.querySelector("[data-map-tip-name]").textContent = nameOf(card);
    tip.querySelector("[data-map-tip-cluster]").textContent = this.#field.clusterAt(index).name;
    tip.hidden = false;
    this.placeTip();
    return card;
  }

  #showCard(card) {
    const { card: holder } = this.#parts;
    if (holder.dataset.shown === card.html) return;
    holder.dataset.shown = card.html;
    holder.innerHTML = card.html;
    window.htmx.process(holder);
    window.htmx.trigger(holder, "htmx:load");
  }

  #middleOf({ width, height }) {
    return this.#board.find(width / 2, height / 2, Math.hypot(width, height));
  }

  #say(text) {
    document.querySelector("[data-announcement]").textContent = text;
  }
}

function around(places) {
  const [xs, ys] = [0, 1].map((side) => places.map((place) => place[side]));
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.max(...ys), bottom: Math.min(...ys) };
}
