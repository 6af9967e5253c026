/* A leave slip (请假条, 离岗登记): by hours, half days or days. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  const KINDS = [
    "personal", "sick", "annual", "official", "marriage", "maternity", "bereavement",
    "time_off", "other", "temporary_out", "field_duty",
  ];

  /** From when to when: hours by their moments, days and halves as the hall has its noon. */
  function span(values) {
    if (values.unit === "hour") {
      return { start: parts.stamp(values.first, values.from), end: parts.stamp(values.last || values.first, values.until) };
    }
    return values.unit === "half_day"
      ? { date_from: values.first, half: values.half }
      : { date_from: values.first, date_to: values.last || values.first };
  }

  function fact(values) {
    const told = { person: values.person, kind: values.kind, unit: values.unit, note: values.note, cover: values.cover };
    return Halld.preview.filled(Object.assign(told, span(values)));
  }

  function fieldsOf(shown) {
    return [
      { name: "person", label: text("manage.person"), kind: "person", value: shown.person, required: true },
      { name: "kind", label: text("manage.leave.what"), kind: "select", choices: Halld.fields.choices("manage.leave.", KINDS) },
      { name: "unit", label: text("manage.unit_label"), kind: "select", choices: Halld.fields.choices("manage.unit.", ["day", "half_day", "hour"]) },
      { name: "first", label: text("manage.first_day"), kind: "date", value: shown.day || Halld.context.today, required: true },
      { name: "last", label: text("manage.last_day"), kind: "date", value: shown.day || Halld.context.today },
      { name: "half", label: text("manage.half"), kind: "select", choices: Halld.fields.choices("manage.half.", ["am", "pm"]) },
      { name: "from", label: text("manage.from"), kind: "time" },
      { name: "until", label: text("manage.until"), kind: "time" },
      { name: "cover", label: text("manage.covers.b"), kind: "person", hint: text("manage.cover_hint") },
      { name: "note", label: text("manage.note"), kind: "words", wide: true },
      { name: "approver", label: text("manage.approver"), hint: text("manage.approver_hint"), most: 64 },
      { name: "level", label: text("manage.level_label"), kind: "number", min: 1, max: 9, placeholder: text("manage.level_any") },
    ];
  }

  function shows(fields, values) {
    fields.last.node.hidden = values.unit === "half_day";
    fields.half.node.hidden = values.unit !== "half_day";
    ["from", "until"].forEach((name) => {
      fields[name].node.hidden = values.unit !== "hour";
      fields[name].input.required = values.unit === "hour";
    });
    fields.level.node.hidden = !fields.approver.read();
  }

  Halld.views.leave = function (root) {
    const shown = manage.params();
    manage.withPeople((people) => {
      const form = Halld.fields.form(
        {
          fields: fieldsOf(shown),
          shows: shows,
          confirm: text("manage.send"),
          extraLabel: text("manage.preview"),
          extra: (values, failed, below) => Halld.preview.show("leave", [fact(values)], below, failed),
          send: (values, failed) => {
            manage.tell(
              "/leave",
              Object.assign(fact(values), Halld.signed(values)),
              () => {
                parts.say(text(values.approver ? "manage.saved_decided" : "manage.saved_pending"));
                manage.refresh();
              },
              failed
            );
          },
        },
        people
      );
      parts.show(root, [
        parts.heading(text("manage.new.leave"), [parts.link(text("manage.view.inbox"), "inbox", {}, "key")]),
        el("p", { class: "hint" }, text("manage.leave.hint")),
        form.node,
      ]);
    });
  };
})();
