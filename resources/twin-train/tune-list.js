// The list of settings to search the best of, in twin-train's form: one line each, with its values.
(() => {
  window.MediTwinTrain ??= {};
  const form = window.MediTwinTrain;

  /** Ticks for the choices of a setting. */
  function ticks(_, setting, chosen, changed) {
    const box = $('<span class="twin-train-ticks">');
    for (const value of form.tunables[setting].choices()) {
      const name = /^(true|false)$/.test(value) ? `twin-train.tune.${value}` : `twin-train.${setting}.${value}`;
      const input = $('<input type="checkbox">')
        .val(value)
        .prop("checked", chosen.includes(value))
        .on("change", changed);
      box.append($("<label>").append(input, $("<span>").text(_(name))));
    }
    return box;
  }

  function lineOf(_, container, entry, changed) {
    const names = Object.keys(form.tunables);
    const select = $("<select>").append(
      names.map((name) =>
        $("<option>")
          .val(name)
          .text(_(`twin-train.label.${name}`)),
      ),
    );
    const values = $('<div class="twin-train-tune-values">');
    function fill(one) {
      const { setting } = one;
      values.empty();
      if (form.tunables[setting]?.choices) {
        const chosen = form.textOf(one).split(", ");
        values.append(ticks(_, setting, chosen, changed));
        return;
      }
      const input = $('<input type="text">')
        .attr({ placeholder: _("twin-train.placeholder.tune"), "aria-label": _("twin-train.tune.values") })
        .val(form.textOf(one))
        .on("input", changed);
      values.append(input);
    }
    // A setting of another name, out of a flow that was written by hand, stays until another is chosen.
    if (!names.includes(entry.setting)) select.append($("<option>").val(entry.setting).text(entry.setting));
    select
      .attr("aria-label", _("twin-train.tune.setting"))
      .val(entry.setting)
      .on("change", () => {
        fill({ setting: select.val(), values: [] });
        changed();
      });
    fill(entry);
    container.append($('<div class="twin-train-tune-line">').append(select, values));
  }

  function read(list) {
    return list
      .editableList("items")
      .toArray()
      .map((item) => {
        const setting = $(item).find("select").val();
        const text = $(item).find('input[type="text"]');
        if (text.length > 0) return form.entryOf(setting, text.val());
        const chosen = $(item).find("input:checked").toArray();
        return form.entryOf(setting, chosen.map((one) => one.value).join(", "));
      });
  }

  /**
   * Fills the list with what the node has.
   *
   * @param changed called when a line has come, gone or become another
   * @returns reads the list
   */
  function tuneList(_, node, changed) {
    const list = $("#twin-train-tune");
    list.css("min-height", "40px").editableList({
      addButton: _("twin-train.tune.add"),
      sortable: false,
      removable: true,
      removeItem: () => setTimeout(changed, 0),
      addItem(container, _index, entry) {
        const taken = read(list).map(({ setting }) => setting);
        const [algorithm] = form.algorithmsOf({ algorithm: $("#node-input-algorithm").val() });
        const free = Object.keys(form.tunables).filter((one) => !taken.includes(one) && form.uses(algorithm, one));
        lineOf(
          _,
          container,
          entry.setting ? entry : { setting: free.at(free.length > 1 ? 1 : 0) ?? "algorithm", values: [] },
          changed,
        );
        setTimeout(changed, 0);
      },
    });
    list.editableList("addItems", form.entriesOf(node).slice());
    return () => read(list);
  }

  Object.assign(form, { tuneList });
})();
