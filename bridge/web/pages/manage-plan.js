/* What people are due by: shifts, the calendar, stand-ins. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;

  function saved() {
    parts.closeDialog();
    parts.say(text("manage.saved"));
    manage.refresh();
  }

  function hours(sessions) {
    return sessions.map((one) => (one.name ? one.name + " " : "") + one.start.slice(0, 5) + "–" + one.end.slice(0, 5)).join(", ");
  }

  function weekdays(list) {
    const names = text("manage.weekdays").split(",");
    return list.map((day) => names[(day + 1) % 7]).join(" ");
  }

  function variants(shift) {
    return (shift.variants || []).map((one) =>
      el("div", {}, [
        one.season_from ? one.season_from + "…" + one.season_to + " " : "",
        one.weekdays.length ? weekdays(one.weekdays) + " " : "",
        hours(one.sessions),
      ])
    );
  }

  function rules(shift) {
    const minutes = ["grace_in_min", "grace_out_min", "flex_min", "half_absent_after_min", "absent_after_min", "overtime_after_min"]
      .filter((name) => shift[name])
      .map((name) => el("div", {}, text("manage.rule." + name, { n: shift[name] })));
    return [el("div", {}, text("manage.pairing." + shift.pairing))].concat(minutes);
  }

  function shifts(items) {
    return parts.table({
      rows: items.map(manage.factOf),
      empty: [text("manage.plan.no_shifts") + " ", parts.link(text("manage.view.imports"), "imports", { kind: "shifts" })],
      className: "lines",
      columns: [
        { label: text("manage.shift"), cell: (one) => [el("b", {}, one.name), one.is_default ? " " + text("manage.default_shift") : ""] },
        { label: text("manage.valid_from"), class: "num", cell: (one) => one.valid_from || "" },
        { label: text("manage.hours"), class: "num", cell: (one) => hours(one.sessions) },
        { label: text("manage.variants"), class: "num", cell: variants },
        { label: text("manage.days_due"), cell: (one) => (one.follows_calendar ? text("manage.by_calendar") : weekdays(one.weekdays)) },
        { label: text("manage.rules"), cell: rules },
      ],
    });
  }

  function calendarForm() {
    return Halld.fields.form({
      fields: [
        { name: "day", label: text("manage.day_label"), kind: "date", required: true },
        { name: "kind", label: text("manage.kind_label"), kind: "select", choices: Halld.fields.choices("manage.day.", ["workday", "rest", "holiday"]) },
        { name: "name", label: text("manage.name"), most: 64 },
        { name: "reason", label: text("manage.reason"), wide: true },
      ],
      confirm: text("manage.save"),
      extraLabel: text("manage.preview"),
      extra: (values, failed, below) => Halld.preview.show("calendar_day", [{ day: values.day, kind: values.kind, name: values.name }], below, failed),
      send: (values, failed) => manage.tell("/calendar", values, saved, failed),
    }).node;
  }

  function calendar(items) {
    return parts.table({
      rows: items.map(manage.factOf),
      empty: text("manage.plan.no_calendar"),
      columns: [
        { label: text("manage.day_label"), class: "num", cell: (one) => one.day + " " + parts.dayText(one.day).split(" ").pop() },
        { label: text("manage.kind_label"), cell: (one) => text("manage.day." + one.kind) },
        { label: text("manage.name"), cell: (one) => one.name },
      ],
    });
  }

  function coverForm(people) {
    return Halld.fields.form(
      {
        fields: [
          { name: "id", label: text("manage.cover_id"), most: 32, hint: text("manage.cover_id_hint") },
          { name: "place", label: text("manage.place"), required: true, most: 64 },
          { name: "a", label: text("manage.covers.a"), kind: "person", required: true },
          { name: "b", label: text("manage.covers.b"), kind: "person", required: true },
          { name: "valid_from", label: text("manage.first_day"), kind: "date", value: Halld.context.today, required: true },
          { name: "valid_to", label: text("manage.last_day"), kind: "date" },
        ],
        confirm: text("manage.save"),
        send: (values, failed) => manage.tell("/covers", Halld.preview.filled(values), saved, failed),
      },
      people
    ).node;
  }

  function covers(items, people) {
    const name = (id) => (people[id] || {}).name || id;
    return parts.table({
      rows: items.map(manage.factOf),
      empty: text("manage.plan.no_covers"),
      columns: [
        { label: text("manage.place"), cell: (one) => parts.counterName(one.place) || one.place },
        { label: text("manage.covers.a"), cell: (one) => name(one.a) },
        { label: text("manage.covers.b"), cell: (one) => name(one.b) },
        { label: text("manage.first_day"), class: "num", cell: (one) => one.valid_from },
        { label: text("manage.last_day"), class: "num", cell: (one) => one.valid_to || "" },
      ],
    });
  }

  Halld.views.plan = function (root) {
    manage.withPeople((people) => {
      manage.getAll("/shifts", {}, (allShifts) => {
        manage.getAll("/calendar", {}, (days) => {
          manage.getAll("/covers", {}, (allCovers) => {
            parts.show(root, [
              parts.heading(text("manage.view.plan"), [
                parts.link(text("manage.view.imports"), "imports", { kind: "shifts" }, "key"),
                parts.link(text("manage.view.stand_ins"), "stand-ins", {}, "key"),
              ]),
              parts.section(text("manage.shifts"), shifts(allShifts)),
              parts.section(text("manage.calendar"), [el("p", { class: "hint" }, text("manage.plan.calendar_hint")), calendar(days), calendarForm()]),
              parts.section(text("manage.covers.title"), [el("p", { class: "hint" }, text("manage.plan.covers_hint")), covers(allCovers, people), coverForm(people)]),
            ]);
          });
        });
      });
    });
  };

  Halld.views["stand-ins"] = function (root) {
    const shown = manage.params();
    const today = Halld.context.today;
    const from = shown.from || today.slice(0, 7) + "-01";
    const to = shown.to || parts.addDays(today, 1);
    manage.getAll("/stand-ins", { from: from, to: to, state: shown.state }, (rows) => {
      parts.show(root, [
        parts.heading(text("manage.view.stand_ins"), [parts.link(text("manage.view.plan"), "plan", {}, "key")]),
        Halld.fields.filters([
          { name: "from", label: text("manage.from"), kind: "date", otherwise: from },
          { name: "to", label: text("manage.before"), kind: "date", otherwise: to },
          { name: "state", label: text("manage.state"), kind: "select", choices: Halld.fields.choices("manage.cover.", ["uncovered", "unknown", "due", "covered"], text("manage.all")) },
        ]),
        Halld.dayWords.covers(rows),
      ]);
    });
  };
})();
