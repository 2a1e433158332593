// Light and dark, keys, filters. Everything on the page works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const make = (name, words, text) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(words || {})) node.setAttribute(key, value);
    if (text) node.textContent = text;
    return node;
  };

  // Where storage is refused, a choice lasts as long as the page.
  const recall = (name) => { try { return localStorage.getItem(`netlab-${name}`); } catch { return null; } };
  const keepChoice = (name, value) => { try { localStorage.setItem(`netlab-${name}`, value); } catch { /* nothing is kept */ } };

  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const chosen = recall("theme");
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  const theme = make("button", { type: "button", id: "theme" });
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  const switchTheme = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keepChoice("theme", root.dataset.theme);
    nameTheme();
  };
  theme.addEventListener("click", switchTheme);
  system.addEventListener("change", nameTheme);
  nameTheme();

  // Single letters act only where they are wanted: who dictates, or writes with other aids, turns them off.
  let keysOn = recall("keys") !== "off";
  const keys = make("button", { type: "button", id: "keys" });
  const nameKeys = () => { keys.textContent = keysOn ? "Keys on" : "Keys off"; keys.setAttribute("aria-pressed", String(keysOn)); };
  keys.addEventListener("click", () => {
    keysOn = !keysOn;
    keepChoice("keys", keysOn ? "on" : "off");
    nameKeys();
  });
  nameKeys();

  const actions = { t: [switchTheme, "dark or light"] };
  const follow = (key, relation, text) => {
    const link = document.querySelector(`a[rel="${relation}"]`);
    if (link) actions[key] = [() => link.click(), text];
  };
  follow("u", "up", "to the report");
  follow("j", "next", "next cell");
  follow("k", "prev", "previous cell");
  addEventListener("keydown", (event) => {
    if (!keysOn || event.ctrlKey || event.metaKey || event.altKey) return;
    const where = event.target instanceof Element ? event.target : document.body;
    if (where.matches("input, select, textarea")) {
      if (event.key === "Escape") where.blur();
      return;
    }
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key][0]();
  });
  const showTools = () => {
    const hint = make("span", { class: "hint" });
    for (const [key, [, text]] of Object.entries(actions)) hint.append(make("kbd", {}, key), ` ${text} `);
    const tools = document.getElementById("tools");
    tools.setAttribute("role", "region");
    tools.setAttribute("aria-label", "Keys and colours");
    tools.append(hint, keys, theme);
  };

  const place = document.getElementById("filters");
  const rows = place ? [...document.querySelectorAll("tr.row")] : [];
  if (!rows.length) return showTools();
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
  field("q", "Search", make("input", { type: "search", size: "18" }));
  select("verdict", "Verdict", ["differs", ...new Set(rows.flatMap((row) => row.dataset.verdicts.split(" ")))]);
  for (const key of ["home", "visited", "access"]) select(key, key[0].toUpperCase() + key.slice(1), seen(key));
  const told = make("output", { class: "sub", "aria-live": "polite" });
  const clear = make("button", { type: "button" }, "Clear");
  form.append(clear, told);
  form.addEventListener("submit", (event) => event.preventDefault());
  place.append(form);

  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };
  const apply = () => {
    const want = Object.fromEntries(Object.entries(fields).map(([key, control]) => [key, control.value]));
    const words = want.q.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const differs = row.querySelector(".flag:not(.known-flag)");
      const right = ["home", "visited", "access"].every((key) => !want[key] || row.dataset[key] === want[key]) &&
        (!want.verdict || (want.verdict === "differs" ? differs : row.dataset.verdicts.split(" ").includes(want.verdict))) &&
        words.every((word) => textOf(row).includes(word));
      row.hidden = !right;
      count += right && !row.closest(".findings") ? 1 : 0;
    }
    for (const group of document.querySelectorAll("tr.group")) group.hidden = ![...group.parentElement.querySelectorAll("tr.row")].some((row) => !row.hidden);
    const listed = document.querySelector(".cells:not(.findings)");
    told.textContent = listed ? `${count} cells shown` : `${rows.filter((row) => !row.hidden).length} cells shown`;
  };
  const keep = () => {
    const set = Object.entries(fields).filter(([, control]) => control.value).map(([key, control]) => `${key}=${encodeURIComponent(control.value)}`);
    history.replaceState(null, "", set.length ? `#?${set.join("&")}` : location.pathname + location.search);
    apply();
  };
  const take = () => {
    if (!location.hash.startsWith("#?")) return;
    const given = new URLSearchParams(location.hash.slice(2));
    for (const [key, control] of Object.entries(fields)) {
      const value = (given.get(key) || "").slice(0, 200);
      control.value = control.localName !== "select" || [...control.options].some((option) => option.value === value) ? value : "";
    }
    apply();
  };
  // A link to what a filter hides takes the filter away.
  const uncover = () => {
    if (location.hash.length < 2 || location.hash.startsWith("#?")) return;
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (!target || target.localName !== "tbody" || ![...target.rows].some((row) => row.hidden)) return;
    for (const control of Object.values(fields)) control.value = "";
    apply();
    target.scrollIntoView();
  };
  form.addEventListener("input", keep);
  clear.addEventListener("click", () => {
    for (const control of Object.values(fields)) control.value = "";
    keep();
  });
  addEventListener("hashchange", () => { take(); uncover(); });
  apply();
  take();

  const step = (by) => () => {
    const visible = rows.filter((row) => !row.hidden);
    const now = visible.findIndex((row) => row.classList.contains("now"));
    const next = visible[now < 0 ? (by > 0 ? 0 : visible.length - 1) : Math.max(0, Math.min(visible.length - 1, now + by))];
    for (const row of rows) row.classList.toggle("now", row === next);
    if (!next) return;
    next.querySelector("a").focus();
    next.scrollIntoView({ block: "nearest" });
  };
  Object.assign(actions, {
    j: [step(1), "next cell"], k: [step(-1), "previous cell, Enter opens it"], "/": [() => fields.q.focus(), "search"],
  });
  showTools();
})();
