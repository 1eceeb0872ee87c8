// One short message at a time. With a way back it stays until it is closed or overtaken; else it goes after a while.

const SHOWN_MS = 12_000;

const toast = document.querySelector("[data-toast]");
const undo = toast.querySelector("[data-toast-undo]");
const close = toast.querySelector("[data-toast-close]");
let timer = 0;
let takeBack = null;
let cameFrom = null; // what had the focus before it came in here

close.addEventListener("click", hide);
undo.addEventListener("click", () => {
  const act = takeBack;
  hide();
  act?.();
});

toast.addEventListener("focusin", ({ relatedTarget }) => {
  if (!toast.contains(relatedTarget)) cameFrom = relatedTarget;
});
document.addEventListener("close", () => toast.hidden || place(), { capture: true });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) hide();
});

export function show(text, onUndo = null) {
  place();
  takeBack = onUndo;
  toast.querySelector("[data-toast-text]").textContent = text;
  if (!onUndo && document.activeElement === undo) close.focus();
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
  const around = document.querySelector("dialog[open]") ?? document.body;
  // To be moved takes the focus from what is in it.
  if (toast.parentElement !== around) around.append(toast);
}

function hideUnlessUsed() {
  if (toast.contains(document.activeElement) || toast.matches(":hover")) timer = setTimeout(hideUnlessUsed, SHOWN_MS);
  else hide();
}

function hide() {
  leave();
  toast.hidden = true;
  takeBack = null;
}

/** Who used it is led back: with what is hidden the focus would be lost. */
function leave() {
  const focused = document.activeElement;
  if (!toast.contains(focused)) return;
  const dialog = document.querySelector("dialog[open]");
  const place = dialog ? dialog.querySelector("[data-do=close]") : document.querySelector("main");
  // Who pressed it by a pointer may have scrolled on meanwhile.
  const options = { preventScroll: !focused.matches(":focus-visible") };
  if (cameFrom?.isConnected) cameFrom.focus(options);
  if (toast.contains(document.activeElement)) place.focus({ preventScroll: true });
}
