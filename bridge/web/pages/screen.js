/* The hall's screen: who is called now, who was before, how many wait, what time it is. */
(function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;

  /** A call older than this is shown, but not announced again. */
  const FRESH_MS = 30000;
  /** A call is on the screen for at least so long. */
  const STAY_MS = 7000;
  /** The first row and those below it. */
  const MOST_ROWS = 7;
  /** Services that do not fit take turns. */
  const TURN_MS = 8000;
  const MOVE_MS = 60000;
  /** Where the page stands, in vmin; a new place each minute spares the panel. */
  const PLACES = [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5], [-0.5, 0.5], [-0.5, 0], [-0.5, -0.5], [0, -0.5], [0.5, -0.5]];

  /** Calls on the screen, newest first: {call, shownAt, isFresh}. */
  let rows = [];
  /** Calls that wait for a row, oldest first. */
  const pending = [];
  /** Announcements seen, by id and repeat. */
  const seen = {};
  let services = [];
  let turn = 0;
  let pendingTimer = 0;
  let isFirst = true;
  const voice = Halld.voice(Halld.context.voice, Halld.context.area.id, at("sound"));

  function mark(call) {
    return call.id + ":" + call.repeat;
  }

  function isFresh(call) {
    return Halld.now() - Date.parse(call.at) <= FRESH_MS;
  }

  /** One more call; a ticket called again leaves its old row. */
  function add(call, announce) {
    rows = rows.filter(function (row) {
      return row.call.ticket.id !== call.ticket.id;
    });
    rows.unshift({ call: call, shownAt: performance.now(), isFresh: announce });
    rows.length = Math.min(rows.length, MOST_ROWS);
  }

  /** Show a call, or let it wait until the oldest row was there long enough. */
  function announce(call) {
    if (seen[mark(call)]) {
      return;
    }
    seen[mark(call)] = true;
    pending.push(call);
    voice.say(call);
    settle();
  }

  function settle() {
    let changed = false;
    clearTimeout(pendingTimer);
    while (pending.length) {
      const oldest = rows.length === MOST_ROWS ? rows[MOST_ROWS - 1] : null;
      const wait = oldest ? oldest.shownAt + STAY_MS - performance.now() : 0;
      if (wait > 0) {
        pendingTimer = setTimeout(settle, wait);
        break;
      }
      const call = pending.shift();
      add(call, isFresh(call));
      changed = true;
    }
    if (changed) {
      draw(true);
    }
  }

  /** The whole state; what was announced before is not announced again. */
  function restore(calls) {
    const known = {};
    const before = {};
    rows.forEach(function (row) {
      before[mark(row.call)] = row;
    });
    rows = [];
    pending.length = 0;
    let isNew = false;
    calls.slice().reverse().forEach(function (call) {
      const old = before[mark(call)];
      const announceIt = !seen[mark(call)] && isFresh(call);
      seen[mark(call)] = true;
      known[mark(call)] = true;
      isNew = isNew || announceIt;
      add(call, announceIt);
      if (announceIt && !isFirst) {
        voice.say(call); // a page that was just opened leaves it to the others
      }
      if (old) {
        rows[0].shownAt = old.shownAt;
        rows[0].isFresh = old.isFresh && isFresh(call);
      } else if (!announceIt) {
        rows[0].shownAt -= STAY_MS; // an old call holds no row against a new one
      }
    });
    Object.keys(seen).forEach(function (key) {
      if (!known[key]) {
        delete seen[key];
      }
    });
    isFirst = false;
    draw(isNew && Object.keys(before).length > 0);
  }

  /** How long a call has been on the screen, in ms; negative delays go on blinking. */
  function freshen(element, row, digits) {
    const age = performance.now() - row.shownAt;
    const fresh = row.isFresh && age < STAY_MS;
    element.classList.toggle("is-new", fresh);
    digits.forEach(function (part) {
      part.style.animationDelay = fresh ? -Math.round(age) + "ms" : "";
    });
    if (fresh) {
      setTimeout(function () {
        if (performance.now() - row.shownAt >= STAY_MS && element.getAttribute("data-call") === mark(row.call)) {
          element.classList.remove("is-new");
        }
      }, STAY_MS - age + 50);
    }
  }

  function draw(moved) {
    const top = rows[0];
    at("call").hidden = !top;
    at("idle").hidden = Boolean(top);
    at("current").classList.toggle("is-idle", !top);
    if (top) {
      drawCurrent(top);
    }
    const list = at("rows");
    list.textContent = "";
    rows.slice(1).forEach(function (row) {
      list.appendChild(drawRow(row));
    });
    list.classList.remove("shift");
    if (moved) {
      void list.offsetWidth; // lets the animation start anew
      list.classList.add("shift");
    }
  }

  function drawCurrent(row) {
    const call = row.call;
    const panel = at("current");
    const number = String(call.counter_number);
    const longest = Math.max(call.ticket.number.length, number.length + 2);
    at("call").removeAttribute("class");
    if (longest > 4) {
      at("call").className = "long-" + Math.min(longest, 8);
    }
    if (panel.getAttribute("data-call") !== mark(call)) {
      // Taken off first, so that the same class starts the blinking anew.
      panel.classList.remove("is-new");
      void panel.offsetWidth;
      panel.setAttribute("data-call", mark(call));
    }
    Halld.put(at("ticket"), call.ticket.number);
    Halld.put(at("window-number"), number);
    freshen(panel, row, [at("ticket"), at("window-number")]);
  }

  function drawRow(row) {
    const item = make("li");
    const number = make("span", "digits", row.call.ticket.number);
    if (row.call.ticket.number.length > 5) {
      number.classList.add("long");
    }
    item.setAttribute("data-call", mark(row.call));
    item.appendChild(number);
    item.appendChild(make("span", "word", Halld.text("screen.row_window", { n: row.call.counter_number })));
    freshen(item, row, [number]);
    return item;
  }

  /** New counts of services that this screen knows. */
  function count(waiting) {
    services.forEach(function (service) {
      if (waiting && service.id in waiting) {
        service.waiting = waiting[service.id];
      }
    });
    drawServices();
  }

  /** As many services as stand beside one another without being cut. */
  function servicesAtOnce() {
    const ratio = window.innerWidth / window.innerHeight;
    if (ratio > 1.45) {
      return 4;
    }
    return ratio > 1 ? 3 : 2;
  }

  function drawServices() {
    const size = servicesAtOnce();
    const list = at("services");
    const first = (turn * size) % Math.max(services.length, 1);
    const shown = services.slice(first, first + size);
    at("waiting").hidden = services.length === 0;
    while (list.children.length > shown.length) {
      list.removeChild(list.lastChild);
    }
    shown.forEach(function (service, place) {
      let item = list.children[place];
      if (!item) {
        item = make("li");
        item.appendChild(make("span", "name"));
        item.appendChild(make("span", "count digits"));
        list.appendChild(item);
      }
      item.setAttribute("data-service", service.id);
      Halld.put(item.children[0], service.name || service.id);
      Halld.put(item.children[1], Halld.text("screen.people", { n: service.waiting }));
    });
  }

  function takeTurns() {
    const pages = Math.ceil(services.length / servicesAtOnce());
    turn = pages > 1 ? (turn + 1) % pages : 0;
    drawServices();
  }

  function move() {
    const place = PLACES[Math.floor(Halld.now() / MOVE_MS) % PLACES.length];
    at("stage").style.transform = "translate(" + place[0] + "vmin," + place[1] + "vmin)";
  }

  Halld.put(at("area"), Halld.context.area.name);
  Halld.runClock(at("clock"), at("date"));
  move();
  setInterval(move, MOVE_MS);
  setInterval(takeTurns, TURN_MS);

  Halld.follow({
    area: Halld.context.area.id,
    onEvent: function (kind, data) {
      if (kind === "snapshot") {
        services = data.services.slice();
        restore(data.calls);
        drawServices();
      } else if (kind === "call") {
        announce(data);
      } else if (kind === "ticket") {
        count(data.waiting);
      }
    },
    onLost: function (since) {
      Halld.put(at("lost-since"), Halld.text("screen.lost_since", { time: Halld.timeText(since, true) }));
      at("lost").hidden = false;
      document.body.classList.add("is-lost");
    },
    onBack: function () {
      at("lost").hidden = true;
      document.body.classList.remove("is-lost");
    },
  });
})();
