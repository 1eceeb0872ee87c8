// Tells the library how much of a track was heard: once it counts as played, and when the listener moves on. A listening
// that a reload breaks off goes on after it.

import { send } from "./requests.js";

const PLAYED_S = 30;
const PLAYED_SHARE = 0.5;
const LONGEST_STEP_S = 2; // more between two times is a seek, not listening

export function attachHeard(player, queue, storage) {
  let listening = null; // {id, track, heard, told}: this one time that the listener turned to a track
  let brokenOff = storage.read("listening"); // {id, entry, heard}: what it was when the page was closed
  let last = 0;

  player.addEventListener("time", () => {
    const track = queue.current;
    if (!player.isPlaying || !track) return;
    if (listening?.track.entry !== track.entry) begin(track);
    const step = player.seconds - last;
    last = player.seconds;
    if (step > 0 && step < LONGEST_STEP_S) listening.heard += step;
    if (!listening.told && listening.heard >= Math.min(PLAYED_S, PLAYED_SHARE * player.length)) tell();
  });
  // Whoever drags the slider moves by small steps, and hears none of them.
  player.addEventListener("seek", () => (last = player.seconds));
  player.addEventListener("ended", () => end());
  queue.addEventListener("change", () => {
    if (listening && listening.track.entry !== queue.current?.entry) end();
  });
  window.addEventListener("pagehide", () => {
    if (!listening?.heard) return;
    tell({ isLast: true });
    storage.write("listening", { id: listening.id, entry: listening.track.entry, heard: listening.heard });
  });

  function begin(track) {
    end();
    const { id, heard } = brokenOff?.entry === track.entry ? brokenOff : { id: randomId(), heard: 0 };
    listening = { id, track, heard, told: false };
    brokenOff = null;
    last = player.seconds;
  }

  function end() {
    if (listening && listening.heard > 0) tell();
    listening = null;
    storage.write("listening", null);
  }

  function tell(options) {
    listening.told = true;
    const fields = { listening: listening.id, heard_s: listening.heard.toFixed(1) };
    // Lost when the library is away: the music is worth more than its history.
    send(`${listening.track.page}/heard`, fields, options).catch(() => {});
  }
}

function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
