/* What a change would do to days, before it is sent. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  const FIGURES = [
    "due_days", "attended_days", "late", "late_min", "early", "early_min", "missing",
    "absent_days", "leave_days", "field_days", "overtime_min",
  ];

  function differences(change) {
    const before = change.before || {};
    const after = change.after || {};
    return FIGURES.filter((name) => (before[name] || 0) !== (after[name] || 0)).map((name) =>
      el("div", {}, text("manage.figure." + name) + " " + parts.number(before[name] || 0) + " → " + parts.number(after[name] || 0))
    );
  }

  function changes(items) {
    return parts.table({
      rows: items,
      empty: text("manage.preview.nothing"),
      columns: [
        { label: text("manage.day_label"), cell: (one) => parts.dayText(one.day) },
        { label: text("manage.person"), cell: (one) => one.name || one.person },
        { label: text("manage.preview.before"), cell: (one) => (one.before ? parts.badges(one.before.states) : "—") },
        { label: text("manage.preview.after"), cell: (one) => (one.after ? parts.badges(one.after.states) : "—") },
        { label: text("manage.preview.figures"), cell: differences },
      ],
    });
  }

  /** Ask and show below a form; nothing is written. */
  function show(kind, items, place, failed) {
    parts.fill(place, el("p", { class: "hint" }, text("manage.preview.asking")));
    manage.post(
      "/preview",
      { kind: kind, items: items },
      (answer) => parts.fill(place, parts.section(text("manage.preview.title", { n: answer.total }), changes(answer.items))),
      (message) => {
        parts.fill(place, "");
        failed(message);
      }
    );
  }

  /** The values that were filled in: an empty field is one that is not told. */
  function filled(values) {
    const found = {};
    Object.keys(values).forEach((name) => {
      if (values[name] !== "" && values[name] !== null && values[name] !== undefined) {
        found[name] = values[name];
      }
    });
    return found;
  }

  Halld.preview = { show: show, changes: changes, filled: filled };
})();
