/* The days behind a number: one line for each person and day. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const LIMIT = 100;
  const STATES = [
    "present", "late", "early", "missing_in", "missing_out", "absent", "leave",
    "field_duty", "unknown", "pending", "holiday", "rest",
  ];
  const WANTED = ["month", "day", "person", "department", "state", "exceptions", "final"];

  function came(row) {
    return row.sessions.map((session) =>
      parts.el("span", { class: "pair" }, (session.came ? session.came.slice(11, 16) : "—") + " / " + (session.went ? session.went.slice(11, 16) : "—"))
    );
  }

  /** Columns of a list of days; `isOnes` leaves out whose they are. */
  function columns(isOnes) {
    return [
      { label: text("manage.day_label"), class: "num", cell: (row) => parts.link(parts.dayText(row.day), "day", { person: row.person, day: row.day }) },
      { who: true, label: text("manage.id"), class: "num", cell: (row) => row.person },
      { who: true, label: text("manage.person"), cell: (row) => parts.person(row.person, row.name, row.day.slice(0, 7)) },
      { who: true, label: text("manage.department"), cell: (row) => row.department },
      { label: text("manage.shift"), cell: (row) => row.shift_name },
      { label: text("manage.in_out"), cell: came },
      { label: text("manage.state"), cell: (row) => parts.badges(row.states) },
      { label: text("manage.what"), cell: (row) => Halld.dayWords.troubles(row) },
      { label: text("manage.final"), cell: (row) => (row.final ? text("manage.final_yes") : Halld.dayWords.waiting(row.waiting).join("; ")) },
    ].filter((column) => !isOnes || !column.who);
  }

  Halld.dayColumns = columns;

  Halld.views.days = function (root) {
    const shown = manage.params();
    const offset = Number(shown.offset || 0);
    const asked = { limit: LIMIT, offset: offset };
    WANTED.forEach((name) => {
      asked[name] = shown[name];
    });
    if (shown.day) {
      asked.month = "";
    } else if (!shown.month) {
      asked.month = Halld.context.today.slice(0, 7);
    }
    manage.withPeople((people) => {
      manage.get("/days", asked, (list) => {
        const filters = Halld.fields.filters(
          [
            { name: "month", label: text("manage.month"), kind: "month", otherwise: shown.day ? "" : asked.month },
            { name: "day", label: text("manage.day_label"), kind: "date" },
            { name: "department", label: text("manage.department"), kind: "select", choices: Halld.fields.departments(people) },
            { name: "person", label: text("manage.person"), kind: "person" },
            { name: "state", label: text("manage.state"), kind: "select", choices: Halld.fields.choices("manage.state.", STATES, text("manage.all")) },
            { name: "exceptions", label: text("manage.only"), kind: "select", choices: [["", text("manage.all")], ["true", text("manage.only_exceptions")]] },
          ],
          people
        );
        parts.show(root, [
          parts.heading(text("manage.view.days"), []),
          filters,
          parts.pager(list.total, LIMIT, offset),
          parts.table({ columns: columns(), rows: list.items, empty: text("manage.days.none"), className: "lines" }),
          list.items.length > 20 ? parts.pager(list.total, LIMIT, offset) : "",
        ]);
      });
    });
  };
})();
