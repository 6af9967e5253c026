/* Today at a glance: counts, then what needs somebody; it renews itself. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  const EVERY_MS = 15000;
  const ORDER = [
    "present", "pending", "late", "early", "missing_in", "missing_out", "absent",
    "leave", "field_duty", "unknown", "holiday", "rest",
  ];
  let timer = 0;

  function tile(label, value, view, values, tone) {
    return el("a", { class: "tile" + (value && tone ? " " + tone : ""), href: manage.href(view, values) }, [
      el("b", {}, value),
      el("span", {}, label),
    ]);
  }

  function counts(today) {
    const shown = ORDER.filter((state) => today.counts[state]);
    return el("div", { class: "tiles" }, [
      shown.map((state) =>
        el("a", { class: "tile", href: manage.href("days", { day: today.day, state: state }) }, [
          el("b", {}, today.counts[state]),
          parts.badge(state),
        ])
      ),
      tile(text("manage.today.undecided"), today.undecided, "inbox", {}, "wait"),
      tile(text("manage.today.behind"), today.clocks_behind, "clocks", {}, "warn"),
      tile(text("manage.today.uncovered"), today.uncovered.length, "stand-ins", { from: today.day }, "warn"),
    ]);
  }

  function exceptions(today) {
    return parts.table({
      className: "lines",
      empty: Object.keys(today.counts).length ? text("manage.today.none") : text("manage.today.nobody"),
      rows: today.exceptions,
      columns: [
        { label: text("manage.state"), cell: (row) => parts.badges(row.states) },
        { label: text("manage.person"), cell: (row) => parts.person(row.person, row.name, today.day.slice(0, 7)) },
        { label: text("manage.department"), cell: (row) => row.department },
        { label: text("manage.window"), cell: (row) => parts.counterName(row.counter) },
        { label: text("manage.what"), cell: (row) => Halld.dayWords.troubles(row) },
        { label: text("manage.since"), class: "num", cell: (row) => Halld.dayWords.since(row) },
        {
          label: "",
          cell: (row) => parts.link(text("manage.explain"), "day", { person: row.person, day: row.day }),
        },
      ],
    });
  }

  function uncovered(today) {
    if (!today.uncovered.length) {
      return "";
    }
    return parts.section(text("manage.covers.missing"), Halld.dayWords.covers(today.uncovered, today.day));
  }

  function draw(root, today) {
    Halld.setTime(today.now);
    parts.show(root, [
      parts.heading(text("manage.today.title", { day: parts.dayText(today.day) }), [
        el("span", { class: "as-of" }, text("manage.as_of", { time: today.now.slice(11, 16) })),
        parts.link(text("manage.new.correction"), "correction", { day: today.day }, "key"),
        parts.link(text("manage.new.leave"), "leave", {}, "key"),
      ]),
      counts(today),
      parts.section(text("manage.today.exceptions", { n: today.exceptions.length }), exceptions(today)),
      uncovered(today),
    ]);
  }

  Halld.views.today = function (root) {
    clearTimeout(timer);
    manage.get("/today", {}, (today) => {
      draw(root, today);
      timer = setTimeout(manage.refresh, EVERY_MS);
    });
  };
})();
