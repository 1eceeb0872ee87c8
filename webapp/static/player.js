// One audio element for the page. Links marked data-play become buttons that start and pause it.

const audio = new Audio();
audio.preload = "none";

const status = document.querySelector("[data-player-status]");
const problem = document.querySelector("[data-player-problem]");
let current = null; // the track that the audio element holds
let name = "";
let wanted = null; // seconds to start from, as long as the track's length is not known

for (const link of document.querySelectorAll("a[data-play]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = link.className;
  button.dataset.play = link.dataset.play;
  button.dataset.source = link.href;
  button.dataset.name = link.dataset.name;
  button.setAttribute("aria-label", `Play ${link.dataset.name}`);
  button.append(...link.childNodes);
  button.addEventListener("click", () => toggle(button));
  link.replaceWith(button);
}

for (const seek of document.querySelectorAll("[data-seek]")) {
  seek.hidden = false;
  const slider = seek.querySelector("input");
  slider.addEventListener("input", () => moveTo(seek.dataset.seek, Number(slider.value)));
}

for (const event of ["play", "playing", "pause", "waiting", "ended", "timeupdate", "durationchange"]) {
  audio.addEventListener(event, show);
}
audio.addEventListener("loadedmetadata", () => {
  if (wanted !== null) audio.currentTime = wanted;
  wanted = null;
});
audio.addEventListener("error", () => {
  if (current) fail();
});

function toggle(button) {
  if (current === button.dataset.play && !audio.paused) {
    audio.pause();
    return;
  }
  load(button);
  start();
}

function load(button) {
  problem.hidden = true;
  if (current === button.dataset.play && !audio.error) return;
  current = button.dataset.play;
  name = button.dataset.name;
  wanted = null;
  audio.src = button.dataset.source;
}

function start() {
  audio.play().then(
    () => (status.textContent = `Playing ${name}`),
    (error) => {
      if (error.name !== "AbortError") fail();
    },
  );
}

function moveTo(track, seconds) {
  if (current !== track) {
    load(document.querySelector(`button[data-play="${track}"]`));
    start();
  }
  // While the slider is dragged there are many of these: the last one counts.
  if (audio.readyState === 0) wanted = seconds;
  else audio.currentTime = seconds;
  show();
}

function fail() {
  problem.textContent = `${name} can't be played here: the file is gone, or this browser doesn't know its format.`;
  problem.hidden = false;
  current = null;
  show();
}

function show() {
  for (const button of document.querySelectorAll("button[data-play]")) {
    const isCurrent = button.dataset.play === current;
    const isPlaying = isCurrent && !audio.paused;
    button.classList.toggle("is-current", isCurrent);
    button.classList.toggle("is-playing", isPlaying);
    button.classList.toggle("is-loading", isPlaying && audio.readyState < 3);
    button.setAttribute("aria-label", `${isPlaying ? "Pause" : "Play"} ${button.dataset.name}`);
    const played = isCurrent && audio.duration ? (audio.currentTime / audio.duration) * 100 : 0;
    button.style.setProperty("--played", played.toFixed(1));
  }
  for (const row of document.querySelectorAll("[data-row]")) showRow(row);
  for (const seek of document.querySelectorAll("[data-seek]")) showSeek(seek);
}

function showRow(row) {
  const isCurrent = row.dataset.row === current;
  row.classList.toggle("is-current", isCurrent);
  const time = row.querySelector("[data-time]");
  if (!time) return;
  time.dataset.length ??= time.textContent;
  time.textContent = isCurrent && !audio.paused ? clock(audio.currentTime) : time.dataset.length;
}

function showSeek(seek) {
  const slider = seek.querySelector("input");
  const isCurrent = seek.dataset.seek === current;
  if (isCurrent && Number.isFinite(audio.duration)) slider.max = String(Math.ceil(audio.duration));
  const now = isCurrent ? (wanted ?? audio.currentTime) : 0;
  slider.value = String(now);
  slider.style.setProperty("--played", ((now / Number(slider.max)) * 100).toFixed(1));
  slider.setAttribute("aria-valuetext", clock(now));
  seek.querySelector("[data-now]").textContent = clock(now);
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
