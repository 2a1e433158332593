// Makes a cell easier to use; everything on the page works without it.
(() => {
  "use strict";

  // A link into something that is closed opens it.
  const reveal = () => {
    let id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = id && document.getElementById(id);
    if (!target) return;
    for (let node = target; node; node = node.parentElement) if (node.localName === "details") node.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a[href^='#']");
    // The same link once more changes no address.
    if (link && link.getAttribute("href") === location.hash) reveal();
  });
  reveal();

  // What matters on paper is open on paper.
  addEventListener("beforeprint", () => {
    for (const node of document.querySelectorAll("details[data-print]:not([open])")) {
      node.open = true;
      node.dataset.print = "closed";
    }
  });
  addEventListener("afterprint", () => {
    for (const node of document.querySelectorAll("details[data-print='closed']")) {
      node.open = false;
      node.dataset.print = "";
    }
  });

  const copy = async (source) => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      return true;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      return document.execCommand("copy");
    }
  };
  for (const place of document.querySelectorAll("[data-copy]")) {
    const source = document.getElementById(place.dataset.copy);
    if (!source) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = place.dataset.label;
    const told = document.createElement("span");
    told.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      told.textContent = (await copy(source)) ? " copied" : " not copied: select the text";
    });
    place.append(button, told);
  }
})();
