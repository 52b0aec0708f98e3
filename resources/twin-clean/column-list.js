// New columns of twin-clean in its form: what is made of a property after cleaning, one line each.
(() => {
  window.MediTwinClean ??= {};
  const form = window.MediTwinClean;
  const kinds = [
    ...["lag", "difference"],
    ...["rolling-mean", "rolling-sd", "rolling-min", "rolling-max", "rolling-median"],
  ];
  const looksBack = (kind) => kind === "lag" || kind === "difference";

  /** What is wrong with one, in words; "" when nothing is. */
  function columnProblem(_, column) {
    if (form.blank(column.property)) return _("twin-clean.invalid.columnProperty");
    const size = looksBack(column.kind) ? column.lag : column.window;
    if (form.blank(size) || /^\$\{[^}]+\}$/.test(size)) return "";
    if (looksBack(column.kind)) return /^[1-9]\d*$/.test(size) ? "" : _("twin-clean.invalid.lag");
    return form.isSpan(size) ? "" : _("twin-clean.invalid.span", { name: _("twin-clean.field.window") });
  }

  /** As engine/cleaning/read-row-options.ts names it. */
  function nameOf({ property, kind, lag, window, name }) {
    return (
      name ??
      `${property}_${kind.replaceAll("-", "_")}_${String(looksBack(kind) ? (lag ?? 1) : (window ?? 5)).replace(/\s/g, "")}`
    );
  }

  function read(row) {
    const text = (name) => row.find(`[data-key="${name}"]`).val().trim();
    const column = { property: text("property"), kind: text("kind") };
    const size = text("size");
    if (size !== "")
      column[looksBack(column.kind) ? "lag" : "window"] = Number.isFinite(Number(size)) ? Number(size) : size;
    if (text("name") !== "") column.name = text("name");
    return column;
  }

  function addColumn(_, container, column, changed) {
    const line = $('<div class="twin-clean-line">').appendTo(container);
    const text = (key, value) =>
      $('<input type="text">')
        .attr("data-key", key)
        .val(value ?? "")
        .appendTo(line);
    text("property", column.property)
      .addClass("twin-clean-property")
      .attr("list", "twin-clean-properties")
      .attr("placeholder", _("twin-clean.label.property"));
    const select = $('<select class="twin-clean-kind" data-key="kind">').appendTo(line);
    for (const kind of kinds)
      select.append(
        $("<option>")
          .val(kind)
          .text(_(`twin-clean.choice.kind.${kind}`)),
      );
    select.val(kinds.includes(column.kind) ? column.kind : kinds[0]);
    const size = text("size", looksBack(select.val()) ? column.lag : column.window).addClass("twin-clean-short");
    text("name", column.name).addClass("twin-clean-name").attr("placeholder", _("twin-clean.placeholder.columnName"));
    const said = $('<div class="twin-clean-quiet">').appendTo(container);
    function refresh() {
      const key = looksBack(select.val()) ? "lag" : "window";
      size
        .attr("placeholder", key === "lag" ? "1" : _("twin-clean.placeholder.window"))
        .attr("title", _(`twin-clean.title.${key}`));
      const wrong = columnProblem(_, read(container));
      said
        .text(wrong || _("twin-clean.label.called", { name: nameOf(read(container)) }))
        .toggleClass("twin-clean-wrong", wrong !== "");
    }
    container.on("change input", () => {
      refresh();
      changed();
    });
    refresh();
  }

  function columnList(_, list, columns, changed) {
    const head = $('<div class="twin-clean-head">').append(
      $('<span class="twin-clean-property">').text(_("twin-clean.label.property")),
      $('<span class="twin-clean-kind">').text(_("twin-clean.label.columnKind")),
      $('<span class="twin-clean-short">').text(_("twin-clean.label.columnSize")),
      $('<span class="twin-clean-name">').text(_("twin-clean.label.columnName")),
    );
    list
      .editableList({
        header: head,
        addButton: _("twin-clean.label.addColumn"),
        sortable: true,
        removable: true,
        removeItem: changed,
        addItem: (container, _index, column) => addColumn(_, container, column, changed),
      })
      .editableList("addItems", structuredClone(columns));
    return {
      read: () =>
        list
          .editableList("items")
          .toArray()
          .map((row) => read($(row))),
    };
  }

  Object.assign(form, { columnProblem, columnList });
})();
