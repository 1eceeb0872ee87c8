// Why a track does not play: the server knows, the audio element does not.

const OF_THE_TRACK = [404, 415];
const BROKE_OFF_S = 1;

/**
 * What the server says of it: `reason`, and what is to be done. `isOfTrack`: another one may play. `waitS`: this one
 * may play in so many seconds. `isLoggedOut`: none plays before the listener logs in. Of none: none would play now.
 */
export async function findRefusal(track, { brokeOff }) {
  try {
    const answer = await fetch(track.source, { headers: { Accept: "application/json", Range: "bytes=0-0" } });
    if (answer.redirected || answer.status === 401) return { isLoggedOut: true };
    if (answer.ok && brokeOff) return { reason: "it broke off.", waitS: BROKE_OFF_S };
    if (answer.ok) return { reason: "this browser doesn't know its format.", isOfTrack: true };
    const waitS = Number(answer.headers.get("Retry-After"));
    return { reason: (await answer.json()).detail, isOfTrack: OF_THE_TRACK.includes(answer.status), waitS };
  } catch {
    return { reason: "the library can't be reached." };
  }
}
