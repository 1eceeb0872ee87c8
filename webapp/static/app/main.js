// Puts the listener's side together: queue, player, and what shows and drives them.

import { attachAhead } from "./ahead.js";
import { attachBar } from "./bar.js";
import { attachCovers } from "./covers.js";
import { attachKeys } from "./keys.js";
import { attachMap } from "./map.js";
import { attachMediaSession } from "./media-session.js";
import { attachNavigation } from "./navigation.js";
import { nameOf } from "./format.js";
import { attachHeart } from "./heart.js";
import { attachHeard } from "./heard.js";
import { readTrack } from "./listed.js";
import { attachLocalTimes } from "./local-times.js";
import { Player } from "./player.js";
import { Queue } from "./queue.js";
import { attachQueuePanel } from "./queue-panel.js";
import { attachRadio } from "./radio.js";
import { findRefusal } from "./refusals.js";
import { attachRest } from "./rest.js";
import { attachRows } from "./rows.js";
import { attachSearch } from "./search.js";
import { Storage } from "./storage.js";
import { attachTakenOut } from "./taken-out.js";
import { attachWaiting } from "./waiting.js";
import * as toast from "./toast.js";

const LOG_OUT_MS = 1000; // that a log-out takes at most, mostly

const bar = document.querySelector("[data-player]");
const storage = new Storage(bar.dataset.listener);
const queue = new Queue(storage, "queue");
const player = new Player(queue, storage, findRefusal);

const actions = {
  toggle: () => player.toggle(),
  next: () => player.next(),
  previous: () => player.previous(),
  mute: () => player.toggleMute(),
  shuffle: () => queue.toggleShuffle(),
  repeat: () => queue.cycleRepeat(),
  close: (button) => button.closest("dialog").close(),
};
queue.addEventListener("replace", toast.withdraw);
attachNavigation();
attachCovers();
attachTakenOut();
Object.assign(actions, attachQueuePanel(player, queue), attachRows(player, queue, bar.dataset.artwork));
Object.assign(actions, attachHeart(queue));
Object.assign(actions, attachKeys(player, queue, actions, storage));
attachBar(player, queue, actions);
attachWaiting(player, queue);
attachMediaSession(player, queue);
attachRadio(queue, (link) => readTrack(link, bar.dataset.artwork));
attachRest(queue, bar.dataset.artwork);
attachHeard(player, queue, storage);
attachAhead(player, queue);
attachLocalTimes();
attachSearch();
attachMap(queue);

player.addEventListener("fail", (event) => explain(event.detail));
document.addEventListener("submit", (event) => event.target.matches("[data-log-out]") && forget());
// The server's word, where it depends on that: an account is deleted only by its password.
document.addEventListener("sessionOver", forget);
storage.whenForgotten(() => {
  player.stop();
  // Somebody logs out in another tab: the server leads to log in as soon as it has heard of that.
  setTimeout(() => location.reload(), LOG_OUT_MS);
});

function forget() {
  player.stop();
  storage.forgetEverybody();
}

/** Say why a track does not play, or ask who listens where the session is over. */
function explain({ track, reason, waitS, isLoggedOut }) {
  // The server leads from the page that is shown to log in, and back to it.
  if (isLoggedOut) location.reload();
  else toast.show(`${nameOf(track)} can't be played${waitS ? " yet" : ""}: ${reason}`);
}
