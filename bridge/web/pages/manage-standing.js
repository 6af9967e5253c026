/* How a month stands, and signing it: close, and take the signature back. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;

  /** The standing in one line, for the head of the sheet. */
  function line(status) {
    if (status.state === "closed") {
      return text("manage.month.closed", { by: status.closed_by || "", time: (status.closed_at || "").slice(0, 16).replace("T", " ") });
    }
    return text(status.state === "future" ? "manage.month.future" : "manage.month.open");
  }

  /** What keeps the month from being final; each leads to its list. */
  function blocks(status) {
    const month = status.month;
    const found = [];
    function block(count, label, view, values) {
      if (count) {
        found.push(parts.link(text(label, { n: count }), view, values, "block"));
      }
    }
    block(status.unknown_days, "manage.month.unknown", "days", { month: month, state: "unknown" });
    block(status.pending_days, "manage.month.pending", "days", { month: month, final: "false" });
    block(status.undecided, "manage.month.undecided", "inbox", {});
    return found;
  }

  function sign(status, action) {
    const month = status.month;
    const reason = el("textarea", { rows: 2, maxlength: 500, required: action === "reopen" });
    parts.ask({
      title: text("manage.month." + action + "_title", { month: month }),
      body: [
        el("p", {}, text("manage.month." + action + "_hint")),
        el("label", { class: "field" }, [text("manage.reason"), reason]),
      ],
      typed: month,
      confirm: text("manage.month." + action),
      danger: action === "reopen",
      send: (failed) => {
        manage.tell(
          "/months/" + month + "/" + action,
          { reason: reason.value.trim() },
          () => {
            parts.closeDialog();
            parts.say(text("manage.month." + action + "_done", { month: month }));
            manage.refresh();
          },
          failed
        );
      },
    });
  }

  /** The standing with what can be done about it; not on paper. */
  function panel(status) {
    const isClosed = status.state === "closed";
    const open = blocks(status);
    const said = [el("b", { class: "mark", "data-tone": isClosed ? "closed" : status.final ? "good" : "open" }, line(status))];
    if (!isClosed) {
      said.push(status.final ? text("manage.month.ready") : open);
    } else if (status.pending_changes) {
      said.push(text("manage.month.changes", { n: status.pending_changes }));
    }
    if (status.entry) {
      said.push(parts.link(text("manage.ledger_row", { n: status.entry }), "ledger", { entry: status.entry }));
    }
    const key = isClosed
      ? parts.button(text("manage.month.reopen"), () => sign(status, "reopen"))
      : el("button", { type: "button", class: "primary", disabled: !status.final, click: () => sign(status, "close") }, text("manage.month.close"));
    return el("div", { class: "standing" }, [el("div", {}, said), status.state === "future" ? "" : key]);
  }

  Halld.monthStanding = { line: line, panel: panel };
})();
