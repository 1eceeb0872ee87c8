// The one audio element, driven by the queue. It belongs to no page, so it plays on while pages change.

const SEEK_BACK_S = 3; // "previous" goes to the start of a track that has played for longer
const REMEMBER_EVERY_S = 3;
const MOST_WAITS = 12; // for one track, before the listener has to press play again

export class Player extends EventTarget {
  #audio = new Audio();
  #queue;
  #storage;
  #findRefusal; // asks why a track does not play
  #entry; // the queue's current one, as far as is known here
  #loaded = null; // the entry that the audio element holds
  #wanted = null; // seconds to start from, as long as the track's length is not known
  #failure = null; // the last one, until the listener pauses
  #failures = 0; // tracks in a row that can't be played
  #waited = { entry: null, times: 0 }; // for which one, and how often
  #timer = 0;
  #remembered = 0;
  #claims = 0;

  constructor(queue, storage, findRefusal) {
    super();
    this.#queue = queue;
    this.#storage = storage;
    this.#findRefusal = findRefusal;
    this.#entry = queue.current?.entry;
    this.#audio.preload = "none";
    this.#audio.volume = storage.read("volume") ?? 1;
    const kept = storage.read("position");
    if (kept && kept.entry === this.#entry) this.#wanted = kept.seconds;
    for (const event of ["play", "playing", "pause", "waiting", "timeupdate", "durationchange", "volumechange", "seeked"]) {
      this.#audio.addEventListener(event, () => this.#tell(event));
    }
    this.#audio.addEventListener("loadedmetadata", () => this.#startWhereWanted());
    this.#audio.addEventListener("ended", () => this.#end());
    this.#audio.addEventListener("error", () => this.#loaded && this.#fail());
    queue.addEventListener("change", ({ detail }) => this.#follow(detail));
  }

  get isPlaying() {
    return this.#loaded !== null && !this.#audio.paused;
  }

  get isLoading() {
    return this.isPlaying && this.#audio.readyState < 3;
  }

  get seconds() {
    return this.#wanted ?? (this.#loaded ? this.#audio.currentTime : 0);
  }

  get length() {
    const length = this.#loaded ? this.#audio.duration : NaN;
    return Number.isFinite(length) ? length : (this.#queue.current?.seconds ?? 0);
  }

  get volume() {
    return this.#audio.volume;
  }

  set volume(share) {
    this.#audio.volume = Math.max(0, Math.min(1, share));
    this.#audio.muted = false;
    this.#storage.write("volume", this.#audio.volume);
  }

  get isMuted() {
    return this.#audio.muted;
  }

  toggleMute() {
    this.#audio.muted = !this.#audio.muted;
  }

  /** A listener says what is to play: gives whether nothing else was said since, for what has to be fetched first. */
  claim() {
    const claim = (this.#claims += 1);
    return () => claim === this.#claims;
  }

  toggle() {
    this.claim();
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play() {
    const track = this.#queue.current;
    if (!track) return;
    if (this.#loaded?.entry !== track.entry || this.#audio.error) this.#load(track);
    this.#audio.play().catch((error) => {
      // Refused without a click, or overtaken by another track: neither is a fault of the track.
      if (error.name !== "AbortError" && error.name !== "NotAllowedError" && this.#loaded?.entry === track.entry) this.#fail();
    });
    // The element's own events come later: whoever presses meanwhile would press what a button was before.
    this.#tell("play");
  }

  /** What was to be played as soon as it can be is not, either. */
  pause() {
    this.claim();
    this.#halt();
  }

  #halt() {
    clearTimeout(this.#timer);
    this.#failure = null;
    this.#audio.pause();
    this.#tell("pause");
  }

  next() {
    this.claim();
    if (this.#queue.next()) this.play();
  }

  previous() {
    this.claim();
    if (this.seconds > SEEK_BACK_S || !this.#queue.previous()) this.seek(0);
    else this.play();
  }

  seek(seconds) {
    const target = Math.max(0, Math.min(seconds, this.length));
    // While the slider is dragged there are many of these: the last one counts.
    if (!this.#loaded || this.#audio.readyState === 0) this.#wanted = target;
    else this.#audio.currentTime = target;
    this.dispatchEvent(new Event("seek"));
    this.#tell("timeupdate");
  }

  stop() {
    this.#halt();
    this.#unload();
  }

  #load(track) {
    clearTimeout(this.#timer);
    const wanted = this.#loaded === null ? this.#wanted : null;
    this.#loaded = track;
    this.#wanted = wanted;
    this.#audio.src = track.source;
    this.#tell("load");
  }

  #unload() {
    this.#loaded = null;
    this.#wanted = null;
    this.#audio.removeAttribute("src");
    this.#audio.load();
    this.#tell("unload");
  }

  /** The queue changed: what is no longer current is not played on, and at its end nothing is in its place. */
  #follow({ isOver }) {
    const current = this.#queue.current;
    if (current?.entry === this.#entry) return; // another track came, went or was moved
    this.#entry = current?.entry;
    if (this.#loaded) {
      const wasPlaying = this.isPlaying;
      this.stop();
      if (wasPlaying && current && !isOver) this.play();
    } else this.#wanted = null;
  }

  #startWhereWanted() {
    if (this.#wanted !== null) this.#audio.currentTime = this.#wanted;
    this.#wanted = null;
    this.#failures = 0;
  }

  #end() {
    this.#tell("ended");
    if (!this.#queue.next({ hasEnded: true })) return;
    this.#audio.currentTime = 0;
    this.play();
  }

  /** What can't be played: the next one may be, or the same one later. The place is kept where no other is tried. */
  async #fail() {
    const [track, seconds, wasPlaying] = [this.#loaded, this.seconds, this.isPlaying];
    const brokeOff = this.#audio.error?.code === MediaError.MEDIA_ERR_NETWORK;
    this.stop();
    this.#wanted = seconds;
    this.#tell("timeupdate");
    // Whoever has paused is told when they press play again.
    if (!wasPlaying) return;
    const failure = (this.#failure = Symbol());
    const refusal = await this.#findRefusal(track, { brokeOff });
    // Whoever has paused or chosen something else meanwhile need not know.
    if (this.#failure !== failure || this.#loaded || this.#queue.current?.entry !== track.entry) return;
    this.dispatchEvent(new CustomEvent("fail", { detail: { track, ...refusal } }));
    if (refusal.isOfTrack) this.#tryNext();
    else if (refusal.waitS) this.#waitFor(track, refusal.waitS);
  }

  /** Where no track plays, it ends after one round. */
  #tryNext() {
    this.#failures += 1;
    this.#wanted = null;
    if (this.#failures < this.#queue.tracks.length && this.#queue.next()) this.play();
  }

  #waitFor(track, seconds) {
    const times = this.#waited.entry === track.entry ? this.#waited.times : 0;
    if (times === MOST_WAITS) return;
    this.#waited = { entry: track.entry, times: times + 1 };
    this.#timer = setTimeout(() => {
      if (!this.#loaded && this.#queue.current?.entry === track.entry) this.play();
    }, seconds * 1000);
  }

  #tell(event) {
    if (event === "timeupdate" && this.#loaded && Math.abs(this.seconds - this.#remembered) > REMEMBER_EVERY_S) {
      this.#remembered = this.seconds;
      this.#storage.write("position", { entry: this.#queue.current?.entry, seconds: this.seconds });
    }
    this.dispatchEvent(new Event(event === "timeupdate" ? "time" : "state"));
    if (event === "ended") this.dispatchEvent(new Event("ended"));
  }
}
