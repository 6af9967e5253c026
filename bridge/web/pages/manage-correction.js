/* A correction sheet (补签单): what it says, what it changes, and sending it. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  const DIRECTIONS = ["unknown", "in", "out", "break_out", "break_in", "overtime_in", "overtime_out"];

  function fact(values) {
    const told = { person: values.person, day: values.day, kind: values.kind, reason: values.reason, proof: values.proof };
    if (values.kind === "punch") {
      told.time = values.time ? parts.stamp(values.next === "1" ? parts.addDays(values.day, 1) : values.day, values.time) : "";
      told.direction = values.direction;
    } else if (values.kind === "void") {
      told.punch = values.punch ? Number(values.punch) : "";
    } else {
      told.state = values.state;
      told.session = values.session === "" ? "" : Number(values.session);
    }
    return Halld.preview.filled(told);
  }

  function fieldsOf(shown) {
    const approver = { name: "approver", label: text("manage.approver"), hint: text("manage.approver_hint"), most: 64 };
    return [
      { name: "person", label: text("manage.person"), kind: "person", value: shown.person, required: true },
      { name: "day", label: text("manage.day_label"), kind: "date", value: shown.day || Halld.context.today, required: true },
      { name: "kind", label: text("manage.correction.what"), kind: "select", value: shown.kind, choices: Halld.fields.choices("manage.correction.", ["punch", "state", "void"]) },
      { name: "time", label: text("manage.time"), kind: "time" },
      { name: "next", label: text("manage.night"), kind: "select", choices: [["", text("manage.same_day")], ["1", text("manage.next_day")]] },
      { name: "direction", label: text("manage.direction"), kind: "select", choices: Halld.fields.choices("manage.direction.", DIRECTIONS) },
      { name: "state", label: text("manage.state"), kind: "select", choices: Halld.fields.choices("manage.state.", Halld.context.correction_states) },
      { name: "session", label: text("manage.session_label"), kind: "select", choices: [["", text("manage.whole_day")]].concat([0, 1, 2, 3].map((n) => [n, text("manage.session", { n: n + 1 })])) },
      { name: "punch", label: text("manage.punch_label"), kind: "select", choices: [["", text("manage.choose")]] },
      { name: "reason", label: text("manage.reason"), kind: "words", required: true, wide: true },
      { name: "proof", label: text("manage.proof"), hint: text("manage.proof_hint"), wide: true },
      approver,
      { name: "level", label: text("manage.level_label"), kind: "number", min: 1, max: 9, placeholder: text("manage.level_any") },
    ];
  }

  /** Whose day's punches are offered. */
  let offered = "";

  /** The punches of the day, for one that shall not count. */
  function offerPunches(fields, values) {
    const wanted = values.person + " " + values.day;
    if (values.kind !== "void" || !values.person || offered === wanted) {
      return;
    }
    offered = wanted;
    manage.get("/days/" + encodeURIComponent(values.person) + "/" + values.day, {}, (day) => {
      const punches = (day.row || day).punches.filter((one) => one.punch !== null);
      const options = punches.map((one) => el("option", { value: one.punch }, one.time.slice(11, 19) + " " + (Halld.context.clocks[one.device] || one.device)));
      parts.fill(fields.punch.input, options.length ? options : el("option", { value: "" }, text("manage.explained.no_punches")));
    }, () => parts.fill(fields.punch.input, el("option", { value: "" }, text("manage.explained.no_punches"))));
  }

  function shows(fields, values) {
    const needs = { punch: ["time", "next", "direction"], state: ["state", "session"], void: ["punch"] };
    Object.keys(needs).forEach((kind) => {
      needs[kind].forEach((name) => {
        fields[name].node.hidden = values.kind !== kind;
      });
    });
    fields.time.input.required = values.kind === "punch";
    fields.punch.input.required = values.kind === "void";
    fields.level.node.hidden = !fields.approver.read();
    offerPunches(fields, values);
  }

  /** Who signed the paper already, where somebody did. */
  function signed(values) {
    const level = values.level ? { level: Number(values.level) } : {};
    return values.approver ? Object.assign({ approver: values.approver }, level) : {};
  }

  Halld.signed = signed;

  Halld.views.correction = function (root) {
    const shown = manage.params();
    offered = "";
    manage.withPeople((people) => {
      const form = Halld.fields.form(
        {
          fields: fieldsOf(shown),
          shows: shows,
          confirm: text("manage.send"),
          extraLabel: text("manage.preview"),
          extra: (values, failed, below) => Halld.preview.show("correction", [fact(values)], below, failed),
          send: (values, failed) => {
            manage.tell(
              "/corrections",
              Object.assign(fact(values), signed(values)),
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
        parts.heading(text("manage.new.correction"), [parts.link(text("manage.new.gap"), "gap", {}, "key"), parts.link(text("manage.view.inbox"), "inbox", {}, "key")]),
        el("p", { class: "hint" }, text("manage.correction.hint")),
        form.node,
      ]);
    });
  };
})();
