/* Days in words: what is wrong with one, since when, what is awaited. */
(function () {
  "use strict";

  const text = Halld.text;
  const parts = Halld.parts;
  const el = parts.el;
  const FINE = ["present", "pending", "holiday", "rest"];

  function sessionName(session, place, count) {
    if (session.name) {
      return session.name;
    }
    return count > 1 ? text("manage.session", { n: place + 1 }) : "";
  }

  function span(session) {
    return session.start.slice(11, 16) + "–" + session.end.slice(11, 16);
  }

  function trouble(session, state) {
    return text("manage.trouble." + state, {
      late: session.late_min,
      early: session.early_min,
      came: session.came ? session.came.slice(11, 16) : "",
      went: session.went ? session.went.slice(11, 16) : "",
      start: session.start.slice(11, 16),
      end: session.end.slice(11, 16),
      span: span(session),
    });
  }

  /** What a day is waiting for: `kind:what` codes in words. */
  function waiting(codes) {
    return (codes || []).map((code) => {
      const cut = code.indexOf(":");
      const kind = cut < 0 ? code : code.slice(0, cut);
      const what = cut < 0 ? "" : code.slice(cut + 1);
      return text("manage.waiting." + kind, { what: kind === "clock" ? Halld.context.clocks[what] || what : what });
    });
  }

  /** What is to be said about a day, a session each. */
  function troubles(day) {
    const found = [];
    const sessions = day.sessions || [];
    sessions.forEach((session, place) => {
      session.states.filter((state) => FINE.indexOf(state) < 0).forEach((state) => {
        const name = sessionName(session, place, sessions.length);
        found.push((name ? name + " " : "") + trouble(session, state));
      });
    });
    const said = found.concat(day.states.indexOf("unknown") >= 0 ? waiting(day.waiting) : []);
    return said.map((one) => el("div", {}, one));
  }

  /** Since when: the first session that is not as it should be. */
  function since(day) {
    const bad = (day.sessions || []).filter((session) => session.states.some((state) => FINE.indexOf(state) < 0));
    if (!bad.length) {
      return "";
    }
    const first = bad[0];
    const atEnd = ["early", "missing_out"].indexOf(first.states[0]) >= 0;
    return (atEnd ? first.went || first.end : first.start).slice(11, 16);
  }

  function reasonWord(reason) {
    const word = text("manage.cover_reason." + reason);
    return word === "manage.cover_reason." + reason ? reason : word;
  }

  /** Stand-ins: who should have been there for whom. */
  function covers(rows, day) {
    return parts.table({
      rows: rows,
      empty: text("manage.covers.none"),
      columns: [
        { label: text("manage.state"), cell: (row) => el("span", { class: "mark", "data-tone": row.state }, text("manage.cover." + row.state)) },
        { label: text("manage.day_label"), cell: (row) => parts.dayText(row.day) },
        { label: text("manage.place"), cell: (row) => parts.counterName(row.place) || row.place },
        { label: text("manage.covers.a"), cell: (row) => parts.link(row.a_name || row.a, "day", { person: row.a, day: row.day }) },
        { label: text("manage.covers.b"), cell: (row) => parts.link(row.b_name || row.b, "day", { person: row.b, day: row.day }) },
        { label: text("manage.time"), class: "num", cell: (row) => parts.moment(row.start, day || row.day) + "–" + parts.moment(row.end, day || row.day) },
        { label: text("manage.why"), cell: (row) => reasonWord(row.reason) },
      ],
    });
  }

  Halld.dayWords = {
    troubles: troubles, since: since, waiting: waiting, covers: covers, sessionName: sessionName, span: span,
  };
})();
