/* Leaves, corrections and spot checks in words. */
(function () {
  "use strict";

  const text = Halld.text;
  const parts = Halld.parts;
  const el = parts.el;

  function span(start, end) {
    return parts.moment(start) + " – " + parts.moment(end, start.slice(0, 10));
  }

  /** Whole days: one that ends at midnight has the day before as its last. */
  function days(one) {
    const end = one.end.slice(0, 10);
    const last = one.end.slice(11, 16) === "00:00" ? parts.addDays(end, -1) : end;
    const first = one.start.slice(0, 10);
    return parts.dayText(first) + (last > first ? " – " + parts.dayText(last) : "");
  }

  function leave(one) {
    const words = [text("manage.leave." + one.kind), text("manage.unit." + one.unit), one.unit === "day" ? days(one) : span(one.start, one.end)];
    if (one.cover) {
      words.push(text("manage.leave_cover", { who: one.cover }));
    }
    if (one.note) {
      words.push(one.note);
    }
    return words.join(" · ");
  }

  function correction(one) {
    const words = [text("manage.correction." + one.kind)];
    if (one.kind === "punch" && one.time) {
      words.push(parts.moment(one.time, one.day), text("manage.direction." + (one.direction || "unknown")));
    } else if (one.kind === "void") {
      words.push("#" + one.punch);
    } else if (one.state) {
      words.push(text("manage.state." + one.state));
      if (one.session !== null && one.session !== undefined) {
        words.push(text("manage.session", { n: one.session + 1 }));
      }
    }
    words.push(one.reason);
    if (one.proof) {
      words.push(text("manage.proof") + " " + one.proof);
    }
    return words.filter((word) => word).join(" · ");
  }

  function check(one) {
    return [parts.moment(one.time), parts.counterName(one.place) || one.place, text("manage.finding." + one.finding), one.note]
      .filter((word) => word)
      .join(" · ");
  }

  /** How a leave or a correction stands, with the level that must decide. */
  function status(item) {
    const waits = item.status === "pending" && item.level;
    return [
      el("span", { class: "mark", "data-tone": item.status }, text("manage.status." + item.status)),
      waits ? [el("br"), el("small", {}, text("manage.level", { n: item.level, role: item.role || "" }))] : "",
    ];
  }

  /** Who said what so far. */
  function decisions(item) {
    return (item.decisions || []).map((one) =>
      el("div", {}, text(one.approved ? "manage.decided_yes" : "manage.decided_no", {
        by: one.by || one.actor || "",
        level: one.level || 1,
        time: one.at ? parts.moment(one.at) : "",
        note: one.note || "",
      }))
    );
  }

  Halld.factWords = { leave: leave, correction: correction, check: check, status: status, decisions: decisions, span: span };
})();
