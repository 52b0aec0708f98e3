// The columns of a sample of the table, in twin-train's form: what each holds and how it goes with the target, asked of the
// server; ticked they are the features. Without a sample the features are a list, typed by hand.
(() => {
  window.MediTwinTrain ??= {};
  const form = window.MediTwinTrain;
  /** As much of a text as the server reads (nodes/twin-train/serve-columns.ts). */
  const maxText = 16_000_000;
  const letters = { pearson: "r", eta: "η", "cramers-v": "V" };

  /** A text file in UTF-8, or else in what spreadsheets write in that language. What is too long is cut after a line. */
  async function textOf(file) {
    const bytes = await file.slice(0, maxText).arrayBuffer();
    const decode = (name, fatal) => new TextDecoder(name, { fatal }).decode(bytes, { stream: fatal });
    let text;
    try {
      text = decode("utf-8", true);
    } catch {
      text = decode(/^zh/.test(RED.i18n.lang()) ? "gb18030" : "windows-1252", false);
    }
    return file.size > maxText ? text.slice(0, text.lastIndexOf("\n") + 1) : text;
  }

  /** A column's line in the table. */
  function lineOf(_, column, { isTarget, isSplit, ticked, tick, aim }) {
    const name = column.name;
    const box = $('<input type="checkbox">')
      .prop({ checked: ticked && !isTarget && !isSplit, disabled: isTarget || isSplit })
      .attr("aria-label", _("twin-train.columns.useColumn", { name }))
      .on("change", () => tick(name, box.prop("checked")));
    const dot = $('<input type="radio" name="twin-train-aim">')
      .prop("checked", isTarget)
      .attr("aria-label", _("twin-train.columns.aim", { name }))
      .on("change", () => aim(name));
    const share = column.missing > 0 ? `${(100 * column.missing).toFixed(column.missing < 0.1 ? 1 : 0)} %` : "";
    const why = isSplit ? "split" : isTarget ? "" : warningOf(column);
    const said = $("<td>").append($("<span>").text(name));
    if (why)
      said.append(
        $("<small>")
          .toggleClass("twin-train-doubtful", why !== "split")
          .text(_(`twin-train.columns.why.${why}`)),
      );
    return $("<tr>")
      .toggleClass("twin-train-aimed", isTarget)
      .append(
        $("<td>").append(box),
        $("<td>").append(dot),
        said,
        $("<td>").text(_(`twin-train.columns.type.${column.type}`)),
        $("<td>").text(share),
        $("<td>").text(column.distinct ?? ""),
        relationCell(_, column.relation),
      );
  }

  function relationCell(_, relation) {
    const cell = $('<td class="twin-train-relation">');
    if (!relation) return cell;
    const method = _(`twin-train.columns.method.${relation.method}`);
    const text = `${letters[relation.method]} ${relation.value.toFixed(2).replace("-", "−")}`;
    const bar = $("<i>").css("width", `${Math.round(Math.abs(relation.value) * 50)}px`);
    return cell.attr("title", method).append(bar, $("<span>").text(text));
  }

  /** What a column is to be looked at for before it becomes a feature. */
  function warningOf({ type, missing, tells }) {
    if (!["number", "category"].includes(type)) return type;
    return tells ? "tells" : missing > 0.5 ? "missing" : "";
  }

  /** Finds the element that has the focus again, after the lines were made anew: who works by keyboard stays where he was. */
  function focusIn(table) {
    const element = table.find(":focus");
    if (element.length === 0) return undefined;
    const name = element.closest("tr").data("name");
    const type = element.attr("type");
    return (anew) =>
      anew
        .find(`[type="${type}"]`)
        .filter((_i, one) => $(one).closest("tr").data("name") === name)
        .trigger("focus");
  }

  /**
   * @param now gives the settings as they stand in the form
   * @param changed called when the features have become others
   * @returns `read`, the features; `renew`, to be called when the target or the split has become another
   */
  function chooser(_, node, { now, changed }) {
    const at = (name) => $(`#twin-train-columns-${name}`);
    let chosen = node.features ?? [];
    let [asked, timer, shown, text, byRelation] = [0, undefined, undefined, undefined, false];
    const list = $("<ol>").appendTo(at("list"));
    const texts = { add: _("twin-train.label.add"), placeholder: _("twin-train.placeholder.feature") };
    MediTwinNames.fill(list, chosen, texts, "twin-train-columns", changed);
    // Adding scrolls to the end.
    setTimeout(() => list.closest(".red-ui-editableList-container").scrollTop(0), 50);

    const special = () => [now().target, now().splitColumn, now().groupColumn].filter(Boolean);
    const others = () => shown.columns.map(({ name }) => name).filter((name) => !special().includes(name));
    const isTable = () => shown !== undefined;
    const read = () => (isTable() ? chosen.filter((name) => name !== now().target) : MediTwinNames.read(list));

    function choose(names) {
      chosen = names;
      draw();
      changed();
    }
    function tick(name, isOn) {
      const before = chosen.length === 0 ? others() : chosen;
      choose(isOn ? [...before, name] : before.filter((one) => one !== name));
    }
    const aim = (name) => $("#node-input-target").val(name).trigger("change");

    function draw() {
      const { target } = now();
      const gone = chosen.filter((name) => !shown.columns.some((one) => one.name === name));
      const columns = [...shown.columns, ...gone.map((name) => ({ name, type: "gone", missing: 0 }))];
      const size = ({ relation }) => (relation ? Math.abs(relation.value) : -1);
      if (byRelation) columns.sort((a, b) => size(b) - size(a));
      const sort = $('<button type="button" class="red-ui-button red-ui-button-small">')
        .append($("<span>").text(_("twin-train.columns.relation")), ' <i class="fa fa-sort"></i>')
        .on("click", () => {
          byRelation = !byRelation;
          draw();
        });
      const heads = ["feature", "target", "column", "kind", "missing", "distinct"].map((key) =>
        $("<th>").text(_(`twin-train.columns.${key}`)),
      );
      const lines = columns.map((column) =>
        lineOf(_, column, {
          isTarget: column.name === target,
          isSplit: column.name !== target && special().includes(column.name),
          ticked: chosen.length === 0 || chosen.includes(column.name),
          ...{ tick, aim },
        }).data("name", column.name),
      );
      const top = at("table").scrollTop();
      const focused = focusIn(at("table"));
      at("table")
        .empty()
        .append(
          $("<table>").append(
            $("<thead>").append($("<tr>").append(heads, $("<th>").append(sort))),
            $("<tbody>").append(lines),
          ),
        );
      at("table").scrollTop(top);
      focused?.(at("table"));
      $("#twin-train-columns")
        .empty()
        .append(shown.columns.map(({ name }) => $("<option>").val(name)));
      at("count").text(
        chosen.length === 0
          ? _("twin-train.columns.all", { count: others().length })
          : _("twin-train.columns.some", { count: chosen.length, of: others().length }),
      );
      advise(target);
    }

    /** What fits the target, where something else is chosen. */
    function advise(target) {
      const { algorithm, columns } = shown;
      const aimed = columns.find(({ name }) => name === target);
      const fits = algorithm && form.taskOf({ algorithm }) === form.taskOf(now());
      at("use").toggle(Boolean(algorithm) && !fits);
      if (!target) return at("advice").text(_("twin-train.columns.noTarget"));
      if (!aimed) return at("advice").text(_("twin-train.columns.goneTarget", { name: target }));
      const type = _(`twin-train.columns.type.${algorithm === "forest-classifier" ? "category" : aimed.type}`);
      if (!algorithm) return at("advice").text(_("twin-train.columns.unlearnable", { name: target, type }));
      at("advice").text(
        fits
          ? ""
          : _("twin-train.columns.unfit", { name: target, type, algorithm: _(`twin-train.algorithm.${algorithm}`) }),
      );
    }

    function say(words, isWrong = false) {
      at("said").text(words).toggleClass("twin-train-wrong", isWrong).attr("title", "");
    }
    function show(answer) {
      if (answer.rows === 0) return say(_("twin-train.columns.nothing"));
      if (!isTable()) chosen = MediTwinNames.read(list);
      shown = answer;
      at("list").hide();
      at("found").show();
      say(_("twin-train.columns.rows", { rows: answer.rows, of: answer.of, count: answer.columns.length }));
      draw();
    }
    function refused(xhr) {
      const error = xhr.responseJSON?.error ?? { code: "", message: `${xhr.status} ${xhr.statusText}`, hint: "" };
      const known = _(`twin-train.columns.refused.${error.code}`);
      const english = `${error.message} ${error.hint}`;
      say(known.startsWith("twin-train.") || /^en/.test(RED.i18n.lang()) ? english : known, true);
      at("said").attr("title", english);
    }
    function renew() {
      clearTimeout(timer);
      const mine = ++asked;
      if (at("source").val() === "last") text = undefined;
      else if (!text) return say(_(`twin-train.columns.${at("source").val()}Hint`));
      if (text?.length > maxText) return say(_("twin-train.columns.refused.too-large"), true);
      say(_("twin-train.columns.reading"));
      const question = { node: node.id, target: now().target, ...(text === undefined ? {} : { text }) };
      $.ajax({
        url: "meditwin/twin-train/columns",
        type: "POST",
        contentType: "application/json",
        data: JSON.stringify(question),
      })
        .done((answer) => mine === asked && show(answer))
        .fail((xhr) => mine === asked && refused(xhr));
    }
    function later() {
      clearTimeout(timer);
      timer = setTimeout(renew, 400);
    }

    at("source").on("change", () => {
      const source = at("source").val();
      at("paste").toggle(source === "paste");
      at("open").toggle(source === "file");
      text = source === "paste" ? at("paste").val() : undefined;
      renew();
    });
    at("paste").on("input", () => {
      text = at("paste").val();
      later();
    });
    at("file").on("change", async () => {
      const [file] = at("file")[0].files;
      if (!file) return;
      text = await textOf(file);
      renew();
    });
    // The browser would write its own language on it.
    at("open")
      .hide()
      .on("click", () => at("file").trigger("click"));
    at("renew").on("click", renew);
    at("suggest").on("click", () =>
      choose(shown.columns.filter((one) => one.suggested && !special().includes(one.name)).map(({ name }) => name)),
    );
    at("every").on("click", () => choose([]));
    at("use").on("click", () => {
      $("#node-input-algorithm").val(shown.algorithm).trigger("change");
      draw();
    });
    renew();
    return {
      read,
      renew: () => isTable() && later(),
      redraw: () => isTable() && draw(),
      close() {
        asked++;
        clearTimeout(timer);
      },
    };
  }

  /** The chooser's elements, for the row of the features. */
  const frame = () => {
    const sources = ["last", "paste", "file"].map(
      (one) => `<option value="${one}" data-i18n="twin-train.columns.${one}"></option>`,
    );
    const button = (name, icon) =>
      `<button type="button" id="twin-train-columns-${name}" class="red-ui-button red-ui-button-small"><i class="fa ${icon}"></i> <span data-i18n="twin-train.columns.${name}"></span></button>`;
    return `<div class="twin-train-bar"><select id="twin-train-columns-source" data-i18n="[aria-label]twin-train.columns.source">${sources.join("")}</select>${button("open", "fa-folder-open-o")}${button("renew", "fa-refresh")}<span id="twin-train-columns-said"></span></div>
<textarea id="twin-train-columns-paste" rows="4" data-i18n="[placeholder]twin-train.placeholder.paste;[aria-label]twin-train.columns.paste" style="display: none"></textarea>
<input type="file" id="twin-train-columns-file" accept=".csv,.json,.txt,.tsv" style="display: none">
<div id="twin-train-columns-found" style="display: none">
<div id="twin-train-columns-table"></div>
<div class="twin-train-bar"><span id="twin-train-columns-count"></span>${button("suggest", "fa-magic")}${button("every", "fa-check-square-o")}</div>
<div class="twin-train-bar"><span id="twin-train-columns-advice"></span>${button("use", "fa-check")}</div></div>
<div id="twin-train-columns-list"></div><datalist id="twin-train-columns"></datalist>`;
  };

  Object.assign(form, { chooser, frame });
})();
