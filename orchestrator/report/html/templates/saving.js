"use strict";
// Every table as a CSV and a JSON file: a figure's table is the data of the figure.
(() => {
  const save = (name, kind, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind === "json" ? "application/json" : "text/csv" }));
    link.download = `${name}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const value = (cell) => {
    if (cell.dataset.value !== undefined) return JSON.parse(cell.dataset.value);
    const text = cell.textContent.replace(/\u00ad/g, "").trim().replace(/\s+/g, " ");
    return text === "–" ? null : text;
  };
  const content = (table) => ({
    columns: [...table.querySelectorAll("thead th")].map(value),
    rows: [...table.tBodies[0].rows].map((row) => [...row.cells].map(value)),
  });
  const named = (table) => {
    const { columns, rows } = content(table);
    return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));
  };

  const field = (item) => {
    if (typeof item === "number") return String(item);
    let text = item === null ? "" : Array.isArray(item) ? item.join("; ") : String(item);
    // No spreadsheet may take a name for a formula.
    if (/^[=+\-@\t\r\n]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const csv = (table) => {
    const { columns, rows } = content(table);
    return [columns, ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
  };

  const button = (label, said, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.setAttribute("aria-label", said);
    made.addEventListener("click", act);
    return made;
  };
  for (const table of document.querySelectorAll("table[data-name]")) {
    const bar = document.createElement("div");
    bar.className = "save";
    const name = table.dataset.name;
    bar.append(
      button("CSV", `Save ${name} as CSV`, () => save(name, "csv", csv(table))),
      button("JSON", `Save ${name} as JSON`, () => save(name, "json", JSON.stringify(named(table), null, 2))),
    );
    table.closest(".scroll").before(bar);
  }

  for (const control of document.querySelectorAll("[data-save]")) {
    control.addEventListener("click", () => {
      const data = JSON.parse(document.getElementById("data").textContent);
      save("classes", control.dataset.save, data[control.dataset.save]);
    });
  }
  for (const box of document.querySelectorAll(".controls")) box.hidden = false;
})();
