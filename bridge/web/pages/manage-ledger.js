/* The ledger: who told what, when and why; nothing is ever changed in it. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  const LIMIT = 100;
  const KINDS = [
    "person", "shift", "posting", "calendar_day", "calendar_year", "leave", "correction",
    "decision", "confirmation", "spot_check", "cover", "gap_verdict", "removal",
    "month.closed", "month.reopened", "punches.sealed",
  ];

  function details(entry) {
    return el("details", {}, [el("summary", {}, text("manage.show")), el("pre", {}, JSON.stringify(entry.data, null, 1))]);
  }

  function kindWord(kind) {
    const word = text("manage.kind." + kind);
    return word === "manage.kind." + kind ? kind : word;
  }

  Halld.ledgerTable = function (items) {
    return parts.table({
      rows: items,
      empty: text("manage.ledger.none"),
      className: "lines",
      columns: [
        { label: "#", class: "num", cell: (one) => one.id },
        { label: text("manage.told_at"), class: "num", cell: (one) => one.at.slice(0, 16).replace("T", " ") },
        { label: text("manage.told_by"), cell: (one) => one.actor },
        { label: text("manage.ledger.kind"), cell: (one) => kindWord(one.kind) },
        { label: text("manage.ledger.key"), cell: (one) => one.key },
        { label: text("manage.why"), cell: (one) => one.reason },
        { label: text("manage.ledger.data"), cell: details },
        { label: text("manage.ledger.hash"), class: "hash", cell: (one) => el("span", { title: one.hash }, one.hash.slice(0, 12)) },
      ],
    });
  };

  Halld.views.ledger = function (root) {
    const shown = manage.params();
    // The newest come first: a row's place is found from the total.
    if (shown.entry) {
      manage.get("/ledger", { limit: 1 }, (list) => {
        manage.get("/ledger", { limit: 1, offset: Math.max(0, list.total - Number(shown.entry)) }, (one) => draw(root, one, 0, shown));
      });
      return;
    }
    const offset = Number(shown.offset || 0);
    manage.get("/ledger", { limit: LIMIT, offset: offset, kind: shown.kind, key: shown.key }, (list) => draw(root, list, offset, shown));
  };

  function draw(root, list, offset, shown) {
    parts.show(root, [
      parts.heading(text("manage.view.ledger"), []),
      el("p", { class: "hint" }, text("manage.ledger.hint")),
      shown.entry
        ? el("p", {}, [parts.link(text("manage.ledger.all"), "ledger")])
        : [
            Halld.fields.filters([
              { name: "kind", label: text("manage.ledger.kind"), kind: "select", choices: Halld.fields.choices("manage.kind.", KINDS, text("manage.all")) },
              { name: "key", label: text("manage.ledger.key") },
            ]),
            parts.pager(list.total, LIMIT, offset),
          ],
      Halld.ledgerTable(list.items),
    ]);
  }
})();
