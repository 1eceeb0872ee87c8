// Tells the operating system what plays, and does what its keys and lock screen ask for.

const STEP_S = 10;

export function attachMediaSession(player, queue) {
  const session = navigator.mediaSession;
  if (!session) return;
  let shown = null;

  const seekBy = (step) => (details) => player.seek(player.seconds + step * (details.seekOffset ?? STEP_S));
  const handlers = {
    play: () => player.play(),
    pause: () => player.pause(),
    nexttrack: () => player.next(),
    previoustrack: () => player.previous(),
    seekto: (details) => player.seek(details.seekTime),
    seekforward: seekBy(1),
    seekbackward: seekBy(-1),
    stop: () => player.pause(),
  };
  for (const [action, handler] of Object.entries(handlers)) {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // Not every browser knows every action.
    }
  }
  player.addEventListener("state", show);
  queue.addEventListener("change", show);

  function show() {
    const track = queue.current;
    session.playbackState = track ? (player.isPlaying ? "playing" : "paused") : "none";
    if (track?.entry !== shown) {
      shown = track?.entry;
      session.metadata = track ? describe(track) : null;
    }
    if (track && player.length) {
      session.setPositionState({ duration: player.length, position: Math.min(player.seconds, player.length) });
    }
  }

  function describe({ title, artist, artwork }) {
    return new MediaMetadata({ title, artist: artist || "Unknown artist", artwork: [{ src: artwork, sizes: "512x512" }] });
  }
}
