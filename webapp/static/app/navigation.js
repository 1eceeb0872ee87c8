// What a browser does by itself when a page is loaded, where only a part of it is replaced.

import * as toast from "./toast.js";

// The page, and the list beside the map, which has an address of its own.
const ADDRESSED = ["page", "list"];
const positions = new Map();

export function attachNavigation() {
  const status = document.querySelector("[data-announcement]");
  const outdated = new WeakSet(); // requests for pages that the listener no longer waits for
  let path = location.href;
  let asked = null; // the newest one for a page
  let restoring = null; // and the newest one for a page of the history

  document.addEventListener("htmx:beforeHistorySave", () => positions.set(path, window.scrollY));
  // Where a part of the page alone is replaced, its address changes all the same.
  for (const event of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) {
    document.addEventListener(event, () => (path = location.href));
  }
  // The address that is shown already needs no second way back to it.
  document.addEventListener("htmx:beforeHistoryUpdate", ({ detail: { history } }) => {
    if (new URL(history.path, location.href).href === location.href) history.type = "replace";
  });
  // An address that names a place of its page leads there, and not to the page's top. What is taken back stays in view.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, pathInfo, serverResponse } = event.detail;
    const isThere = pathInfo?.anchor && serverResponse.includes(`id="${pathInfo.anchor}"`);
    if (target?.id === "page" && (isThere || isTakenBack(event.detail))) event.detail.swapOverride = "innerHTML show:none";
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const { target } = event.detail;
    if (target?.id === "page") arrive();
    // A track that was moved to another page takes its buttons along.
    else if (target?.matches("[data-tracks]") && document.activeElement === document.body) focusOn(document.getElementById(target.id));
  });
  document.addEventListener("htmx:historyRestore", () => {
    arrive();
    window.scrollTo(0, positions.get(path) ?? 0);
  });
  document.addEventListener("htmx:historyCacheMissLoadError", ({ detail }) => restoreRefused(detail));
  document.addEventListener("htmx:sendError", (event) => {
    if (outdated.has(event.detail.xhr)) return;
    // The browser's own page of errors would end what plays, and much of that is here already.
    const isPage = event.detail.requestConfig.verb === "get";
    toast.show(isPage ? "The library can't be reached. Try again in a moment." : "That was not kept: the library can't be reached.");
  });
  // Of two pages under way the one that was asked for last is shown, whichever comes first.
  document.addEventListener("htmx:beforeSend", ({ detail: { target, elt, xhr } }) => {
    if (!ADDRESSED.includes(target.id)) return;
    overtake();
    asked = xhr;
    // Told to what asked alone: that may be gone from the page by then. Where it leads on to is not asked for, either.
    elt.addEventListener("htmx:beforeOnLoad", refuseOutdated);
  });
  document.addEventListener("htmx:historyCacheMiss", ({ detail }) => {
    overtake();
    restoring = detail.xhr;
  });
  // htmx marks the bar as long as anything is under way.
  const bar = document.querySelector("[data-loading]");
  new MutationObserver(() => showBusy(bar.classList.contains("htmx-request"))).observe(bar, { attributeFilter: ["class"] });

  showWhereYouAre();

  // A menu opens to where it has room. It closes when something else is used, and by Escape.
  document.addEventListener("toggle", ({ target }) => target.matches("details.menu[open]") && place(target), { capture: true });
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("focusin", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
    if (!menu) return;
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  });

  function refuseOutdated(event) {
    const { xhr } = event.detail;
    // That the session is over is heard all the same.
    if (outdated.has(xhr) && !xhr.getResponseHeader("HX-Redirect")) event.preventDefault();
  }

  function overtake() {
    if (asked) outdated.add(asked);
    restoring?.abort();
  }

  function showBusy(isUnderWay) {
    document.getElementById("page").setAttribute("aria-busy", String(isUnderWay));
  }

  function arrive() {
    path = location.href;
    const done = [...document.querySelectorAll("main .done p")].map((message) => message.textContent);
    status.textContent = [document.title, ...done].join(". ");
    showWhereYouAre();
    const place = document.getElementById(location.hash.slice(1)) ?? document.querySelector("main");
    focusOn(place);
  }
}

/** A page that says what is wrong was shown in place, and is when it is gone back to; all else is the browser's to load. */
function restoreRefused({ path, xhr, historyElt, swapSpec }) {
  if (!xhr.response.includes("hx-history-elt")) return location.reload();
  window.htmx.swap(historyElt, xhr.response, swapSpec, { contextElement: historyElt, historyRequest: true });
  window.htmx.trigger(document.body, "htmx:historyRestore", { path });
}

/** Whether the answer is to the way back of a message, and is the same page. */
function isTakenBack({ requestConfig, pathInfo }) {
  return requestConfig.elt.matches(".done form") && pathInfo.responsePath === location.pathname + location.search;
}

function focusOn(place) {
  if (!place) return;
  if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

/** Where the main navigation is wider than the window, the page's own entry is in view. */
function showWhereYouAre() {
  const nav = document.querySelector(".nav");
  const here = nav?.querySelector("[aria-current]");
  if (here) nav.scrollLeft = here.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2;
}

/** A menu opens upwards where it would lie under the player, which nobody could scroll away from the last rows. */
function place(menu) {
  menu.classList.remove("is-upward");
  const { top, bottom } = menu.getBoundingClientRect();
  const height = menu.querySelector(".menu-items").offsetHeight;
  const end = document.querySelector("[data-player]:not([hidden])")?.getBoundingClientRect().top ?? window.innerHeight;
  menu.classList.toggle("is-upward", bottom + height > end && top > end - bottom);
}

function closeMenus(target) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.removeAttribute("open");
  }
}
