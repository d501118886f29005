"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const drawn = new Set();

  const styled = (figure) => {
    const line = colour("--line"), text = colour("--text"), accent = colour("--accent");
    const palette = [accent, colour("--warn")];
    const axis = { gridcolor: line, linecolor: line, tickcolor: line };
    const layout = Object.assign({
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false,
      margin: { l: 20, r: 20, t: 20, b: 45 }, hovermode: "closest",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--muted"), activecolor: accent },
      font: { color: text, family: getComputedStyle(document.body).fontFamily },
      hoverlabel: { bgcolor: colour("--panel"), bordercolor: line, font: { color: text }, align: "left" },
    }, figure.layout);
    for (const key of ["xaxis", "yaxis", "yaxis2"]) {
      if (layout[key]) layout[key] = Object.assign({}, axis, layout[key]);
    }
    if (layout.yaxis2) layout.margin = { l: 50, r: 50, t: 20, b: 45 };
    const data = figure.data.map((trace, at) => {
      const own = layout.yaxis2 ? palette[at % 2] : accent;
      return Object.assign({}, trace, {
        line: Object.assign({ color: own }, trace.line), marker: Object.assign({ color: own }, trace.marker),
      });
    });
    return { data, layout };
  };

  const draw = (place) => {
    const figure = figures[place.dataset.figure];
    if (!figure || typeof Plotly === "undefined") return;
    const { data, layout } = styled(figure);
    // Plotly's own default is a button that uploads the chart; a page of results must not.
    const quiet = { displaylogo: false, showSendToCloud: false, plotlyServerURL: "" };
    Plotly.react(place, data, layout, { responsive: true, ...quiet });
    drawn.add(place);
  };
  const places = (root) => root.querySelectorAll("[data-figure]");

  for (const box of document.querySelectorAll("details")) {
    if (box.open) places(box).forEach(draw);
    box.addEventListener("toggle", () => {
      if (box.open) places(box).forEach((place) => drawn.has(place) || draw(place));
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));

  const filter = document.getElementById("filter");
  if (filter) {
    const rows = [...document.querySelectorAll("#class-table tbody tr")];
    const shown = document.getElementById("shown");
    filter.addEventListener("input", () => {
      const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const text = row.dataset.search;
        row.hidden = !wanted.every((word) => text.includes(word));
        count += row.hidden ? 0 : 1;
      }
      shown.textContent = `${count} of ${rows.length} shown`;
    });
  }

  for (const button of document.querySelectorAll("[data-save]")) {
    button.addEventListener("click", () => {
      const data = read("data");
      const json = button.dataset.save === "json";
      const text = json ? JSON.stringify(data.json, null, 2) : data.csv;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: json ? "application/json" : "text/csv" }));
      link.download = `classes.${button.dataset.save}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }
  for (const box of document.querySelectorAll(".controls")) box.hidden = false;
})();
