// What the page can do with JavaScript; without it everything is there as text and pictures.
(() => {
  const vendor = document.currentScript.dataset.vendor;
  for (const one of document.querySelectorAll(".needs-js")) one.hidden = false;

  // Tables sort by a press on a column's name.
  for (const table of document.querySelectorAll("table[data-sort]")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button"; button.className = "sort"; button.append(...head.childNodes); head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const value = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
        const number = (text) => /\d/.test(text) ? Number(text.replace(/[,%]/g, "").replace("−", "-").replace(/[±+]/, "")) : NaN;
        const all = [...table.tBodies[0].rows], sums = all.filter((row) => row.className === "sum");
        const rows = all.filter((row) => !sums.includes(row));
        // A column is of numbers where whatever holds a digit is one; what says none ("no plan", "–", nothing) comes last, either way.
        const numeric = rows.some((row) => /\d/.test(value(row)))
          && rows.every((row) => !/\d/.test(value(row)) || !Number.isNaN(number(value(row))));
        const known = rows.filter((row) => !numeric || !Number.isNaN(number(value(row))));
        const unknown = rows.filter((row) => !known.includes(row));
        known.sort((a, b) => numeric ? number(value(a)) - number(value(b)) : value(a).localeCompare(value(b)));
        if (down) known.reverse();
        table.tBodies[0].append(...known, ...unknown, ...sums);
      });
    });
  }

  // A menu closes when something else is pressed.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // Charts: the libraries are fetched when somebody first reaches for one. The expression interpreter keeps the policy strict.
  let libraries;
  const load = (name) => new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = `${vendor}${name}.min.js`; script.onload = done; script.onerror = failed;
    document.head.append(script);
  });
  const ready = () => libraries ??= ["vega", "vega-interpreter", "vega-lite", "vega-embed"]
    .reduce((before, name) => before.then(() => load(name)), Promise.resolve());

  const draw = async (figure) => {
    if (figure.dataset.drawn) return;
    figure.dataset.drawn = "1";
    const joined = figure.dataset.chart.includes("?") ? "&" : "?";
    const width = Math.round(figure.clientWidth);
    try {
      const [answer] = await Promise.all([fetch(`${figure.dataset.chart}${joined}width=${width}`), ready()]);
      if (!answer.ok) throw new Error(String(answer.status));
      const place = document.createElement("div");
      place.className = "drawn";
      const { view } = await vegaEmbed(place, await answer.json(), {
        ast: true, expr: vegaInterpreter.expressionInterpreter, actions: false, renderer: "svg", loader: { target: "_self" },
      });
      figure.replaceChildren(place);
      follow(view, place);
    } catch (error) { delete figure.dataset.drawn; console.warn("The chart stays a picture:", error.message); }
  };

  // A bar of one thing leads to its week; one of several asks whether the week or the objective is meant.
  const ask = (event, datum) => {
    const choice = document.createElement("nav");
    choice.className = "choice";
    choice.setAttribute("aria-label", "Where to");
    for (const [href, words] of [[datum.also, datum.objective], [datum.href, datum.name]]) {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = words;
      choice.append(link);
    }
    choice.style.top = `${event.pageY}px`;
    choice.style.left = `${Math.max(8, Math.min(event.pageX, document.documentElement.clientWidth - 288))}px`;
    const leave = (other) => {
      if (other.type === "keydown" ? other.key !== "Escape" : choice.contains(other.target)) return;
      choice.remove();
      for (const kind of ["pointerdown", "keydown"]) document.removeEventListener(kind, leave, true);
    };
    for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, leave, true);
    document.body.append(choice);
    choice.firstChild.focus();
  };

  // A press on a week leads to its page; a range of weeks drawn in the chart becomes the period of the page.
  const follow = (view, place) => {
    let range = null, pressed = null;
    try { view.addSignalListener("brush", (_, value) => { range = value.week ?? null; }); } catch { /* a chart without a brush */ }
    view.addEventListener("click", (event, item) => {
      const moved = pressed ? Math.abs(event.clientX - pressed) : 0;
      if (!item?.datum?.href || moved >= 4) return;
      if (item.datum.also) ask(event, item.datum); else location.assign(item.datum.href);
    });
    place.addEventListener("pointerdown", (event) => { pressed = event.clientX; range = null; }, true);
    window.addEventListener("pointerup", (event) => {
      if (pressed === null || Math.abs(event.clientX - pressed) < 4) return;
      setTimeout(() => {
        if (!range) return;
        const day = (time) => new Date(time).toISOString().slice(0, 10);
        const to = new URL(location.href);
        to.searchParams.set("since", day(Math.min(...range))); to.searchParams.set("until", day(Math.max(...range)));
        location.assign(to);
      }, 300);  // the drawing answers on its next frame
    });
  };

  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    for (const kind of ["pointerenter", "focusin"]) figure.addEventListener(kind, () => draw(figure), { once: true });
  }
  for (const button of document.querySelectorAll("button.draw")) {
    button.addEventListener("click", () => {
      const figure = document.querySelector(`figure[data-chart="${CSS.escape(button.dataset.for)}"]`);
      draw(figure); button.remove();
    });
  }

  // Labelling by keyboard: the digit or letter on a button presses it.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const button = document.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (button) { event.preventDefault(); button.click(); }
  });
})();
