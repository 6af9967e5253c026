/* People: who they are, their numbers on the clocks, where they are posted. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;

  function span(one) {
    if (!one.valid_from && !one.valid_to) {
      return "";
    }
    return " " + (one.valid_from || "") + "…" + (one.valid_to || "");
  }

  function numbers(person) {
    const known = person.enrolments && person.enrolments.length ? person.enrolments : [{ user_id: person.id }];
    return known.map((one) => el("div", {}, one.user_id + span(one)));
  }

  function where(items, shifts) {
    return (items || []).map((item) => {
      const one = manage.factOf(item);
      const shift = shifts[one.shift] || one.shift || (one.rotation.length ? text("manage.rotation", { n: one.rotation.length }) : text("manage.default_shift"));
      return el("div", {}, [parts.counterName(one.counter), " ", shift, span(one)]);
    });
  }

  function edit(person) {
    const old = person || { enrolments: [] };
    const fields = [
      { name: "id", label: text("manage.id"), value: old.id, required: true, most: 32 },
      { name: "name", label: text("manage.person"), value: old.name, required: true, most: 64 },
      { name: "department", label: text("manage.department"), value: old.department, most: 64 },
      { name: "group", label: text("manage.group"), value: old.group, most: 64 },
      { name: "joined", label: text("manage.joined"), kind: "date", value: old.joined },
      { name: "left", label: text("manage.left"), kind: "date", value: old.left, hint: text("manage.left_hint") },
      { name: "reason", label: text("manage.reason"), kind: "words" },
    ].map((plan) => Object.assign(Halld.fields.field(plan), { name: plan.name }));
    fields[0].input.readOnly = Boolean(person);
    parts.ask({
      title: text(person ? "manage.people.change" : "manage.people.add"),
      body: fields.map((one) => one.node),
      confirm: text("manage.save"),
      send: (failed) => {
        const told = { enrolments: old.enrolments || [] };
        fields.forEach((one) => {
          told[one.name] = one.read();
        });
        manage.tell("/people", Halld.preview.filled(told), saved, failed);
      },
    });
  }

  function saved() {
    parts.closeDialog();
    parts.say(text("manage.saved"));
    manage.refresh();
  }

  function list(people, postings, shifts) {
    const shown = manage.params();
    const today = Halld.context.today;
    const rows = Object.keys(people)
      .map((id) => people[id])
      .filter((one) => !shown.department || one.department === shown.department)
      .filter((one) => !shown.person || one.id === shown.person)
      .filter((one) => shown.left === "true" || !one.left || one.left >= today);
    return [
      el("p", { class: "count" }, text("manage.count", { n: rows.length })),
      parts.table({
        rows: rows,
        empty: text("manage.people.none"),
        className: "lines",
        mark: (one) => (one.left && one.left < today ? "is-unused" : ""),
        columns: [
          { label: text("manage.id"), class: "num", cell: (one) => one.id },
          { label: text("manage.person"), cell: (one) => parts.person(one.id, one.name, today.slice(0, 7)) },
          { label: text("manage.department"), cell: (one) => parts.link(one.department || "", "month", { department: one.department }) },
          { label: text("manage.group"), cell: (one) => one.group },
          { label: text("manage.numbers"), class: "num", cell: numbers },
          { label: text("manage.postings"), cell: (one) => where(postings[one.id], shifts) },
          { label: text("manage.joined"), class: "num", cell: (one) => one.joined || "" },
          { label: text("manage.left"), class: "num", cell: (one) => one.left || "" },
          { label: "", cell: (one) => parts.button(text("manage.change"), () => edit(one)) },
        ],
      }),
    ];
  }

  /** Postings, and the names of shifts by id. */
  function everything(done) {
    manage.getAll("/shifts", {}, (found) => {
      const shifts = {};
      found.forEach((item) => {
        const shift = item.fact || item;
        shifts[shift.id] = shift.name;
      });
      manage.getAll("/postings", {}, (items) => done(items, shifts));
    });
  }

  Halld.views.people = function (root) {
    manage.withPeople((people) => {
      everything((items, shifts) => {
        const postings = {};
        items.forEach((item) => {
          const who = manage.factOf(item).person;
          postings[who] = (postings[who] || []).concat([item]);
        });
        parts.show(root, [
          parts.heading(text("manage.view.people"), [
            parts.button(text("manage.people.add"), () => edit(null), "key"),
            parts.link(text("manage.view.imports"), "imports", {}, "key"),
            parts.link(text("manage.view.unknown"), "unknown", {}, "key"),
          ]),
          Halld.fields.filters(
            [
              { name: "department", label: text("manage.department"), kind: "select", choices: Halld.fields.departments(people) },
              { name: "person", label: text("manage.person"), kind: "person" },
              { name: "left", label: text("manage.left_people"), kind: "select", choices: [["", text("manage.no")], ["true", text("manage.yes")]] },
            ],
            people
          ),
          list(people, postings, shifts),
        ]);
      });
    });
  };

  /** Give a number on the clocks to a person, from a day on. */
  function assign(row, people) {
    const who = Halld.fields.field({ name: "person", label: text("manage.person"), kind: "person", required: true }, people);
    const from = Halld.fields.field({ name: "from", label: text("manage.first_day"), kind: "date", value: row.first.slice(0, 10), required: true });
    parts.ask({
      title: text("manage.unknown.title", { number: row.user_id }),
      body: [el("p", {}, text("manage.unknown.hint")), who.node, from.node],
      confirm: text("manage.save"),
      send: (failed) => {
        const person = people[who.read()];
        if (!person) {
          failed(text("manage.unknown.nobody"));
          return;
        }
        const kept = person.enrolments && person.enrolments.length ? person.enrolments : [{ user_id: person.id }];
        const told = Object.assign({}, person, {
          enrolments: kept.concat([{ user_id: row.user_id, valid_from: from.read() }]),
          reason: text("manage.unknown.reason", { number: row.user_id }),
        });
        manage.tell("/people", Halld.preview.filled(told), saved, failed);
      },
    });
  }

  Halld.views.unknown = function (root) {
    manage.withPeople((people) => {
      manage.getAll("/unknown-users", {}, (rows) => {
        parts.show(root, [
          parts.heading(text("manage.view.unknown"), [parts.link(text("manage.view.people"), "people", {}, "key")]),
          el("p", { class: "hint" }, text("manage.unknown.what")),
          parts.table({
            rows: rows,
            empty: text("manage.unknown.none"),
            className: "lines",
            columns: [
              { label: text("manage.number"), class: "num strong", cell: (one) => one.user_id },
              { label: text("manage.unknown.punches"), class: "num", cell: (one) => one.punches },
              { label: text("manage.unknown.first"), class: "num", cell: (one) => parts.moment(one.first) },
              { label: text("manage.unknown.last"), class: "num", cell: (one) => parts.moment(one.last) },
              { label: text("manage.clock"), cell: (one) => one.devices.map((id) => Halld.context.clocks[id] || id).join(", ") },
              { label: text("manage.unknown.left"), cell: (one) => (one.left ? parts.link((people[one.left] || {}).name || one.left, "people", { person: one.left, left: "true" }) : "") },
              { label: "", cell: (one) => parts.button(text("manage.unknown.assign"), () => assign(one, people)) },
            ],
          }),
        ]);
      });
    });
  };
})();
