// For every page: links, the roles of the navigation, the theme and the keys of a dialog. It runs
// anew each time a page is drawn.

// The address of a file that bnviz serves. It has the base path, whatever the path of the page.
window.bnvizServed ??= (path) => {
  const entry = document.querySelector('script[src*="static/js/index."]');
  return entry ? new URL("../../" + path, entry.src) : path;
};

// The browser loads plotly.js while Streamlit still draws the page. app.py sets LIBRARY.
window.bnvizAhead ??= document.head.appendChild(
  Object.assign(document.createElement("link"), {
    rel: "preload",
    as: "script",
    href: window.bnvizServed(LIBRARY),
  }),
);

// A link to another page of bnviz stays in its tab. The speaker's notes and the links of the tour
// open a new one, so that nobody loses the slide or the station.
window.bnvizLinks ??=
  document.addEventListener(
    "click",
    ({ target }) => {
      const link = target.closest?.("a[target=_blank]");
      if (link?.origin !== location.origin || link.search.includes("notes=")) return;
      if (!link.closest(".st-key-onward")) link.target = "_self";
    },
    true,
  ) ?? true;

// Streamlit's navigation puts section headings between a list and its items, which screen readers
// do not accept as a list. Without the list roles they read plain links.
function mend() {
  const items = "[data-testid=stSidebarNavItems]";
  document.querySelectorAll(`${items}, ${items} li`).forEach((part) => {
    part.role = "presentation";
  });
}
mend();
window.bnvizNavigation ??=
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true }) ?? true;

// Popovers and dialogs stand beside the app, so they do not inherit its light or dark theme.
function shade() {
  const app = document.querySelector(".stApp");
  document.body.style.colorScheme = app ? getComputedStyle(app).colorScheme : "";
}
window.bnvizShade ??= new MutationObserver(shade).observe(document.body, { childList: true }) ?? true;

// A pressed button that is disabled for a moment, or is gone, loses the focus, and a dialog without
// the focus gets no keys: it would not close with Escape.
window.bnvizDialogs ??=
  document.addEventListener(
    "keydown",
    (event) => {
      const dialog = [...document.querySelectorAll("[role=dialog]")].at(-1);
      if (!dialog || event.target !== document.body) return;
      event.stopImmediatePropagation(); // else it would be heard twice
      dialog.focus();
      dialog.dispatchEvent(new KeyboardEvent("keydown", event));
    },
    true,
  ) ?? true;
