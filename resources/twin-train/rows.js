// The rows of twin-train's form, made from its table of settings (fields.js).
(() => {
  window.MediTwinTrain ??= {};
  const form = window.MediTwinTrain;

  /** The inside of one field. `own` ones are filled by the form. */
  function inputOf({ key, choices, flag, own, whole, number, empty, list }) {
    const id = `id="node-input-${key}"`;
    if (choices) {
      const option = (value) =>
        `<option value="${value}" data-i18n="twin-train.${key}.${value || "default"}"></option>`;
      return `<select ${id}>${choices.map(option).join("")}</select>`;
    }
    if (flag) return `<input type="checkbox" ${id}>`;
    if (key === "features") return `<div id="twin-train-features">${form.frame()}</div>`;
    if (key === "tune")
      return '<ol id="twin-train-tune"></ol><div class="twin-train-tip" id="twin-train-trials"></div>';
    if (own) return `<input type="text" ${id} style="width: 60%">`;
    const range = whole ?? number;
    const type = range
      ? `type="number" min="${range[0]}" max="${range[1]}" step="${whole ? 1 : "any"}"`
      : 'type="text"';
    const said = empty === undefined ? "" : ` placeholder="${empty}"`;
    return `<input ${type} ${id}${said}${list ? ` list="${list}"` : ""}>`;
  }

  const rowOf = (field) => {
    const label = `<label for="node-input-${field.key}" data-i18n="twin-train.label.${field.key}"></label>`;
    const wide = field.wide ? " twin-train-wide" : "";
    const tip = field.tip ? `<div class="twin-train-tip twin-train-wide" data-tip="${field.key}"></div>` : "";
    return `<div class="twin-train-field${wide}" data-field="${field.key}">${label}${inputOf(field)}<div class="twin-train-fault"></div></div>${tip}`;
  };
  /** The form, for Node-RED to fill and translate. */
  function rows() {
    const sections = form.sections.map(
      ([name, fields]) =>
        `<div class="twin-train-section" data-section="${name}"><div class="twin-train-title" data-i18n="twin-train.section.${name}"></div>` +
        `<div class="form-row twin-train-fields">${fields.map(rowOf).join("")}</div></div>`,
    );
    return `<div id="twin-train-form">${sections.join("")}<div class="form-tips" data-i18n="twin-train.tip.message"></div></div>`;
  }

  /** Settings that no message can change. */
  const isOfNode = (key) => ["name", "store", "model"].includes(key);

  let open;
  /** What stands in the fields of the open form. */
  function fieldValues() {
    const values = {};
    for (const { key, own, flag } of form.fields) {
      const input = $(`#node-input-${key}`);
      if (!own && input.length > 0) values[key] = flag ? input.prop("checked") : input.val();
    }
    return values;
  }
  /** A node's settings; of the node whose form is open, as they stand there. */
  function settingsOf(node) {
    const isOpen = open?.node === node && open.root[0].isConnected;
    return isOpen ? { ...node, ...fieldValues(), ...open.read() } : node;
  }

  /** A validator for `defaults`, which says why. Node-RED knows by the two arguments that a text is a fault. */
  const check = (key) =>
    function (value, _options) {
      return form.problem((text, more) => this._(text, more), key, value, settingsOf(this)) || true;
    };

  /** Shows what applies and what is wrong, and again at every change. */
  function show(node) {
    const root = $("#twin-train-form");
    const translate = (text, more) => node._(text, more);
    const changed = () => root.trigger("change");
    const chooser = form.chooser(translate, node, { now: fieldValues, changed });
    const readTune = form.tuneList(translate, node, changed);
    open = { node, root, read: () => ({ features: chooser.read(), tune: readTune() }), close: chooser.close };
    function refresh() {
      const now = settingsOf(node);
      const applies = (key) => form.applies(key, now);
      for (const { key } of form.fields) {
        const wrong = form.problem((text, more) => node._(text, more), key, now[key], now);
        $(`[data-field="${key}"]`).toggle(applies(key)).children(".twin-train-fault").text(wrong);
      }
      for (const [name, fields] of form.sections)
        $(`[data-section="${name}"]`).toggle(fields.some(({ key }) => applies(key)));
      $('#node-input-split option[value="stratified"]').prop("hidden", form.taskOf(now) !== "classification");
      for (const { key, hint } of form.fields)
        if (hint) $(`#node-input-${key}`).attr("placeholder", node._(`twin-train.placeholder.${key}${hint(now)}`));
      const compared = form.algorithmsOf(now);
      $('[data-tip="algorithm"]').text(node._(`twin-train.tip.${compared.length > 1 ? "compared" : compared[0]}`));
      const { count, folds } = form.trials(now);
      const isSaid = now.tune.length > 0 && !form.tuneFault(now.tune, now);
      $("#twin-train-trials").text(isSaid ? node._("twin-train.tune.trials", { count, folds }) : "");
    }
    for (const { key } of form.fields)
      $(`label[for="node-input-${key}"]`).attr(
        "title",
        `${node._(`twin-train.about.${key}`)}${isOfNode(key) ? "" : `\nmsg.train.${key}`}`,
      );
    $('[data-tip="store"]').text(node._("twin-train.tip.store"));
    root.on("change input", refresh);
    $("#node-input-target").on("change input", chooser.renew);
    $("#node-input-algorithm, #node-input-split, #node-input-splitColumn, #node-input-groupColumn").on(
      "change",
      chooser.redraw,
    );
    refresh();
  }
  /** The lists that stand in the form, which is open no more. */
  function close() {
    const lists = open.read();
    open.close();
    open = undefined;
    return lists;
  }

  Object.assign(form, { rows, check, show, close });
})();
