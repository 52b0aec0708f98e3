// The picture of twin-clean's preview: one property before and after.
(() => {
  window.MediTwinClean ??= {};
  const form = window.MediTwinClean;

  const svg = (name, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  /** Before (dashed) and after, with a mark where something was changed, and the points of a grid. */
  function chart(_, { rows, grid }, name, width) {
    const [height, left, edge] = [130, 46, 8];
    const points = grid.filter(({ values }) => Number.isFinite(values[name]));
    const numbers = rows
      .flatMap(({ cells }) => [cells[name]?.before, cells[name]?.after])
      .concat(points.map(({ values }) => values[name]))
      .filter(Number.isFinite);
    if (numbers.length < 2) return "";
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    // By time where it is known of all.
    const times = rows.map(({ ts }) => ts);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    const across = (part) => left + (width - left - edge) * part;
    const xOf = (ts) => across((ts - first) / (last - first));
    const x = (i) => (last > first ? xOf(times[i]) : across(i / Math.max(1, rows.length - 1)));
    const y = (value) => height - edge - ((height - 2 * edge) * (value - low)) / (high - low || 1);
    const path = (side) => {
      let pen = "M";
      return rows
        .map(({ cells, dropped }, i) => {
          const value = side === "after" && dropped ? undefined : cells[name]?.[side];
          if (!Number.isFinite(value)) {
            // A dropped row is passed over; a missing value is a gap.
            if (!dropped) pen = "M";
            return "";
          }
          const step = `${pen}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
          pen = "L";
          return step;
        })
        .join("");
    };
    const marks = rows.map((row, i) => {
      const cell = row.cells[name];
      if (!cell || (!row.dropped && form.lookOf(cell.changes)[0] === "formed")) return "";
      const value = Number.isFinite(cell.before) ? cell.before : cell.after;
      if (!Number.isFinite(value)) return "";
      const why = svg("title", {}, row.dropped ? form.reasonOf(_, row.dropped) : form.words(_, cell.changes));
      const [cx, cy] = [x(i), y(value)];
      if (row.dropped)
        return svg(
          "path",
          { d: `M${cx - 4} ${cy - 4}l8 8m0-8l-8 8`, class: "twin-clean-lost", "stroke-width": 2 },
          why,
        );
      return svg(
        "circle",
        { cx, cy, r: 4, fill: "none", class: `twin-clean-${form.lookOf(cell.changes)[0]}`, "stroke-width": 2 },
        why,
      );
    });
    const label = (value) =>
      svg("text", { x: left - 6, y: y(value) + 3, "text-anchor": "end" }, String(Number(value.toPrecision(4))));
    return svg(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": _("twin-clean.preview.chart", { name }) },
      ...(low === high ? [label(low)] : [label(low), label(high)]),
      svg("path", { d: path("before"), class: "twin-clean-before" }),
      svg("path", { d: path("after"), class: "twin-clean-after" }),
      ...(last > first ? points : []).map(({ ts, values }) =>
        svg("rect", { x: xOf(ts) - 3, y: y(values[name]) - 3, width: 6, height: 6, class: "twin-clean-point" }),
      ),
      ...marks,
    );
  }

  form.chart = chart;
})();
