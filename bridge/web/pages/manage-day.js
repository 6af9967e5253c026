/* One person's day, explained: what was due, what was seen, what follows. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;

  function clock(device) {
    return device ? Halld.context.clocks[device] || device : "";
  }

  function lines(day) {
    const said = (day.lines || []).map((one) => el("li", {}, typeof one === "string" ? one : one.text));
    return said.length ? parts.section(text("manage.explained.told"), el("ol", { class: "told" }, said)) : "";
  }

  function sessions(row) {
    return parts.table({
      rows: row.sessions,
      empty: text("manage.explained.no_sessions"),
      columns: [
        { label: text("manage.session_label"), cell: (one) => Halld.dayWords.sessionName(one, row.sessions.indexOf(one), row.sessions.length) },
        { label: text("manage.due"), class: "num", cell: (one) => Halld.dayWords.span(one) },
        { label: text("manage.in_window"), class: "num", cell: (one) => one.in_window.map((time) => parts.moment(time, row.day)).join("–") },
        { label: text("manage.came"), class: "num strong", cell: (one) => parts.moment(one.came, row.day) || "—" },
        { label: text("manage.out_window"), class: "num", cell: (one) => one.out_window.map((time) => parts.moment(time, row.day)).join("–") },
        { label: text("manage.went"), class: "num strong", cell: (one) => parts.moment(one.went, row.day) || "—" },
        { label: text("manage.state"), cell: (one) => parts.badges(one.states) },
        { label: text("manage.figure.late_min"), class: "num", cell: (one) => one.late_min || "" },
        { label: text("manage.figure.early_min"), class: "num", cell: (one) => one.early_min || "" },
      ],
    });
  }

  function confirm(punch, row) {
    const counts = Halld.fields.field({
      name: "counts", label: text("manage.punch.counts"), kind: "select",
      choices: [["true", text("manage.yes")], ["false", text("manage.no")]],
    });
    const time = Halld.fields.field({ name: "time", label: text("manage.punch.true_time"), kind: "time", hint: text("manage.punch.true_hint") });
    const reason = Halld.fields.field({ name: "reason", label: text("manage.reason"), kind: "words", required: true });
    parts.ask({
      title: text("manage.punch.title", { time: punch.time.slice(0, 16).replace("T", " ") }),
      body: [counts.node, time.node, reason.node],
      confirm: text("manage.save"),
      send: (failed) => {
        const body = { counts: counts.read() === "true", reason: reason.read() };
        if (time.read()) {
          body.time = parts.stamp(row.day, time.read());
        }
        manage.tell("/punches/" + punch.punch + "/confirmations", body, saved, failed);
      },
    });
  }

  function saved() {
    parts.closeDialog();
    parts.say(text("manage.saved"));
    manage.refresh();
  }

  function punches(row) {
    return parts.table({
      rows: row.punches,
      empty: text("manage.explained.no_punches"),
      mark: (one) => (one.use === "in" || one.use === "out" ? "is-used" : "is-unused"),
      columns: [
        { label: text("manage.time"), class: "num strong", cell: (one) => (one.time.slice(0, 10) === row.day ? one.time.slice(11, 19) : one.time.slice(0, 19).replace("T", " ")) },
        { label: text("manage.clock"), cell: (one) => (one.punch === null ? text("manage.by_correction") : clock(one.device)) },
        { label: text("manage.direction"), cell: (one) => text("manage.direction." + one.direction) },
        { label: text("manage.use"), cell: (one) => text("manage.use." + one.use) },
        { label: text("manage.flags"), cell: (one) => one.flags.map((flag) => text("manage.flag." + flag)).join("; ") },
        {
          label: "",
          cell: (one) => (one.use === "doubtful" ? parts.button(text("manage.punch.decide"), () => confirm(one, row)) : ""),
        },
      ],
    });
  }

  function coverage(row) {
    const clocks = Object.keys(row.coverage || {});
    return parts.table({
      rows: clocks,
      empty: text("manage.explained.no_clocks"),
      columns: [
        { label: text("manage.clock"), cell: (one) => parts.link(clock(one), "clocks", { device: one }) },
        { label: text("manage.read_until"), class: "num", cell: (one) => parts.moment(row.coverage[one], row.day) || text("manage.never") },
        {
          label: text("manage.state"),
          cell: (one) => {
            const ends = row.ends ? Date.parse(row.ends) : 0;
            const isRead = row.coverage[one] && Date.parse(row.coverage[one]) >= ends;
            const isOver = ends <= Halld.now();
            const tone = isRead ? "good" : isOver ? "warn" : "open";
            return el("span", { class: "mark", "data-tone": tone }, text(isRead ? "manage.read_past" : isOver ? "manage.read_short" : "manage.read_open"));
          },
        },
      ],
    });
  }

  function facts(title, items, describe) {
    if (!items || !items.length) {
      return "";
    }
    return parts.section(title, parts.table({
      rows: items,
      empty: "",
      columns: [
        { label: text("manage.status"), cell: (item) => (item.status ? Halld.factWords.status(item) : "") },
        { label: text("manage.what"), cell: (item) => describe(manage.factOf(item)) },
        { label: text("manage.told_by"), cell: (item) => item.actor },
        { label: text("manage.told_at"), class: "num", cell: (item) => parts.moment(item.at) },
        { label: text("manage.ledger"), class: "num", cell: (item) => parts.link("#" + item.entry, "ledger", { entry: item.entry }) },
      ],
    }));
  }

  function entries(items) {
    return items && items.length ? parts.section(text("manage.explained.entries"), Halld.ledgerTable(items)) : "";
  }

  function draw(root, day) {
    const row = day.row || day;
    const subject = { person: row.person, day: row.day };
    const step = (count) => parts.link(count < 0 ? "‹" : "›", "day", { person: row.person, day: parts.addDays(row.day, count) }, "key");
    parts.show(root, [
      parts.heading([row.name, " · ", parts.dayText(row.day)], [
        step(-1), step(1),
        parts.link(text("manage.month_of"), "month", { person: row.person, month: row.day.slice(0, 7) }, "key"),
        parts.link(text("manage.new.correction"), "correction", subject, "key"),
        parts.link(text("manage.new.leave"), "leave", subject, "key"),
      ]),
      el("p", { class: "facts" }, [
        parts.badges(row.states),
        el("span", {}, text("manage.id") + " " + row.person),
        el("span", {}, row.department),
        row.counter ? el("span", {}, parts.counterName(row.counter)) : "",
        row.shift_name ? el("span", {}, text("manage.shift") + " " + row.shift_name) : "",
        row.day_name ? el("span", {}, row.day_name) : "",
        el("span", {}, row.final ? text("manage.final_yes") : Halld.dayWords.waiting(row.waiting).join("; ")),
        row.closed ? el("span", { class: "mark", "data-tone": "closed" }, text("manage.month_closed")) : "",
      ]),
      day.pending ? el("p", { class: "notice" }, [text("manage.explained.pending") + " ", parts.badges(day.pending.states)]) : "",
      lines(day),
      parts.section(text("manage.explained.sessions"), sessions(row)),
      parts.section(text("manage.explained.punches"), punches(row)),
      facts(text("manage.leave"), day.leaves, Halld.factWords.leave),
      facts(text("manage.correction"), day.corrections, Halld.factWords.correction),
      facts(text("manage.view.checks"), day.spot_checks, Halld.factWords.check),
      parts.section(text("manage.explained.coverage"), coverage(row)),
      entries(day.entries),
    ]);
  }

  Halld.views.day = function (root) {
    const shown = manage.params();
    const path = "/days/" + encodeURIComponent(shown.person || "") + "/" + encodeURIComponent(shown.day || "");
    manage.get(path, { lang: Halld.context.lang }, (day) => draw(root, day));
  };
})();
