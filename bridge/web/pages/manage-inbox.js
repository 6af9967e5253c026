/* Corrections and leave that wait for a decision; the decided ones behind a filter. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  const LIMIT = 200;

  function path(item) {
    return (item.kind === "leave" ? "/leave/" : "/corrections/") + encodeURIComponent(item.id);
  }

  function done(message) {
    parts.closeDialog();
    parts.say(message);
    manage.refresh();
  }

  function decide(item, approved, who) {
    const level = Halld.fields.field({ name: "level", label: text("manage.level_label"), kind: "number", min: 1, max: 9, value: item.level || 1, hint: text("manage.level_hint", { n: item.level || 1, role: item.role || "" }) });
    const note = Halld.fields.field({ name: "note", label: text("manage.note"), kind: "words", required: !approved });
    const effect = el("div", { class: "below" });
    const showEffect = parts.button(text("manage.preview"), () =>
      Halld.preview.show("decision", [{ subject: item.id, approved: approved, level: Number(level.read()) || 1 }], effect, (message) => parts.fill(effect, el("p", { class: "bad" }, message)))
    );
    parts.ask({
      title: text(approved ? "manage.approve_title" : "manage.reject_title", { who: who }),
      body: [el("p", {}, describe(item)), level.node, note.node, showEffect, effect],
      confirm: text(approved ? "manage.approve" : "manage.reject"),
      danger: !approved,
      send: (failed) => {
        const body = { approved: approved, level: Number(level.read()) || 1, note: note.read() };
        manage.tell(path(item) + "/decisions", body, () => done(text(approved ? "manage.approved_done" : "manage.rejected_done", { who: who })), failed);
      },
    });
  }

  function withdraw(item, who) {
    const reason = Halld.fields.field({ name: "reason", label: text("manage.reason"), kind: "words", required: true });
    parts.ask({
      title: text("manage.withdraw_title", { who: who }),
      body: [el("p", {}, describe(item)), reason.node],
      confirm: text("manage.withdraw"),
      danger: true,
      send: (failed) => manage.tell(path(item) + "/remove", { reason: reason.read() }, () => done(text("manage.withdrawn_done", { who: who })), failed),
    });
  }

  function describe(item) {
    const words = item.kind === "leave" ? Halld.factWords.leave : Halld.factWords.correction;
    return words(manage.factOf(item));
  }

  function keys(item, people) {
    const who = (people[manage.factOf(item).person] || {}).name || manage.factOf(item).person;
    if (item.status === "pending") {
      return el("span", { class: "keys" }, [
        parts.button(text("manage.approve"), () => decide(item, true, who), "good"),
        parts.button(text("manage.reject"), () => decide(item, false, who), "danger"),
        parts.button(text("manage.withdraw"), () => withdraw(item, who)),
      ]);
    }
    return item.status === "approved" ? parts.button(text("manage.withdraw"), () => withdraw(item, who)) : "";
  }

  function dayOf(item) {
    const fact = manage.factOf(item);
    return fact.day || fact.start.slice(0, 10);
  }

  function list(items, people) {
    return parts.table({
      rows: items,
      empty: text("manage.inbox.none"),
      className: "lines",
      mark: (item) => (item.status === "pending" ? "is-open" : ""),
      columns: [
        { label: text("manage.status"), class: "num", cell: Halld.factWords.status },
        { label: text("manage.kind_label"), class: "num", cell: (item) => text("manage.kind." + item.kind) },
        { label: text("manage.person"), cell: (item) => parts.person(manage.factOf(item).person, (people[manage.factOf(item).person] || {}).name, dayOf(item).slice(0, 7)) },
        { label: text("manage.department"), cell: (item) => (people[manage.factOf(item).person] || {}).department || "" },
        { label: text("manage.day_label"), class: "num", cell: (item) => parts.link(parts.dayText(dayOf(item)), "day", { person: manage.factOf(item).person, day: dayOf(item) }) },
        { label: text("manage.what"), cell: describe },
        { label: text("manage.told_by"), class: "num", cell: (item) => [item.actor, el("br"), el("small", {}, parts.moment(item.at))] },
        { label: text("manage.decisions"), cell: Halld.factWords.decisions },
        { label: "", class: "num", cell: (item) => keys(item, people) },
      ],
    });
  }

  Halld.views.inbox = function (root) {
    const shown = manage.params();
    const asked = { status: shown.status === "all" ? "" : shown.status || "pending", person: shown.person, limit: LIMIT };
    manage.withPeople((people) => {
      manage.get("/corrections", asked, (corrections) => {
        manage.get("/leave", asked, (leaves) => {
          const items = corrections.items.concat(leaves.items).sort((one, other) => {
            const waits = (other.status === "pending") - (one.status === "pending");
            return waits || (one.at < other.at ? 1 : -1);
          });
          parts.show(root, [
            parts.heading(text("manage.view.inbox"), [
              parts.link(text("manage.new.correction"), "correction", {}, "key"),
              parts.link(text("manage.new.leave"), "leave", {}, "key"),
              parts.link(text("manage.new.gap"), "gap", {}, "key"),
            ]),
            Halld.fields.filters(
              [
                { name: "status", label: text("manage.status"), kind: "select", otherwise: "pending", choices: Halld.fields.choices("manage.status.", ["pending", "approved", "rejected", "cancelled"]).concat([["all", text("manage.all")]]) },
                { name: "person", label: text("manage.person"), kind: "person" },
              ],
              people
            ),
            el("p", { class: "count" }, text("manage.count", { n: corrections.total + leaves.total })),
            list(items, people),
          ]);
        });
      });
    });
  };
})();
