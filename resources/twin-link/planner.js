// The planning of twin-link's form: how many devices fit the link and with which delay, asked of the server, beside what is measured.
(() => {
  window.MediTwinLink ??= {};
  const inputs = ["devices", "rate", "bytes", "target", "queue"];
  const queues = ["M/D/1", "M/M/1"];

  const shown = (value, unit = "") => {
    if (typeof value !== "number") return "–";
    const number = Number(value.toPrecision(value >= 1000 ? Math.ceil(Math.log10(value + 1)) : 3));
    return `${number.toLocaleString(RED.i18n.lang() || undefined)}${unit && ` ${unit}`}`;
  };
  const percent = (value) => (typeof value === "number" ? shown(100 * value, "%") : "–");

  /** Of what is planned, and of each connection that is measured, in one table. */
  function rowsOf(_, { plan, measured }) {
    const word = (key) => _(`twin-link.plan.${key}`);
    const planned = [
      word("planned"),
      shown(plan.messagesPerSecond),
      shown(plan.bytesPerSecond),
      percent(plan.load),
      shown(plan.delayMs, "ms"),
    ];
    const head = ["link", "messages", "size", "load", "delay"].map(word);
    const others = measured.map(({ name, values }) => [
      name,
      shown(values.messagesPerSecond),
      shown(values.bytesPerSecond),
      percent(values.utilisation),
      shown(values["latency.p50"], "ms"),
    ]);
    return [head, planned, ...others];
  }

  function show(_, answer) {
    const { plan } = answer;
    const numbers = {
      devices: shown(plan.devicesWithinTarget),
      most: shown(plan.mostDevices),
      service: shown(plan.serviceMs, "ms"),
      waiting: shown(plan.waitingMs, "ms"),
      p95: shown(plan.delayP95Ms, "ms"),
    };
    const verdict = [_("twin-link.plan.fits", numbers)];
    if (plan.load >= 1) verdict.push(_("twin-link.plan.full"));
    else verdict.push(_("twin-link.plan.waits", numbers));
    if (plan.delayP95Ms !== undefined) verdict.push(_("twin-link.plan.p95", numbers));
    const table = $("<table>").addClass("twin-link-table");
    rowsOf(_, answer).forEach((cells, i) => {
      const row = $("<tr>").appendTo(table);
      cells.forEach((cell, j) => {
        const td = $(i === 0 ? "<th>" : "<td>")
          .text(cell)
          .appendTo(row);
        if (i > 1 && j === 0) td.attr("translate", "no");
      });
    });
    $("#twin-link-answer")
      .empty()
      .append($("<p>").addClass("twin-link-verdict").text(verdict.join(" ")), table);
  }

  window.MediTwinLink.planner = (node) => {
    const _ = (key, more) => node._(key, more);
    for (const queue of queues)
      $("#twin-link-plan-queue").append(
        $("<option>")
          .val(queue)
          .text(_(`twin-link.queue.${queue === "M/D/1" ? "even" : "random"}`)),
      );
    let asked = 0;
    let timer;
    const ask = () => {
      const mine = ++asked;
      const body = { node: node.id };
      for (const name of inputs) body[name] = $(`#twin-link-plan-${name}`).val();
      for (const name of ["capacityBytes", "capacityMessages"]) body[name] = $(`#node-input-${name}`).val();
      const say = (text) => $("#twin-link-answer").empty().append($("<p>").addClass("twin-link-verdict").text(text));
      if (!(Number(body.capacityBytes) > 0) && !(Number(body.capacityMessages) > 0))
        return say(_("twin-link.plan.needs"));
      $.ajax({
        url: "meditwin/twin-link/plan",
        type: "POST",
        contentType: "application/json",
        data: JSON.stringify(body),
      })
        .done((answer) => {
          if (mine === asked) show(_, answer);
        })
        .fail((request) => {
          if (mine !== asked) return;
          const { field } = request.responseJSON?.error ?? {};
          const known = [...inputs, "capacityBytes", "capacityMessages"].includes(field);
          say(known ? _("twin-link.plan.wrong", { field: fieldName(field) }) : _("twin-link.plan.noAnswer"));
          $("#twin-link-answer p").addClass("twin-link-wrong");
        });
    };
    const fieldName = (field) => _(`twin-link.${inputs.includes(field) ? "plan" : "label"}.${field}`);
    $("#twin-link-pane-capacity").on("input change", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 250);
    });
    ask();
  };
})();
