// Moments in the listener's own time zone; the server writes them in UTC.

const FORMAT = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });

export function attachLocalTimes() {
  show(document);
  document.addEventListener("htmx:load", (event) => show(event.target));
}

function show(root) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    time.textContent = FORMAT.format(new Date(time.dateTime));
  }
}
