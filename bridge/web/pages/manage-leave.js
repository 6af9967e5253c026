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

  /** From when to when: days end at midnight, half days at noon. */
  function times(values) {
    const last = values.last || values.first;
    if (values.unit === "day") {
      return [parts.stamp(values.first, "00:00"), parts.stamp(parts.addDays(last, 1), "00:00")];
    }
    if (values.unit === "half_day") {
      const isMorning = values.half === "am";
      const end = isMorning ? parts.stamp(values.first, "12:00") : parts.stamp(parts.addDays(values.first, 1), "00:00");
      return [parts.stamp(values.first, isMorning ? "00:00" : "12:00"), end];
    }
    return [parts.stamp(values.first, values.from || "00:00"), parts.stamp(last, values.until || "00:00")];
  }

  function fact(values) {
    const span = times(values);
    return Halld.preview.filled({
      person: values.person, kind: values.kind, unit: values.unit, start: span[0], end: span[1],
      note: values.note, cover: values.cover,
    });
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
