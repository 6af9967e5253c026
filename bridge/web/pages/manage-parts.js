/* What the managers' pages are built from: elements, tables, forms, dialogs. */
(function () {
  "use strict";

  const at = Halld.at;
  const text = Halld.text;
  const manage = Halld.manage;

  /**
   * A new element. Attributes that are functions listen; children are nodes or text.
   * @returns {HTMLElement}
   */
  function el(tag, attributes, children) {
    const node = document.createElement(tag);
    Object.keys(attributes || {}).forEach((name) => {
      const value = attributes[name];
      if (typeof value === "function") {
        node.addEventListener(name, value);
      } else if (value !== undefined && value !== null && value !== false) {
        node.setAttribute(name, value === true ? "" : String(value));
      }
    });
    add(node, children);
    return node;
  }

  function add(node, children) {
    if (children === undefined || children === null || children === "") {
      return;
    }
    if (Array.isArray(children)) {
      children.forEach((child) => add(node, child));
    } else if (children instanceof Node) {
      node.appendChild(children);
    } else {
      node.appendChild(document.createTextNode(String(children)));
    }
  }

  /** Put something else into an element. */
  function fill(node, children) {
    node.textContent = "";
    add(node, children);
  }

  /** Show a view that is drawn. */
  function show(root, children) {
    fill(root, children);
    document.body.classList.add("is-ready");
  }

  function link(label, view, values, className) {
    return el("a", { href: manage.href(view, values), class: className }, label);
  }

  function button(label, done, className) {
    return el("button", { type: "button", class: className, click: done }, label);
  }

  /** A state as colour, shape and word. */
  function badge(state) {
    return el("span", { class: "state", "data-state": state }, [
      el("i", { "aria-hidden": "true" }, text("manage.symbol." + state)),
      text("manage.state." + state),
    ]);
  }

  function badges(states) {
    return (states || []).map(badge);
  }

  /** A number without idle decimals. */
  function number(value) {
    return String(Math.round((value || 0) * 100) / 100);
  }

  /** A stamp of the hall as its day and minute, or without the day where it is `day`. */
  function moment(stamp, day) {
    if (!stamp) {
      return "";
    }
    const time = stamp.slice(11, 16);
    return stamp.slice(0, 10) === day ? time : dayText(stamp.slice(0, 10)) + " " + time;
  }

  function dayText(day) {
    const parts = day.split("-").map(Number);
    const weekday = new Date(Date.UTC(parts[0], parts[1] - 1, parts[2])).getUTCDay();
    const year = day.slice(0, 4) === Halld.context.today.slice(0, 4) ? "" : text("manage.year", { n: parts[0] });
    return text("manage.day", {
      year: year,
      month: parts[1],
      day: parts[2],
      weekday: text("manage.weekdays").split(",")[weekday],
    });
  }

  /** `day` moved by whole days. */
  function addDays(day, count) {
    const parts = day.split("-").map(Number);
    return new Date(Date.UTC(parts[0], parts[1] - 1, parts[2] + count)).toISOString().slice(0, 10);
  }

  function addMonths(month, count) {
    const parts = month.split("-").map(Number);
    return new Date(Date.UTC(parts[0], parts[1] - 1 + count, 1)).toISOString().slice(0, 7);
  }

  /** A day and a time of the hall as RFC 3339. */
  function stamp(day, time) {
    return day + "T" + time + ":00" + Halld.context.now.slice(-6);
  }

  /** A person's name that leads to the month of the person. */
  function person(id, name, month) {
    return link(name || id, "month", { person: id, month: month }, "who");
  }

  function counterName(id) {
    return id ? Halld.context.counters[id] || id : "";
  }

  /**
   * @param {{columns: Array<{label: string, cell: function(Object): *, class: (string|undefined)}>,
   *          rows: Array<Object>, empty: *, className: (string|undefined),
   *          mark: (function(Object): string|undefined)}} plan
   */
  function table(plan) {
    if (!plan.rows.length) {
      return el("p", { class: "empty" }, plan.empty);
    }
    const head = plan.columns.map((column) => el("th", { scope: "col", class: column.class }, column.label));
    const rows = plan.rows.map((row) =>
      el(
        "tr",
        { class: plan.mark ? plan.mark(row) : undefined },
        plan.columns.map((column) => el("td", { class: column.class }, column.cell(row)))
      )
    );
    return el("div", { class: "scroll" }, [
      el("table", { class: plan.className }, [el("thead", {}, [el("tr", {}, head)]), el("tbody", {}, rows)]),
    ]);
  }

  /** Where one is in a long list, and the ways to the rest. */
  function pager(total, limit, offset) {
    if (total <= limit && !offset) {
      return el("p", { class: "count" }, text("manage.count", { n: total }));
    }
    const last = Math.min(total, offset + limit);
    return el("p", { class: "count" }, [
      text("manage.range", { first: offset + 1, last: last, n: total }),
      offset > 0 ? button(text("manage.previous"), () => manage.go({ offset: Math.max(0, offset - limit) || "" })) : "",
      last < total ? button(text("manage.next"), () => manage.go({ offset: offset + limit })) : "",
    ]);
  }

  /** The heading of a view: what it is, and what can be done. */
  function heading(title, actions) {
    return el("div", { class: "heading" }, [el("h1", {}, title), el("div", { class: "actions" }, actions)]);
  }

  function section(title, children) {
    return el("section", {}, [el("h2", {}, title), children]);
  }

  /** Say something for a while. */
  function say(message, tone) {
    const note = at("note");
    note.hidden = !message;
    note.className = tone || "good";
    Halld.put(note, message);
  }

  /** A view that cannot be shown, in words. */
  function fail(message) {
    show(at("main"), [
      el("p", { class: "empty bad" }, message),
      el("p", {}, [button(text("manage.again"), () => manage.refresh()), " ", link(text("manage.view.today"), "")]),
    ]);
  }

  /**
   * Ask for more before something is done. With `typed` the key stays locked until
   * that text is typed. `plan.send(values, failed)` closes by `closeDialog`.
   */
  function ask(plan) {
    const dialog = at("dialog");
    const problem = el("p", { class: "bad", role: "alert" });
    const send = el("button", { class: plan.danger ? "danger" : "primary", type: "submit" }, plan.confirm);
    const typed = el("input", { autocomplete: "off", spellcheck: "false", "aria-label": plan.typed || "" });
    // The name in the bar is out of reach while a dialog is open.
    const who = plan.nameless || manage.by() ? null : el("input", { maxlength: 64, autocomplete: "name", placeholder: text("manage.by_hint") });
    function check() {
      send.disabled = Boolean(plan.typed) && typed.value.trim() !== plan.typed;
    }
    typed.addEventListener("input", check);
    const form = el(
      "form",
      {
        submit: (event) => {
          event.preventDefault();
          send.disabled = true;
          if (who && who.value.trim()) {
            at("by").value = who.value.trim();
            at("by").dispatchEvent(new Event("input"));
          }
          plan.send((message) => {
            check();
            fill(problem, message);
          });
        },
      },
      [
        el("h2", {}, plan.title),
        plan.body,
        who ? el("label", { class: "field" }, [text("manage.by"), who]) : "",
        plan.typed ? el("label", { class: "field" }, [text("manage.type_this", { text: plan.typed }), typed]) : "",
        problem,
        el("div", { class: "actions" }, [send, button(text("manage.cancel"), closeDialog)]),
      ]
    );
    check();
    fill(dialog, form);
    if (!dialog.open) {
      dialog.showModal();
    }
  }

  function closeDialog() {
    if (at("dialog").open) {
      at("dialog").close();
    }
  }

  function askToken() {
    const input = el("input", { type: "password", id: "token-text", autocomplete: "off", "aria-label": text("counter.token_title") });
    ask({
      title: text("counter.token_title"),
      body: [el("p", {}, text("counter.token_hint")), el("label", { class: "field" }, input)],
      confirm: text("counter.token_save"),
      nameless: true,
      send: () => {
        localStorage.setItem(manage.tokenKey, input.value.trim());
        closeDialog();
      },
    });
  }

  Halld.parts = {
    el: el, fill: fill, show: show, link: link, button: button, badge: badge, badges: badges,
    number: number, moment: moment, dayText: dayText, addDays: addDays, addMonths: addMonths, stamp: stamp,
    person: person, counterName: counterName, table: table, pager: pager, heading: heading, section: section,
    say: say, fail: fail, ask: ask, closeDialog: closeDialog, askToken: askToken,
  };
})();
