// The track that comes next is asked for a little before its turn, so that one that has to be converted for browsers, or
// comes from far, is ready then. Its first byte is enough for that; nobody has heard it, and it counts as no play.

const AHEAD_S = 20;
// One that was refused is asked for once more, when the server may have become free or the network be back.
const AGAIN_MS = 7000;

export function attachAhead(player, queue) {
  let asked = null; // the entry that was asked for last

  player.addEventListener("time", () => {
    if (!player.isPlaying || player.length - player.seconds > AHEAD_S) return;
    const { following } = queue;
    if (!following || following.entry === asked || navigator.connection?.saveData) return;
    asked = following.entry;
    ask(following).then((isRefused) => isRefused && setTimeout(() => ask(following), AGAIN_MS));
  });
}

/** Whether it was refused for the moment. What goes wrong is told when its turn comes, if it still does. */
async function ask({ source }) {
  try {
    // Kept, the one byte would make the browser put the track together from two answers.
    const answer = await fetch(source, { headers: { Range: "bytes=0-0" }, cache: "no-store" });
    await answer.body?.cancel();
    return answer.status === 503;
  } catch {
    return true; // the library is away
  }
}
