// The rules of twin-clean in its form: an editableList with one line for each, and the steps below it.
(() => {
  window.MediTwinClean ??= {};
  const form = window.MediTwinClean;

  function input(_, field, rule) {
    const value = rule[field.key];
    if (field.kind === "flag") return $('<input type="checkbox">').prop("checked", value === true || value === "true");
    if (field.choices) {
      const select = $("<select>");
      for (const choice of field.choices)
        select.append(
          $("<option>")
            .val(choice)
            .text(_(`twin-clean.choice.${field.key}.${choice}`)),
        );
      return select.val(form.blank(value) ? field.choices[0] : value);
    }
    const text = Array.isArray(value) ? value.join(", ") : form.blank(value) ? "" : value;
    const made = $('<input type="text">')
      .val(text)
      .attr("placeholder", _(`twin-clean.placeholder.${field.key}`));
    return field.kind === "unit" ? made.attr("list", "twin-clean-units") : made;
  }

  /** A constant keeps its type: 0 and "0" are not the same. */
  function typedFill(cell, fill) {
    const type =
      typeof fill === "string" && Number.isNaN(Number(fill)) ? "str" : typeof fill === "boolean" ? "bool" : "num";
    cell
      .find("input")
      .typedInput({ types: ["num", "str", "bool"] })
      .typedInput("type", type)
      .typedInput("value", form.blank(fill) ? "" : String(fill))
      .typedInput("width", "100%");
  }
  function readFill(element) {
    const [type, value] = [element.typedInput("type"), element.typedInput("value")];
    if (type === "num" && value !== "" && Number.isFinite(Number(value))) return Number(value);
    return type === "bool" ? value === "true" : value;
  }

  /** What the fields of a row say, whether it applies or not. */
  function valuesOf(row) {
    const values = { property: row.find(".twin-clean-property").val().trim() };
    row.find("[data-key]").each(function () {
      const element = $(this);
      const key = element.attr("data-key");
      const field = form.fields.find((one) => one.key === key);
      if (key === "fill") values.fill = readFill(element);
      else if (field.kind === "flag") values[key] = element.prop("checked");
      else values[key] = field.choices ? element.val() : form.readText(field.kind, element.val().trim());
    });
    return values;
  }

  function addRule(_, container, rule, { unitOf, changed }) {
    const isNew = $.isEmptyObject(rule);
    const line = $('<div class="twin-clean-line">').appendTo(container);
    const property = $('<input type="text" class="twin-clean-property" list="twin-clean-properties">')
      .val(rule.property ?? "")
      .attr("placeholder", _("twin-clean.placeholder.property"))
      .attr("aria-label", _("twin-clean.label.property"))
      .appendTo(line);
    const unit = $('<span class="twin-clean-unit">').appendTo(line);
    const said = $('<span class="twin-clean-summary">').appendTo(line);
    const details = $('<div class="twin-clean-steps">').toggle(isNew).appendTo(container);
    const arrow = $('<i class="fa">').addClass(isNew ? "fa-chevron-up" : "fa-chevron-down");
    $('<button type="button" class="red-ui-button red-ui-button-small twin-clean-more">')
      .append(arrow)
      .attr("title", _("twin-clean.label.details"))
      .attr("aria-label", _("twin-clean.label.details"))
      .on("click", () => {
        details.toggle();
        arrow.toggleClass("fa-chevron-down fa-chevron-up");
      })
      .appendTo(line);

    form.steps.forEach(([name, list], index) => {
      const step = $('<div class="twin-clean-step">').attr("data-step", name).appendTo(details);
      $('<div class="twin-clean-step-name">')
        .append($("<b>").text(index + 1), $("<span>").text(_(`twin-clean.section.${name}`)))
        .appendTo(step);
      const cells = $('<div class="twin-clean-fields">').appendTo(step);
      for (const field of list) {
        if (field.kind === "hint") {
          $('<div class="twin-clean-hint">').data("field", field).appendTo(cells);
          continue;
        }
        const title = _(`twin-clean.title.${field.key}`);
        const made = input(_, field, rule).attr("data-key", field.key).attr("title", title);
        const label = $("<label>")
          .text(_(`twin-clean.field.${field.key}`))
          .attr("title", title);
        const cell = $("<div>").data("field", field).append(label, made).appendTo(cells);
        cell.toggleClass("twin-clean-double", field.kind === "value" || field.key === "smooth");
        if (field.kind === "value") typedFill(cell, rule.fill);
      }
    });

    function refresh() {
      const values = valuesOf(container);
      const now = form.stored(values);
      for (const cell of details.find(".twin-clean-fields").children().toArray().map($)) {
        const field = cell.data("field");
        cell.toggle(form.applies(field, values));
        if (field.kind === "hint" && form.applies(field, values)) cell.text(_(`twin-clean.hint.${values.missing}`));
      }
      form.steps.forEach(([name, list]) => {
        const isUsed = list.some(({ key }) => now[key] !== undefined && key !== "window");
        details.find(`[data-step="${name}"]`).toggleClass("twin-clean-used", isUsed);
      });
      const wrong = form.problem(_, now, unitOf);
      unit.text(now.toUnit || unitOf(now.property));
      details
        .find('[data-key="toUnit"]')
        .attr("placeholder", unitOf(now.property) || _("twin-clean.placeholder.toUnit"));
      said.text(wrong || form.summary(_, now, unitOf)).toggleClass("twin-clean-wrong", wrong !== "");
    }
    container.on("change input", '[data-key="window"]', function () {
      container.find('[data-key="window"]').not(this).val($(this).val());
    });
    container.on("change input", () => {
      refresh();
      changed();
    });
    container.on("twin-clean-units", refresh);
    refresh();
    if (isNew) property.trigger("focus");
  }

  /** Fills `<ol>` with the rules. `unitOf` tells the unit of a property, `changed` is called after every change. */
  function ruleList(_, list, rules, { unitOf, changed }) {
    const head = $('<div class="twin-clean-head">').append(
      $('<span class="twin-clean-property">').text(_("twin-clean.label.property")),
      $('<span class="twin-clean-unit">').text(_("twin-clean.label.unit")),
      $("<span>").text(_("twin-clean.label.does")),
    );
    list
      .editableList({
        header: head,
        addButton: _("twin-clean.label.add"),
        sortable: true,
        removable: true,
        removeItem: changed,
        sortItems: changed,
        addItem: (container, _index, rule) => addRule(_, container, rule, { unitOf, changed }),
      })
      .editableList("addItems", structuredClone(rules));
    const rows = () =>
      list
        .editableList("items")
        .toArray()
        .map((row) => $(row));
    return {
      read: () => rows().map((row) => form.stored(valuesOf(row))),
      renewUnits: () => rows().forEach((row) => void row.trigger("twin-clean-units")),
      /** Points at the rule that the server will not take; none: all are well. */
      point: (wrong) =>
        rows().forEach((row, i) => void row.find(".twin-clean-summary").toggleClass("twin-clean-wrong", i === wrong)),
    };
  }

  form.ruleList = ruleList;
})();
