// What the theme and the widget manager leave undone for keyboards, screen readers and MathJax 3.

// The widget manager asks MathJax 2's queue to typeset each label; MathJax 3 has none.
function answerAsMathJax2() {
  if (!window.MathJax) return;
  window.MathJax.startup = {
    ...window.MathJax.startup,
    ready() {
      window.MathJax.startup.defaultReady();
      window.MathJax.Hub = { Queue: ([, , node]) => window.MathJax.typesetPromise([node]) };
    },
  };
}

// From disk a page may not fetch its neighbours: search then lists titles without excerpts.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined")
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// A box that scrolls sideways takes the keyboard's focus, and has a name; one that does not, does neither.
const SCROLLERS = {
  "div.math > mjx-container": "Equation",
  ".math > mjx-container": "Formula",
  "div.highlight pre, .cell_output pre": "Code",
  ".cell_output": "Output",
  ".pst-scrollable-table-container": "Table",
};

function markScrollers() {
  for (const [selector, name] of Object.entries(SCROLLERS)) {
    for (const box of document.querySelectorAll(selector)) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
      if (scrolls && box.tabIndex < 0) {
        box.tabIndex = 0;
        box.dataset.scrolls = "";
        if (!box.hasAttribute("role")) box.setAttribute("role", "group");
        if (!box.hasAttribute("aria-label")) box.setAttribute("aria-label", `${name}, scrolls sideways`);
      } else if (!scrolls && "scrolls" in box.dataset) {
        for (const attribute of ["tabindex", "data-scrolls", "role", "aria-label"]) box.removeAttribute(attribute);
      }
    }
  }
}

// The theme names some controls twice, or with words other than those one sees, or not at all.
function nameControls() {
  for (const control of document.querySelectorAll(".search-button-field[aria-label], details > summary[aria-label='Toggle hidden content']"))
    control.removeAttribute("aria-label");
  for (const icon of document.querySelectorAll(".theme-switch-button svg:not([aria-hidden='true'])")) {
    icon.setAttribute("aria-hidden", "true");
    icon.querySelector("title")?.remove();
  }
  for (const summary of document.querySelectorAll(".bd-sidebar-primary li > details > summary:not([aria-label])")) {
    const chapter = summary.closest("li").querySelector("a")?.textContent.trim();
    summary.setAttribute("aria-label", `Pages under ${chapter}`);
  }
  for (const link of document.querySelectorAll('a[href*="_sources/"][href$=".ipynb"]')) {
    link.download = "";
    link.removeAttribute("target");
    link.title = "Download this page as a notebook";
  }
}

// docutils calls the bibliography a list, and its entries something that no list may hold.
function mendBibliography() {
  for (const part of document.querySelectorAll(".citation-list, .citation-list > [role='doc-biblioentry']"))
    part.removeAttribute("role");
}

// A slider is called what its label says.
function nameSliders() {
  for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
    const label = handle.closest(".widget-slider")?.querySelector(".widget-label")?.textContent;
    handle.setAttribute("aria-label", (label || "value").trim());
  }
  for (const readout of document.querySelectorAll(".widget-readout[contenteditable]:not([aria-label])")) {
    const text = readout.closest(".widget-slider")?.querySelector(".widget-label")?.textContent || "value";
    readout.setAttribute("role", "textbox");
    readout.setAttribute("aria-label", `${text.trim()}, as a number`);
  }
}

answerAsMathJax2(); // this file is deferred and named before MathJax: its settings are there, itself not yet
// What a slider stands at is written above its picture.
function sayValues(handles) {
  for (const handle of handles) {
    const captions = [...(handle.closest(".course-slider")?.querySelectorAll("figcaption") ?? [])];
    const shown = captions.find((caption) => caption.offsetParent !== null)?.textContent.trim();
    if (shown) handle.setAttribute("aria-valuetext", shown);
  }
}

window.addEventListener("load", () => {
  mendBibliography();
  let waiting = false;
  const tidy = () => {
    waiting = false;
    nameControls();
    nameSliders();
    sayValues(document.querySelectorAll(".noUi-handle"));
    markScrollers();
  };
  const soon = () => {
    if (!waiting) requestAnimationFrame(tidy);
    waiting = true;
  };
  const moved = new MutationObserver((changes) =>
    requestAnimationFrame(() => sayValues(new Set(changes.map((change) => change.target)))),
  );
  moved.observe(document.body, { subtree: true, attributeFilter: ["aria-valuenow"] });
  const sizes = new ResizeObserver(markScrollers); // at once, before the frame is drawn
  for (const box of document.querySelectorAll("body, article.bd-article")) sizes.observe(box);
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  document.fonts.addEventListener("loadingdone", soon); // formulas grow when their fonts arrive, boxes do not
  document.addEventListener("transitionend", soon); // the sidebar slides in
  soon();
});
