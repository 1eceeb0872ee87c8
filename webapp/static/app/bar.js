// The player bar and the buttons of its panels: shows the player's state, and does what their data-do says.

import { clock, nameOf } from "./format.js";

const REPEAT_NAMES = { off: "Repeat: off", all: "Repeat: the whole queue", one: "Repeat: this track" };

export function attachBar(player, queue, actions) {
  const bar = document.querySelector("[data-player]");
  const position = bar.querySelector("[data-position]");
  // On narrow screens those of the queue are the only ones.
  const volumes = document.querySelectorAll("[data-volume]");
  const status = document.querySelector("[data-announcement]");
  let announced = null;

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (button) actions[button.dataset.do]?.(button);
  });
  position.addEventListener("input", () => player.seek(Number(position.value)));
  for (const volume of volumes) {
    volume.addEventListener("input", () => (player.volume = Number(volume.value) / 100));
  }
  queue.addEventListener("change", showAll);
  player.addEventListener("state", showAll);
  player.addEventListener("time", showTime);
  showAll();

  function showAll() {
    const track = queue.current;
    bar.hidden = track === null;
    if (track) showTrack(track);
    bar.classList.toggle("is-playing", player.isPlaying);
    bar.classList.toggle("is-loading", player.isLoading);
    bar.querySelector("[data-do=toggle]").setAttribute("aria-label", player.isPlaying ? "Pause" : "Play");
    for (const button of document.querySelectorAll("[data-do=shuffle]")) {
      button.setAttribute("aria-pressed", String(queue.isShuffled));
    }
    for (const button of document.querySelectorAll("[data-do=repeat]")) {
      button.dataset.repeat = queue.repeat;
      button.setAttribute("aria-label", REPEAT_NAMES[queue.repeat]);
    }
    showVolume();
    showTime();
  }

  function showTrack(track) {
    bar.querySelector("[data-now-title]").textContent = track.title;
    bar.querySelector("[data-now-artist]").textContent = track.artist || "Unknown artist";
    for (const link of bar.querySelectorAll("[data-now-link]")) lead(link, track.page);
    const picture = bar.querySelector("[data-now-picture]");
    // Not what it shows by now: where a cover can't be had, a sound-print stands in (covers.js).
    if (picture.dataset.artwork !== track.artwork) picture.src = picture.dataset.artwork = track.artwork;
    picture.hidden = false;
    if (player.isPlaying && announced !== track.entry) {
      announced = track.entry;
      status.textContent = `Playing ${nameOf(track)}`;
    }
  }

  function lead(link, page) {
    if (link.getAttribute("href") === page) return;
    link.href = page;
    // htmx remembers where a link led when it first saw it.
    window.htmx.process(link);
  }

  function showTime() {
    const [now, length] = [player.seconds, player.length];
    position.max = String(Math.max(1, Math.ceil(length)));
    position.value = String(now);
    position.style.setProperty("--played", ((now / Number(position.max)) * 100).toFixed(1));
    position.setAttribute("aria-valuetext", `${clock(now)} of ${clock(length)}`);
    bar.querySelector("[data-now]").textContent = clock(now);
    bar.querySelector("[data-length]").textContent = clock(length);
  }

  function showVolume() {
    const percent = player.isMuted ? 0 : Math.round(player.volume * 100);
    for (const volume of volumes) {
      volume.value = String(percent);
      volume.style.setProperty("--played", String(percent));
      volume.setAttribute("aria-valuetext", `${percent} %`);
    }
    for (const mute of document.querySelectorAll("[data-do=mute]")) {
      mute.setAttribute("aria-pressed", String(player.isMuted));
      mute.classList.toggle("is-muted", percent === 0);
    }
  }
}
