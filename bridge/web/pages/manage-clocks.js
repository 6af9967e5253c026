/* Clocks: up to when each was read, its gaps, its time, its room; what was done to it. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  const FULL = 0.8;
  const TAMPERS = 100;

  function share(clock) {
    if (clock.records === null || !clock.records_max) {
      return clock.records === null ? "" : String(clock.records);
    }
    const part = clock.records / clock.records_max;
    const words = clock.records + " / " + clock.records_max + " (" + Math.round(part * 100) + "%)";
    return part >= FULL ? el("span", { class: "mark", "data-tone": "warn" }, words) : words;
  }

  function drift(clock) {
    if (clock.drift_s === null) {
      return "";
    }
    const words = text(clock.drift_s < 0 ? "manage.behind_s" : "manage.ahead_s", { n: Math.abs(clock.drift_s) });
    return Math.abs(clock.drift_s) > 60 ? el("span", { class: "mark", "data-tone": "warn" }, words) : words;
  }

  function standing(clock) {
    const key = "manage.device." + clock.state;
    const known = text(key);
    return el("span", { class: "mark", "data-tone": clock.state === "ready" ? "good" : "warn" }, known === key ? clock.state : known);
  }

  function settle(clock, gap) {
    const note = Halld.fields.field({ name: "note", label: text("manage.note"), kind: "words", required: true, hint: text("manage.gap.note_hint") });
    const end = Halld.fields.field({ name: "end", label: text("manage.until"), kind: "datetime-local", value: (gap.end || Halld.context.now).slice(0, 16), required: true });
    parts.ask({
      title: text("manage.gap.settle_title", { clock: clock.name || clock.device }),
      body: [el("p", {}, text("manage.gap.settle_hint")), gap.end ? "" : end.node, note.node],
      confirm: text("manage.gap.settle"),
      danger: true,
      typed: clock.device,
      send: (failed) => {
        const until = gap.end || parts.stamp(end.read().slice(0, 10), end.read().slice(11, 16));
        manage.tell("/clocks/" + encodeURIComponent(clock.device) + "/gaps", { start: gap.start, end: until, note: note.read(), reason: note.read() }, () => {
          parts.closeDialog();
          parts.say(text("manage.saved"));
          manage.refresh();
        }, failed);
      },
    });
  }

  function gaps(clocks) {
    const rows = [];
    clocks.forEach((clock) => clock.gaps.forEach((gap) => rows.push({ clock: clock, gap: gap })));
    rows.sort((one, other) => (other.gap.state === "open") - (one.gap.state === "open") || (one.gap.start < other.gap.start ? 1 : -1));
    return parts.table({
      rows: rows,
      empty: text("manage.gap.no_gaps"),
      className: "lines",
      columns: [
        { label: text("manage.state"), cell: (one) => el("span", { class: "mark", "data-tone": one.gap.state === "open" ? "warn" : "good" }, text("manage.gap.state_" + one.gap.state)) },
        { label: text("manage.clock"), cell: (one) => one.clock.name || one.clock.device },
        { label: text("manage.from"), class: "num", cell: (one) => parts.moment(one.gap.start) },
        { label: text("manage.until"), class: "num", cell: (one) => (one.gap.end ? parts.moment(one.gap.end) : text("manage.gap.open")) },
        { label: text("manage.why"), cell: (one) => [one.gap.reason, one.gap.note ? el("div", {}, one.gap.note) : ""] },
        {
          label: "",
          cell: (one) =>
            el("span", { class: "keys" }, [
              parts.link(text("manage.new.gap"), "gap", { device: one.clock.device, start: one.gap.start }, "key"),
              one.gap.state === "open" ? parts.button(text("manage.gap.settle"), () => settle(one.clock, one.gap)) : "",
            ]),
        },
      ],
    });
  }

  function tampers(list) {
    return parts.table({
      rows: list.items,
      empty: text("manage.tampers.none"),
      className: "lines",
      columns: [
        { label: text("manage.time"), class: "num", cell: (one) => one.time.slice(0, 19).replace("T", " ") },
        { label: text("manage.clock"), cell: (one) => Halld.context.clocks[one.device] || one.device },
        {
          label: text("manage.what"),
          cell: (one) => {
            const known = text("manage.tamper." + one.kind);
            return known === "manage.tamper." + one.kind ? one.kind : known;
          },
        },
        { label: text("manage.received"), class: "num", cell: (one) => one.received_time.slice(0, 19).replace("T", " ") },
        { label: text("manage.raw"), class: "hash", cell: (one) => el("span", { title: one.raw }, one.raw.slice(0, 24)) },
      ],
    });
  }

  Halld.views.clocks = function (root) {
    const shown = manage.params();
    manage.getAll("/clocks", { device: shown.device }, (clocks) => {
      manage.get("/tampers", { limit: TAMPERS, device: shown.device }, (list) => {
        parts.show(root, [
          parts.heading(text("manage.view.clocks"), [
            shown.device ? parts.link(text("manage.all"), "clocks", {}, "key") : "",
            parts.link(text("manage.view.unknown"), "unknown", {}, "key"),
          ]),
          el("p", { class: "hint" }, text("manage.clocks.hint")),
          parts.table({
            rows: clocks,
            empty: text("manage.clocks.none"),
            className: "lines",
            columns: [
              { label: text("manage.clock"), cell: (one) => parts.link(one.name || one.device, "clocks", { device: one.device }) },
              { label: text("manage.state"), cell: standing },
              { label: text("manage.read_until"), class: "num strong", cell: (one) => parts.moment(one.until, Halld.context.today) || text("manage.never") },
              { label: text("manage.how"), cell: (one) => (one.how ? text("manage.how." + one.how) : "") },
              { label: text("manage.suspect"), cell: (one) => (one.suspect ? el("span", { class: "mark", "data-tone": "warn" }, one.suspect) : "") },
              { label: text("manage.drift"), class: "num", cell: drift },
              { label: text("manage.records"), class: "num", cell: share },
              { label: text("manage.serial"), cell: (one) => one.serial },
              { label: text("manage.why"), cell: (one) => one.reason },
            ],
          }),
          parts.section(text("manage.gaps"), gaps(clocks)),
          parts.section(text("manage.tampers"), [tampers(list), list.total > TAMPERS ? el("p", { class: "count" }, text("manage.count", { n: list.total })) : ""]),
        ]);
      });
    });
  };
})();
