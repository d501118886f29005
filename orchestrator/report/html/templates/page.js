"use strict";
// Figures, drawn when they come into view, and the filter of the class table.
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const drawn = new Set();
  const HUES = 8;

  const styled = (figure, width) => {
    const line = colour("--line"), text = colour("--text");
    const axis = { gridcolor: line, linecolor: line, tickcolor: line, zerolinecolor: line };
    const layout = Object.assign({
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false,
      margin: { l: 20, r: 20, t: 25, b: 45 }, hovermode: "closest",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--muted"), activecolor: colour("--accent") },
      font: { color: text, size: width < 500 ? 11 : 12, family: getComputedStyle(document.body).fontFamily },
      hoverlabel: { bgcolor: colour("--panel"), bordercolor: line, font: { color: text }, align: "left" },
    }, figure.layout);
    for (const key of ["xaxis", "yaxis", "yaxis2"]) {
      if (layout[key]) layout[key] = Object.assign({}, axis, layout[key]);
    }
    if (layout.yaxis2 && layout.yaxis2.overlaying) layout.margin = { l: 50, r: 50, t: 25, b: 45 };
    const data = figure.data.map((trace) => {
      const own = colour(`--c${trace.meta % HUES}`);
      const marker = trace.line && trace.mode === "lines" ? {} : { marker: Object.assign({ color: own }, trace.marker) };
      return Object.assign({}, trace, { line: Object.assign({ color: own }, trace.line) }, marker);
    });
    return { data, layout };
  };

  const draw = (place) => {
    const figure = figures[place.dataset.figure];
    if (!figure || typeof Plotly === "undefined") return;
    const { data, layout } = styled(figure, place.clientWidth);
    // Plotly's own default is a button that uploads the chart; a page of results must not.
    const quiet = { displaylogo: false, showSendToCloud: false, plotlyServerURL: "" };
    const picture = { format: "svg", filename: place.dataset.figure };
    Plotly.react(place, data, layout, { responsive: true, toImageButtonOptions: picture, ...quiet });
    drawn.add(place);
  };

  // A figure in a closed box or far below has no size yet, or would delay the first look.
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
    }
  }, { rootMargin: "600px" });
  document.querySelectorAll("[data-figure]").forEach((place) => seen.observe(place));
  const again = () => drawn.forEach(draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  // Paper has no margin to scroll into: everything is drawn first.
  addEventListener("beforeprint", () => document.querySelectorAll("details[open] [data-figure], section > [data-figure]")
    .forEach((place) => drawn.has(place) || draw(place)));

  const filter = document.getElementById("filter");
  if (filter) {
    const rows = [...document.querySelectorAll("#class-table tbody tr")];
    const shown = document.getElementById("shown");
    const apply = () => {
      const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const text = row.dataset.search;
        row.hidden = !wanted.every((word) => text.includes(word));
        count += row.hidden ? 0 : 1;
      }
      shown.textContent = `${count} of ${rows.length} shown`;
    };
    filter.addEventListener("input", apply);
    // A reload keeps what was typed; the rows must follow it.
    if (filter.value) apply();
  }
})();
