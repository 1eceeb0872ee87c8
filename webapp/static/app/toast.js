// One short message at a time, with a way back where there is one. It stays until it is closed or overtaken.

const SHOWN_MS = 12_000;

const toast = document.querySelector("[data-toast]");
const undo = toast.querySelector("[data-toast-undo]");
let timer = 0;
let takeBack = null;

toast.querySelector("[data-toast-close]").addEventListener("click", hide);
undo.addEventListener("click", () => {
  takeBack?.();
  hide();
});

export function show(text, onUndo = null) {
  // What lies beside an open dialog can't be reached, so the message goes where the listener is.
  (document.querySelector("dialog[open]") ?? document.body).append(toast);
  takeBack = onUndo;
  toast.querySelector("[data-toast-text]").textContent = text;
  undo.hidden = onUndo === null;
  toast.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(hideUnlessUsed, SHOWN_MS);
}

function hideUnlessUsed() {
  if (toast.contains(document.activeElement) || toast.matches(":hover")) timer = setTimeout(hideUnlessUsed, SHOWN_MS);
  else hide();
}

function hide() {
  toast.hidden = true;
  takeBack = null;
}
