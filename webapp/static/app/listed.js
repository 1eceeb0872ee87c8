// What the server's lists of tracks say: the tracks themselves, and where the rest of a list comes from.

/** The track that a play link or its button stands for. */
export function readTrack(element, artwork) {
  const { play, title, artist, seconds, page, source, picture, prepared } = element.dataset;
  const address = source ?? element.getAttribute("href");
  return {
    track: play,
    title,
    artist,
    seconds: Number(seconds),
    page,
    source: address,
    artwork: picture ?? artwork,
    isPrepared: prepared !== undefined,
  };
}

/** The tracks of a piece of a list, and where what is before and behind it comes from; null where there is no answer. */
export async function fetchPiece(address, artwork) {
  try {
    const answer = await fetch(address);
    if (answer.status === 404) return { tracks: [], rest: null };
    if (!answer.ok || answer.redirected) return null;
    const list = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-tracks]");
    return { tracks: readAll(list, artwork), rest: restOf(list) };
  } catch {
    return null;
  }
}

/** The first piece of a list of which any track is there, as `fetchPiece` gives it. */
export async function fetchBeginning(address, artwork) {
  const piece = await fetchPiece(address, artwork);
  const isEmpty = piece && !piece.tracks.length && piece.rest?.later;
  return isEmpty ? fetchBeginning(piece.rest.later, artwork) : piece;
}

/** Where the rest of a list comes from; null for one that is there whole. */
export function restOf(list) {
  const { later = null, earlier = null } = list?.dataset ?? {};
  return later || earlier ? { later, earlier } : null;
}

/** The tracks that a list shows. */
export function readAll(list, artwork) {
  return [...(list?.querySelectorAll("[data-play]") ?? [])].map((element) => readTrack(element, artwork));
}
