/* Spot checks (在岗抽查): one look at one place, entered and listed. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const LIMIT = 100;
  const FINDINGS = ["on_post", "empty", "wandering", "away", "idle", "manners", "covered"];

  function places() {
    const counters = Halld.context.counters;
    return Object.keys(counters).map((id) => [id, counters[id]]);
  }

  function entry(people, shown) {
    return Halld.fields.form(
      {
        fields: [
          { name: "day", label: text("manage.day_label"), kind: "date", value: Halld.context.today, required: true },
          { name: "time", label: text("manage.time"), kind: "time", value: Halld.timeText(Halld.now()), required: true },
          { name: "place", label: text("manage.place"), kind: "select", choices: [["", text("manage.place_other")]].concat(places()), value: shown.place },
          { name: "words", label: text("manage.place_words"), most: 64 },
          { name: "finding", label: text("manage.finding"), kind: "select", choices: Halld.fields.choices("manage.finding.", FINDINGS) },
          { name: "person", label: text("manage.person"), kind: "person", value: shown.person, hint: text("manage.check_person_hint") },
          { name: "note", label: text("manage.note"), wide: true },
        ],
        shows: (fields, values) => {
          fields.words.node.hidden = values.place !== "";
          fields.words.input.required = values.place === "";
        },
        confirm: text("manage.save"),
        send: (values, failed) => {
          const told = Halld.preview.filled({
            time: parts.stamp(values.day, values.time), place: values.place || values.words,
            finding: values.finding, person: values.person, note: values.note,
          });
          manage.tell("/spot-checks", told, () => {
            parts.say(text("manage.saved"));
            manage.refresh();
          }, failed);
        },
      },
      people
    ).node;
  }

  function remove(item) {
    const reason = Halld.fields.field({ name: "reason", label: text("manage.reason"), kind: "words", required: true });
    parts.ask({
      title: text("manage.remove_title"),
      body: [Halld.factWords.check(manage.factOf(item)), reason.node],
      confirm: text("manage.remove"),
      danger: true,
      send: (failed) => manage.tell("/spot-checks/" + encodeURIComponent(item.id) + "/remove", { reason: reason.read() }, () => {
        parts.closeDialog();
        manage.refresh();
      }, failed),
    });
  }

  function list(items, people) {
    const tones = { on_post: "good", covered: "good" };
    return parts.table({
      rows: items,
      empty: text("manage.checks.none"),
      className: "lines",
      columns: [
        { label: text("manage.time"), class: "num", cell: (item) => parts.moment(manage.factOf(item).time) },
        { label: text("manage.place"), cell: (item) => parts.counterName(manage.factOf(item).place) || manage.factOf(item).place },
        { label: text("manage.finding"), cell: (item) => parts.el("span", { class: "mark", "data-tone": tones[manage.factOf(item).finding] || "warn" }, text("manage.finding." + manage.factOf(item).finding)) },
        {
          label: text("manage.person"),
          cell: (item) => {
            const fact = manage.factOf(item);
            return fact.person ? parts.link((people[fact.person] || {}).name || fact.person, "day", { person: fact.person, day: fact.time.slice(0, 10) }) : "";
          },
        },
        { label: text("manage.note"), cell: (item) => manage.factOf(item).note },
        { label: text("manage.told_by"), cell: (item) => item.actor },
        { label: "", cell: (item) => parts.button(text("manage.remove"), () => remove(item)) },
      ],
    });
  }

  Halld.views.checks = function (root) {
    const shown = manage.params();
    const offset = Number(shown.offset || 0);
    const asked = { limit: LIMIT, offset: offset, finding: shown.finding, place: shown.place, person: shown.person, from: shown.from, to: shown.to };
    manage.withPeople((people) => {
      manage.get("/spot-checks", asked, (checks) => {
        parts.show(root, [
          parts.heading(text("manage.view.checks"), []),
          parts.section(text("manage.checks.enter"), entry(people, shown)),
          parts.section(text("manage.checks.list"), [
            Halld.fields.filters(
              [
                { name: "from", label: text("manage.from"), kind: "date" },
                { name: "to", label: text("manage.before"), kind: "date" },
                { name: "place", label: text("manage.place"), kind: "select", choices: [["", text("manage.all")]].concat(places()) },
                { name: "finding", label: text("manage.finding"), kind: "select", choices: Halld.fields.choices("manage.finding.", FINDINGS, text("manage.all")) },
                { name: "person", label: text("manage.person"), kind: "person" },
              ],
              people
            ),
            parts.pager(checks.total, LIMIT, offset),
            list(checks.items, people),
          ]),
        ]);
      });
    });
  };
})();
