// The preview of twin-clean's form: what the rules as they stand make of the data that came last, asked of the server, with
// every change marked by colour, symbol and word.
(() => {
  window.MediTwinClean ??= {};
  const form = window.MediTwinClean;
  /** By weight: what a cell with several changes looks like is the first of them. */
  const looks = {
    outOfRange: ["doubtful", "fa-flag"],
    outlier: ["doubtful", "fa-flag"],
    tooFast: ["doubtful", "fa-flag"],
    stuck: ["doubtful", "fa-flag"],
    stillMissing: ["doubtful", "fa-circle-o"],
    replaced: ["altered", "fa-exchange"],
    filled: ["altered", "fa-plus-circle"],
    clamped: ["altered", "fa-compress"],
    removed: ["altered", "fa-eraser"],
    sentinel: ["formed", "fa-eraser"],
    converted: ["formed", "fa-refresh"],
    held: ["formed", "fa-pause"],
    smoothed: ["formed", "fa-line-chart"],
    passedOver: ["formed", "fa-step-forward"],
  };
  const lookOf = (changes) => {
    const first = Object.keys(looks).find((name) => changes.includes(name));
    return looks[first] ?? ["formed", "fa-asterisk"];
  };
  const icon = ([style, symbol]) => $("<i>").addClass(`fa ${symbol} twin-clean-${style}`).attr("aria-hidden", "true");
  const words = (_, changes) => changes.map((name) => _(`twin-clean.done.${name}`)).join(", ");

  function valueText(value) {
    if (value === null || value === undefined || value === "") return "–";
    return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
  }

  function timeText(row, first, last) {
    if (typeof row.ts !== "number") return `${row.index + 1}`;
    const options = { hour12: false, hour: "2-digit", minute: "2-digit", second: "2-digit" };
    if (last - first > 86_400_000) Object.assign(options, { month: "2-digit", day: "2-digit" });
    else if (last - first < 10_000) options.fractionalSecondDigits = 1;
    return new Date(row.ts).toLocaleString(RED.i18n.lang() || undefined, options);
  }

  /** What the cell is now; below that what it was, and why it is another. */
  function cellOf(_, cell) {
    const td = $("<td>");
    if (!cell || cell.changes.length === 0) return td.text(cell ? valueText(cell.after) : "");
    const look = lookOf(cell.changes);
    const why = words(_, cell.changes);
    const below = $("<small>").addClass(`twin-clean-${look[0]}`);
    if (valueText(cell.before) !== valueText(cell.after)) below.append($("<s>").text(valueText(cell.before)), " ");
    if (look[0] !== "formed") below.append(document.createTextNode(why));
    return td.append(icon(look), document.createTextNode(` ${valueText(cell.after)}`), below).attr("title", why);
  }

  /** The server counts rules from 0, people from 1. */
  function faultText(_, { message, hint }) {
    const text = message.includes(hint) ? message : `${message} ${hint}`;
    const found = /^(rules|features)\[(\d+)\]\.?\s*(.*)$/s.exec(text);
    if (!found) return text;
    const row = Number(found[2]) + 1;
    return _(`twin-clean.invalid.${found[1] === "rules" ? "rule" : "column"}`, { row, wrong: found[3] });
  }

  function reasonOf(_, { code, property }) {
    const known = _(`twin-clean.reason.${code}`);
    return (property ? `${property}: ` : "") + (known.startsWith("twin-clean.") ? code : known);
  }

  function table(_, { rows, columns }, unitOf) {
    const [first, last] = [rows.at(0)?.ts, rows.at(-1)?.ts];
    const place = _(typeof first === "number" ? "twin-clean.preview.time" : "twin-clean.preview.row");
    const head = $("<tr>").append($("<th>").text(place));
    for (const name of columns) head.append($("<th>").text(unitOf(name) ? `${name} [${unitOf(name)}]` : name));
    const body = rows.map((row) => {
      const at = $("<td>").text(timeText(row, first, last));
      const line = $("<tr>").append(at);
      if (!row.dropped) return line.append(columns.map((name) => cellOf(_, row.cells[name])));
      const why = $("<small>").addClass("twin-clean-lost").text(reasonOf(_, row.dropped));
      // The server speaks English.
      if (/^en/.test(RED.i18n.lang())) why.attr("title", row.dropped.message);
      at.prepend(icon(["lost", "fa-times"]), " ").append(why);
      const came = columns.map((name) => $("<td>").append($("<s>").text(valueText(row.cells[name]?.before))));
      return line.addClass("twin-clean-gone").append(came);
    });
    return $("<table>").append($("<thead>").append(head), $("<tbody>").append(body));
  }

  /** The points that leave in place of the rows where they are resampled. */
  function gridTable(_, { grid, columns }) {
    const head = $("<tr>").append([_("twin-clean.preview.time"), ...columns].map((text) => $("<th>").text(text)));
    const body = grid.map(({ ts, values }) => {
      const at = $("<td>").text(timeText({ ts }, grid.at(0).ts, grid.at(-1).ts));
      return $("<tr>").append(
        at,
        columns.map((name) => $("<td>").text(valueText(values[name]))),
      );
    });
    return $("<table>").append($("<thead>").append(head), $("<tbody>").append(body));
  }

  function legend(_, { counts, dropped }) {
    const all = Object.keys(looks)
      .filter((name) => counts[name] > 0)
      .map((name) => [looks[name], words(_, [name]), counts[name]]);
    if (dropped > 0) all.unshift([["lost", "fa-times"], _("twin-clean.done.dropped"), dropped]);
    return all.map(([look, text, count]) =>
      $("<span>").append(icon(look), document.createTextNode(` ${text}: ${count}`)),
    );
  }

  const hasValue = (cell) => [cell?.before, cell?.after].some((value) => value !== null && value !== undefined);
  const drawnOf = ({ columns, rows }) => {
    const isNumber = (cell) => typeof cell?.before === "number" || typeof cell?.after === "number";
    return columns.filter((name) => rows.some(({ cells }) => isNumber(cells[name])));
  };
  /** The column to draw until somebody chooses: the one to which most was done, other than its form. */
  function mostChanged({ rows }, names) {
    const weight = (name) => rows.filter((row) => lookOf(row.cells[name].changes)[0] !== "formed").length;
    return names.reduce((best, name) => (weight(name) > weight(best) ? name : best), names[0]);
  }

  /**
   * Lives in the panel of the form. `ask(twin)` gives what the server is asked, or the fault that keeps it from being asked;
   * `answered` is told what the server says.
   */
  function createPreview(_, { ask, answered, unitOf }) {
    const at = (name) => $(`#twin-clean-preview-${name}`);
    let [asked, timer, shown, chosen] = [0, undefined, undefined, false];

    function say(text, isWrong = false) {
      at("said").text(text).toggleClass("twin-clean-wrong", isWrong);
    }
    function clear() {
      at("chart").empty();
      at("table").empty();
      at("legend").empty();
      at("grid").empty();
      at("grid-said").text("");
      at("property").hide();
    }
    function draw() {
      const width = Math.max(300, at("chart").width());
      at("chart")
        .empty()
        .append(form.chart(_, shown, at("property").val(), width));
    }
    function show(answer) {
      clear();
      const { twins, twin, kind, rows, of } = answer;
      at("twin")
        .empty()
        .toggle(twins.length > 1)
        .append(twins.map((id) => $("<option>").val(id).text(id)))
        .val(twin);
      if (rows.length === 0) return say(_("twin-clean.preview.nothing"));
      shown = answer;
      say(_(`twin-clean.preview.${kind}`, { count: rows.length, of }));
      // Where rows leave on a grid, the new columns are made of its points.
      const filled = answer.columns.filter((name) => rows.some(({ cells }) => hasValue(cells[name])));
      at("table").append(table(_, { rows, columns: filled }, unitOf));
      // What came last is looked for at the end; a table begins at its beginning.
      at("table").scrollTop(kind === "table" ? 0 : at("table")[0].scrollHeight);
      at("legend").append(legend(_, answer));
      if (answer.grid.length > 0) {
        at("grid-said").text(_("twin-clean.preview.grid", { count: answer.grid.length }));
        at("grid").append(gridTable(_, answer));
        at("grid").scrollTop(kind === "table" ? 0 : at("grid")[0].scrollHeight);
      }
      const drawn = drawnOf(answer);
      const had = at("property").val();
      at("property")
        .empty()
        .toggle(drawn.length > 1)
        .append(drawn.map((name) => $("<option>").val(name).text(name)));
      at("property").val(chosen && drawn.includes(had) ? had : mostChanged(answer, drawn));
      draw();
    }
    function renew() {
      const mine = ++asked;
      const question = ask(at("twin").val() ?? "");
      if (question.fault) {
        clear();
        return say(question.fault, true);
      }
      const request = { url: "meditwin/twin-clean/preview", type: "POST", contentType: "application/json" };
      $.ajax({ ...request, data: JSON.stringify(question) })
        .done((answer) => {
          if (mine !== asked) return;
          show(answer);
          answered(answer);
        })
        .fail((xhr) => {
          if (mine !== asked) return;
          const error = xhr.responseJSON?.error ?? { message: `${xhr.status} ${xhr.statusText}`, hint: "" };
          clear();
          say(faultText(_, error), true);
          answered({ error });
        });
    }
    at("renew").on("click", renew);
    at("twin").on("change", renew);
    at("property").on("change", () => {
      chosen = true;
      draw();
    });
    renew();
    return {
      changed() {
        clearTimeout(timer);
        timer = setTimeout(renew, 350);
      },
      close() {
        clearTimeout(timer);
        asked++;
      },
    };
  }

  Object.assign(form, { createPreview, lookOf, reasonOf, words });
})();
