// One short message at a time. With a way back it stays until it is closed or overtaken; else it goes after a while.

const SHOWN_MS = 12_000;

const toast = document.querySelector("[data-toast]");
const undo = toast.querySelector("[data-toast-undo]");
let timer = 0;
let takeBack = null;

toast.querySelector("[data-toast-close]").addEventListener("click", hide);
undo.addEventListener("click", () => {
  const act = takeBack;
  hide();
  act?.();
});

document.addEventListener("close", () => toast.hidden || place(), { capture: true });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) hide();
});

export function show(text, onUndo = null) {
  place();
  takeBack = onUndo;
  toast.querySelector("[data-toast-text]").textContent = text;
  undo.hidden = onUndo === null;
  toast.hidden = false;
  clearTimeout(timer);
  if (!onUndo) timer = setTimeout(hideUnlessUsed, SHOWN_MS);
}

/** What was offered to be taken back has been overtaken. */
export function withdraw() {
  if (takeBack) hide();
}

/** What lies beside an open dialog can't be reached, so the message goes where the listener is. */
function place() {
  (document.querySelector("dialog[open]") ?? document.body).append(toast);
}

function hideUnlessUsed() {
  if (toast.contains(document.activeElement) || toast.matches(":hover")) timer = setTimeout(hideUnlessUsed, SHOWN_MS);
  else hide();
}

function hide() {
  toast.hidden = true;
  takeBack = null;
}
