// What plays next: the tracks in their order, the place in it, shuffle and repeat. Knows nothing of sound or pages. Tells
// every "change", and whether by it the queue `isOver`; before one that puts other tracks in place of all, "replace".

const MOST_TRACKS = 1000;
const MOST_BROUGHT = 500; // that a radio remembers
const REPEATS = ["off", "all", "one"];

/**
 * A track of the queue: {track, title, artist, seconds, page, source, artwork, isPrepared}, and `entry`, its number here,
 * because a track may stand in the queue twice. `place` is where it stood before shuffling; `isPrepared` tells one that
 * the server may have to convert for the browser first.
 */
export class Queue extends EventTarget {
  tracks = [];
  index = -1;
  repeat = "off";
  isShuffled = false;
  radio = null; // where more tracks come from, in a queue without an end: {address, brought}, the latter their ids
  rest = null; // where tracks of the list come from that its page does not show: {earlier, later}
  isArranged = false; // by hand, so that to replace it loses somebody's work
  #lastEntry = 0;
  #storage;
  #key;

  constructor(storage, key) {
    super();
    this.#storage = storage;
    this.#key = key;
    this.#load();
  }

  get current() {
    return this.tracks[this.index] ?? null;
  }

  /** What follows when the current track ends by itself; null at the queue's end, and where that track is repeated. */
  get following() {
    if (this.repeat === "one") return null;
    const isRound = this.repeat === "all" && this.index > 0;
    return this.tracks[this.index + 1] ?? (isRound ? this.tracks[0] : null);
  }

  /**
   * A list becomes the queue and starts at one of its tracks: as the same entry where that is the current one, which
   * then plays on. Where the queue is shuffled, all others are mixed behind it.
   */
  start(tracks, index, { radio = null, rest = null } = {}) {
    const before = this.current;
    this.#replace();
    this.radio = radio && { address: radio, brought: [] };
    this.#remember(tracks);
    this.rest = rest;
    this.isArranged = false;
    const first = Math.max(0, Math.min(index, tracks.length - MOST_TRACKS));
    this.tracks = tracks.slice(first, first + MOST_TRACKS).map((track) => this.#number(track));
    this.index = index - first;
    if (before && before.track === this.current?.track) this.current.entry = before.entry;
    this.#renumber();
    if (this.isShuffled) this.#shuffleAll();
    this.#changed();
  }

  /** Put a track at the end, or right after the current one; its entry, or null where there is no room. */
  add(track, { isNext = false, isByHand = false } = {}) {
    if (this.tracks.length >= MOST_TRACKS) return null;
    this.isArranged ||= isByHand;
    const position = isNext ? this.index + 1 : this.tracks.length;
    const place = isNext ? (this.current?.place ?? 0) + 0.5 : this.#lastPlace + 1;
    const added = { ...this.#number(track), place };
    this.tracks.splice(position, 0, added);
    if (this.index < 0) this.index = 0;
    this.#changed();
    return added.entry;
  }

  /** More of the radio, at the end. What was taken out meanwhile is told as well, so that it does not come back. */
  goOn(tracks) {
    this.#remember(tracks);
    for (const track of tracks) this.add(track);
  }

  /** More of the list that became the queue, on one of its sides; `address` is where that goes on. */
  extend(side, tracks, address) {
    const space = MOST_TRACKS - this.tracks.length;
    const left = { ...this.rest, [side]: address };
    this.rest = tracks.length < space && (left.later || left.earlier) ? left : null;
    this.#join(side, side === "later" ? tracks.slice(0, space) : tracks.slice(Math.max(0, tracks.length - space)));
    this.#changed();
  }

  jump(entry) {
    this.index = this.#find(entry);
    this.#changed();
  }

  move(entry, to) {
    const from = this.#find(entry);
    const current = this.current;
    const target = Math.max(0, Math.min(to, this.tracks.length - 1));
    if (from < 0 || from === target) return;
    this.isArranged = true;
    this.tracks.splice(target, 0, ...this.tracks.splice(from, 1));
    this.index = this.tracks.indexOf(current);
    this.#changed();
  }

  /** Take a track out; the current one is followed by the one after it. Gives what `putBack` takes, or null. */
  remove(entry) {
    const position = this.#find(entry);
    if (position < 0) return null;
    const { rest, index } = this;
    const [track] = this.tracks.splice(position, 1);
    const [previous, next] = [this.tracks[position - 1]?.entry, this.tracks[position]?.entry];
    const isOver = position === index && index === this.tracks.length; // the current one was the last
    if (isOver && this.repeat === "all") this.index = Math.min(0, this.tracks.length - 1);
    else if (position < index || isOver) this.index -= 1;
    if (this.tracks.length === 0) this.rest = null;
    this.#changed({ isOver: isOver && this.repeat !== "all" });
    return { track, position, previous, next, rest, follower: position === index ? this.current : undefined };
  }

  /** Put a track back beside those it stood by; it is the current one again where what followed it still is. */
  putBack({ track, position, previous, next, rest, follower }) {
    const isCurrent = this.current === follower;
    if (this.tracks.length === 0) this.rest = rest;
    const [before, after] = [this.#find(previous), this.#find(next)];
    const target = before >= 0 ? before + 1 : after >= 0 ? after : Math.min(position, this.tracks.length);
    // Those behind it have closed up to its place, unless they were mixed then.
    this.tracks.splice(target, 0, { ...track, place: track.place - 0.25 });
    if (isCurrent) this.index = target;
    else if (target <= this.index) this.index += 1;
    this.#changed();
  }

  /** Nothing more comes: what is queued is all. */
  endRadio() {
    this.radio = null;
    this.#changed();
  }

  clear() {
    this.#replace();
    this.radio = null;
    this.rest = null;
    this.isArranged = false;
    this.tracks = [];
    this.index = -1;
    this.#changed();
  }

  /** What `restore` takes to bring back all that is there now. */
  snapshot() {
    const { index, radio, rest, isArranged } = this;
    return { tracks: [...this.tracks], index, radio, rest, isArranged };
  }

  restore({ tracks, index, radio, rest, isArranged }) {
    this.#replace();
    Object.assign(this, { tracks, index, radio, rest, isArranged });
    this.#changed();
  }

  /** Go on; false at the end of the queue. A track that ended by itself is repeated where that is wanted. */
  next({ hasEnded = false } = {}) {
    if (hasEnded && this.repeat === "one") return this.current !== null;
    if (this.index + 1 < this.tracks.length) this.index += 1;
    else if (this.repeat === "all" && this.tracks.length) this.index = 0;
    else return false;
    this.#changed();
    return true;
  }

  previous() {
    if (this.index > 0) this.index -= 1;
    else if (this.repeat === "all" && this.tracks.length) this.index = this.tracks.length - 1;
    else return false;
    this.#changed();
    return true;
  }

  cycleRepeat() {
    this.repeat = REPEATS[(REPEATS.indexOf(this.repeat) + 1) % REPEATS.length];
    this.#changed();
  }

  /** Mix what is still to come, or put everything back into its order. */
  toggleShuffle() {
    this.isShuffled = !this.isShuffled;
    if (this.isShuffled) this.#shuffleRest();
    else {
      const current = this.current;
      this.tracks.sort((one, other) => one.place - other.place);
      this.index = this.tracks.indexOf(current);
    }
    this.#changed();
  }

  #number(track) {
    this.#lastEntry += 1;
    return { ...track, entry: this.#lastEntry };
  }

  get #lastPlace() {
    return Math.max(-1, ...this.tracks.map((track) => track.place));
  }

  /** On one side of the list; where the rest is mixed, each track comes somewhere among it. */
  #join(side, tracks) {
    const before = Math.min(0, ...this.tracks.map((track) => track.place)) - tracks.length;
    const first = side === "later" ? this.#lastPlace + 1 : before;
    const joined = tracks.map((track, number) => ({ ...this.#number(track), place: first + number }));
    if (this.isShuffled) joined.forEach((track) => this.#mixIn(track));
    else if (side === "later") this.tracks.push(...joined);
    else {
      this.tracks.unshift(...joined);
      this.index += joined.length;
    }
  }

  #mixIn(track) {
    const coming = this.tracks.length - this.index;
    this.tracks.splice(this.index + 1 + Math.floor(Math.random() * coming), 0, track);
  }

  #find(entry) {
    return this.tracks.findIndex((track) => track.entry === entry);
  }

  #renumber() {
    this.tracks.forEach((track, position) => (track.place = position));
  }

  /** What stood before the current one is still to come as well. */
  #shuffleAll() {
    this.tracks.unshift(...this.tracks.splice(this.index, 1));
    this.index = 0;
    this.#shuffleRest();
  }

  #shuffleRest() {
    const rest = this.tracks.splice(this.index + 1);
    for (let last = rest.length - 1; last > 0; last -= 1) {
      const other = Math.floor(Math.random() * (last + 1));
      [rest[last], rest[other]] = [rest[other], rest[last]];
    }
    this.tracks.push(...rest);
  }

  #remember(tracks) {
    if (this.radio) this.radio.brought = [...this.radio.brought, ...tracks.map(({ track }) => track)].slice(-MOST_BROUGHT);
  }

  #replace() {
    this.dispatchEvent(new Event("replace"));
  }

  #changed({ isOver = false } = {}) {
    if (!this.isShuffled) this.#renumber();
    const { tracks, index, repeat, isShuffled, radio, rest, isArranged } = this;
    this.#storage.write(this.#key, { tracks, index, repeat, isShuffled, radio, rest, isArranged });
    this.dispatchEvent(new CustomEvent("change", { detail: { isOver } }));
  }

  #load() {
    const kept = this.#storage.read(this.#key);
    if (!Array.isArray(kept?.tracks)) return;
    this.tracks = kept.tracks;
    this.index = Math.min(kept.index, kept.tracks.length - 1);
    this.repeat = REPEATS.includes(kept.repeat) ? kept.repeat : "off";
    this.isShuffled = kept.isShuffled === true;
    // Of before radios remembered what they brought, it is the address alone.
    this.radio = typeof kept.radio === "string" ? { address: kept.radio, brought: [] } : (kept.radio ?? null);
    this.rest = kept.rest ?? null;
    this.isArranged = kept.isArranged === true;
    this.#lastEntry = Math.max(0, ...kept.tracks.map((track) => track.entry));
  }
}
