// Filters, keys, light and dark. Everything on the page works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const make = (name, words, text) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(words || {})) node.setAttribute(key, value);
    if (text) node.textContent = text;
    return node;
  };

  // Where storage is refused, the choice lasts as long as the page.
  const kept = (value) => {
    try {
      if (value === undefined) return localStorage.getItem("netlab-theme");
      localStorage.setItem("netlab-theme", value);
    } catch { /* nothing is kept */ }
    return null;
  };
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const chosen = kept();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  const theme = make("button", { type: "button", id: "theme" });
  const name = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    kept(root.dataset.theme);
    name();
  });
  name();

  const place = document.getElementById("filters");
  const rows = [...document.querySelectorAll("tr.row")];
  if (!place || !rows.length) return;
  const form = make("form", { role: "search", "aria-label": "Filter cells" });
  const fields = {};
  const field = (key, text, control) => {
    const label = make("label", {}, text);
    control.id = `filter-${key}`;
    label.append(control);
    form.append(label);
    fields[key] = control;
  };
  const select = (key, text, values) => {
    const control = make("select");
    control.append(make("option", { value: "" }, "all"), ...values.map((value) => make("option", { value }, value.replace("_", " "))));
    field(key, text, control);
  };
  const seen = (key) => [...new Set(rows.map((row) => row.dataset[key]))].sort();
  field("q", "Search ( / )", make("input", { type: "search", size: "18" }));
  select("verdict", "Verdict", ["differs", ...new Set(rows.flatMap((row) => row.dataset.verdicts.split(" ")))]);
  for (const key of ["home", "visited", "access"]) select(key, key[0].toUpperCase() + key.slice(1), seen(key));
  const told = make("output", { class: "sub", "aria-live": "polite" });
  const clear = make("button", { type: "button" }, "Clear");
  const help = make("span", { class: "sub" }, "Keys: / search, j and k from cell to cell, Enter opens");
  form.append(clear, theme, told, help);
  form.addEventListener("submit", (event) => event.preventDefault());
  place.append(form);

  const apply = () => {
    const want = Object.fromEntries(Object.entries(fields).map(([key, control]) => [key, control.value]));
    const words = want.q.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const differs = row.querySelector(".flag:not(.known-flag)");
      const right = ["home", "visited", "access"].every((key) => !want[key] || row.dataset[key] === want[key]) &&
        (!want.verdict || (want.verdict === "differs" ? differs : row.dataset.verdicts.split(" ").includes(want.verdict))) &&
        (!words.length || words.every((word) => row.textContent.toLowerCase().includes(word)));
      row.hidden = !right;
      count += right && !row.closest(".findings") ? 1 : 0;
    }
    for (const group of document.querySelectorAll("tr.group")) group.hidden = ![...group.parentElement.querySelectorAll("tr.row")].some((row) => !row.hidden);
    told.textContent = `${count} cells shown`;
  };
  const keep = () => {
    const set = Object.entries(fields).filter(([, control]) => control.value).map(([key, control]) => `${key}=${encodeURIComponent(control.value)}`);
    history.replaceState(null, "", set.length ? `#?${set.join("&")}` : location.pathname + location.search);
    apply();
  };
  const take = () => {
    if (!location.hash.startsWith("#?")) return;
    const given = new URLSearchParams(location.hash.slice(2));
    for (const [key, control] of Object.entries(fields)) control.value = given.get(key) || "";
    apply();
  };
  form.addEventListener("input", keep);
  clear.addEventListener("click", () => {
    for (const control of Object.values(fields)) control.value = "";
    keep();
  });
  addEventListener("hashchange", take);
  apply();
  take();

  addEventListener("keydown", (event) => {
    const where = event.target instanceof Element ? event.target : document.body;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (where.matches("input, select, textarea")) {
      if (event.key === "Escape") where.blur();
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      fields.q.focus();
    } else if (event.key === "j" || event.key === "k") {
      const visible = rows.filter((row) => !row.hidden);
      const now = visible.findIndex((row) => row.classList.contains("now"));
      const next = visible[Math.max(0, Math.min(visible.length - 1, event.key === "j" ? now + 1 : now - 1))];
      for (const row of rows) row.classList.toggle("now", row === next);
      if (next) {
        next.querySelector("a").focus();
        next.scrollIntoView({ block: "nearest" });
      }
    }
  });
})();
