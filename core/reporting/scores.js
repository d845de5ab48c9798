"use strict";
// A click on a header sorts its table; a second click turns the order round. Without JavaScript the tables stay as written.
for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const falling = header.getAttribute("aria-sort") === "ascending";
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const order = (row) => row.cells[column].dataset.order;
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [one, two] = [order(a), order(b)];
        if (!one || !two) return !one - !two; // what is undefined stays last both ways
        const apart = isNaN(one) || isNaN(two) ? one.localeCompare(two, undefined, { numeric: true }) : one - two;
        return falling ? -apart : apart;
      });
      table.tBodies[0].append(...rows);
    });
  });
}
// Plots are as wide as the window; paper is narrower.
const PAPER = 690;
addEventListener("beforeprint", () => {
  for (const plot of document.querySelectorAll(".js-plotly-plot")) Plotly.relayout(plot, { width: PAPER });
});
addEventListener("afterprint", () => {
  for (const plot of document.querySelectorAll(".js-plotly-plot")) Plotly.relayout(plot, { width: null, autosize: true });
});
