// What the library says of single tracks of the map: asked for when somebody points at one, and kept for a while.

const MOST_KEPT = 300;

export class Cards {
  #byPlace;
  #byTrack;
  #kept = new Map();

  constructor({ places, tracks }) {
    [this.#byPlace, this.#byTrack] = [places, tracks];
  }

  /** The card of the track at a place in a cluster's list. */
  at({ cluster, rank }) {
    return this.#get(`${this.#byPlace}/${cluster}/${rank}`);
  }

  /** The card of a track, with its place and its neighbours'; null where the library does not know it. */
  of(track) {
    return this.#get(`${this.#byTrack}/${encodeURIComponent(track)}`);
  }

  async #get(address) {
    const kept = this.#kept.get(address);
    if (kept) return kept;
    const card = await ask(address);
    if (!card) return null;
    if (this.#kept.size >= MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value);
    this.#kept.set(address, card);
    return card;
  }
}

async function ask(address) {
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true", "HX-Target": "card" } });
    return isCard(answer) ? read(await answer.text()) : null;
  } catch {
    return null; // the library can't be reached: the next one that is pointed at asks again
  }
}

// Nothing but a page is ever put into a page: what the API answers holds titles as files have them.
function isCard(answer) {
  return answer.ok && !answer.redirected && answer.headers.get("Content-Type")?.startsWith("text/html");
}

function read(html) {
  const element = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  const play = element.querySelector("[data-play]");
  const numbers = (element.dataset.places ?? "").split(" ").filter(Boolean).map(Number);
  const places = Array.from({ length: numbers.length / 2 }, (_, at) => numbers.slice(2 * at, 2 * at + 2));
  const { play: track = null, title = element.textContent, artist = "" } = play?.dataset ?? {};
  return { html, track, title, artist, places };
}
