// A list of names in a form, such as columns: one line each, added, sorted and removed by hand.
(() => {
  const read = (ol) =>
    ol
      .editableList("items")
      .toArray()
      .map((item) => $(item).find("input").val().trim())
      .filter(Boolean);

  /**
   * @param ol jQuery of an empty ol
   * @param texts `add`, of the button, and `placeholder`
   * @param offered id of a datalist with names to choose from, if any
   * @param changed called when a name has come, gone or become another
   */
  function fill(ol, names, texts, offered = "", changed = () => {}) {
    ol.css("min-height", "60px").editableList({
      addButton: texts.add,
      sortable: true,
      removable: true,
      removeItem: () => setTimeout(changed, 0),
      addItem(container, _index, name) {
        const input = $('<input type="text">')
          .val(typeof name === "string" ? name : "")
          .attr("placeholder", texts.placeholder)
          .appendTo(container)
          .on("input", changed)
          // A header line pasted from a table becomes one line a column.
          .on("paste", (event) => {
            const pasted = event.originalEvent.clipboardData
              .getData("text")
              .split(/[\t\r\n,;]+/)
              .map((one) => one.trim())
              .filter(Boolean);
            if (pasted.length < 2) return;
            event.preventDefault();
            input.val(pasted.shift());
            ol.editableList("addItems", pasted);
          });
        if (offered) input.attr("list", offered);
        if (typeof name !== "string") input.trigger("focus");
      },
    });
    ol.editableList("addItems", names.slice());
  }

  window.MediTwinNames = { fill, read };
})();
