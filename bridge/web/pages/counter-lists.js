/* Whose turn it is at this window, whom it holds, and who missed a call. */
var HalldLists = (function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;
  const counter = Halld.context.counter;

  /** News come in bunches; one question serves them all. */
  const SETTLE_MS = 200;
  /** News of other windows may wait longer, and not all pads of a hall ask at once. */
  const OTHERS_MS = 800;
  const AGAIN_MS = 5000;
  /** Minutes on the page grow by themselves. */
  const REDRAW_MS = 15000;
  const MOST = 40;

  const classes = {};
  const services = {};
  let line = { waiting: [], total: 0, held: [], missed: [] };
  let timer = 0;
  let dueAt = 0;
  let isAsking = false;
  let isStale = false;
  /** What a pad lends: resume, call, rejoin, changed. */
  let pad = null;

  function nameOf(service) {
    return services[service] || service;
  }

  function className(ticket) {
    return ticket.priority ? classes[ticket.priority] || ticket.priority : "";
  }

  /** Whole minutes since a moment. */
  function minutesSince(stamp) {
    return Math.max(0, Math.floor((Halld.now() - Date.parse(stamp)) / 60000));
  }

  function describe(ticket) {
    const parts = [nameOf(ticket.service)];
    if (className(ticket)) {
      parts.push(className(ticket));
    }
    return parts.join(" · ");
  }

  function row(ticket, isOwn) {
    const item = make("li");
    const words = make("span", "of");
    item.setAttribute("data-number", ticket.number);
    item.appendChild(make("b", "", ticket.number));
    if (className(ticket)) {
      words.appendChild(make("em", "", className(ticket)));
    }
    if (isOwn) {
      words.appendChild(make("em", "is-own", text("counter.for_here")));
    }
    words.appendChild(make("span", "", nameOf(ticket.service)));
    item.appendChild(words);
    return item;
  }

  function addKey(item, label, done) {
    const key = make("button");
    key.type = "button";
    key.appendChild(make("b", "", label));
    key.addEventListener("click", done);
    item.appendChild(key);
  }

  function fill(list, items, nothing) {
    list.textContent = "";
    items.forEach(function (item) {
      list.appendChild(item);
    });
    if (!items.length) {
      list.appendChild(make("li", "nothing", nothing));
    }
  }

  /** The whole of it; keys that would bring somebody only where that can be. */
  function draw() {
    const isFree = pad.isFree();
    Halld.put(at("waiting-total"), text("counter.people", { n: line.total }));
    fill(
      at("waiting"),
      line.waiting.slice(0, MOST).map(function (ticket) {
        const item = row(ticket, ticket.only_counter === counter.id);
        const waited = minutesSince(ticket.issued_at);
        item.appendChild(make("span", "waited", text("counter.minutes", { n: waited })));
        return item;
      }),
      text("counter.nobody_waits")
    );
    fill(
      at("held"),
      line.held.map(function (ticket) {
        const item = row(ticket, false);
        if (isFree) {
          addKey(item, text("counter.resume-ticket"), function () {
            pad.resume(ticket);
          });
        }
        return item;
      }),
      text("counter.nobody_held")
    );
    fill(
      at("missed"),
      line.missed.slice(0, MOST).map(function (ticket) {
        const item = row(ticket, false);
        const keys = item.appendChild(make("span", "keys"));
        addKey(keys, text("counter.again"), function () {
          pad.rejoin(ticket);
        });
        if (isFree && (ticket.counter === counter.id || ticket.counter === null)) {
          addKey(keys, text("counter.call_again"), function () {
            pad.call(ticket);
          });
        }
        return item;
      }),
      text("counter.nobody_missed")
    );
  }

  /** Ask soon; what came meanwhile is asked for once more. */
  function refresh() {
    plan(SETTLE_MS);
  }

  function plan(wait) {
    const due = performance.now() + wait;
    if (isAsking) {
      isStale = true;
    } else if (!timer || due < dueAt) {
      clearTimeout(timer);
      dueAt = due;
      timer = setTimeout(ask, wait);
    }
  }

  function ask() {
    timer = 0;
    isAsking = true;
    isStale = false;
    Halld.ask({ method: "GET", path: "/counters/" + counter.id + "/queue" }, function (status, body) {
      isAsking = false;
      if (status === 200) {
        line = body;
        draw();
        pad.changed();
      }
      if (isStale) {
        refresh();
      } else if (status !== 200) {
        plan(AGAIN_MS);
      }
    });
  }

  /** News of a ticket: soon when it is this window's, else in a while. */
  function hear(ticket) {
    const isListed = line.held.concat(line.missed, line.waiting).some(function (one) {
      return one.id === ticket.id;
    });
    if (ticket.counter === counter.id || ticket.only_counter === counter.id) {
      refresh();
    } else if (isListed || pad.services().indexOf(ticket.service) >= 0) {
      plan(OTHERS_MS * (1 + Math.random()));
    }
  }

  /** A missed ticket by what was typed: A005, or 5 without its letters. */
  function missed(typed) {
    const isShort = /^[0-9]+$/.test(typed);
    return line.missed.filter(function (ticket) {
      const digits = ticket.number.replace(/^[A-Z]+/, "");
      return isShort ? Number(digits) === Number(typed) : ticket.number === typed;
    })[0];
  }

  function start(lent) {
    pad = lent;
    Halld.context.services.forEach(function (service) {
      const english = document.documentElement.lang === "en" ? service.name_en : "";
      services[service.id] = english || service.name;
    });
    Halld.context.classes.forEach(function (one) {
      classes[one.id] = one.name;
    });
    draw();
    setInterval(draw, REDRAW_MS);
  }

  return {
    start: start,
    draw: draw,
    refresh: refresh,
    hear: hear,
    missed: missed,
    nameOf: nameOf,
    describe: describe,
    minutesSince: minutesSince,
    total: function () {
      return line.total;
    },
    isHolding: function () {
      return line.held.length > 0;
    },
  };
})();
