/* The board: for each service how many wait, how long, and who was called last. */
(function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;

  /** On a wall: what does not fit takes turns. */
  const TURN_MS = 10000;
  const MOVE_MS = 60000;
  /** Where the page stands on a wall, in vmin; a new place each minute spares the panel. */
  const PLACES = [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5], [-0.5, 0.5], [-0.5, 0], [-0.5, -0.5], [0, -0.5], [0.5, -0.5]];
  const HIDE_MS = 5000;
  const ROW_VMIN = 11;
  const UPRIGHT_ROW_VMIN = 18;

  let services = [];
  let counters = [];
  let today = null;
  let turn = 0;
  let hideTimer = 0;

  /** Whether it hangs on a wall; else somebody scrolls it. */
  function isWall() {
    return window.innerWidth >= 1000;
  }

  function restore(state) {
    services = state.services.slice();
    counters = state.counters.slice();
    readHours();
    draw();
  }

  function noteTicket(ticket) {
    services.forEach(function (service) {
      if (ticket.waiting && service.id in ticket.waiting) {
        service.waiting = ticket.waiting[service.id];
      }
    });
    draw();
  }

  function noteCounter(counter) {
    counters = counters.map(function (known) {
      return known.id === counter.id ? counter : known;
    });
    draw();
  }

  function noteCall(call) {
    services.forEach(function (service) {
      if (service.id === call.service && call.repeat === 1) {
        service.last_called = call.ticket.number;
      }
    });
    draw();
  }

  function noteServices(changed) {
    changed.forEach(function (one) {
      services.forEach(function (service) {
        if (service.id === one.id) {
          service.waiting = one.waiting;
          service.estimated_wait_s = one.estimated_wait_s;
        }
      });
    });
    draw();
  }

  function openWindows(service) {
    return counters.filter(function (counter) {
      return counter.state !== "paused" && counter.services.indexOf(service.id) >= 0;
    }).length;
  }

  function waitText(service) {
    if (!service.waiting) {
      return openWindows(service) ? text("board.now") : text("board.unknown");
    }
    const wait = service.estimated_wait_s;
    return wait === null ? text("board.unknown") : text("board.minutes", { n: Math.max(1, Math.ceil(wait / 60)) });
  }

  function rowsAtOnce() {
    const vmin = Math.min(window.innerWidth, window.innerHeight) / 100;
    const row = window.innerHeight > window.innerWidth ? UPRIGHT_ROW_VMIN : ROW_VMIN;
    const many = isWall() ? Math.floor(at("services").clientHeight / vmin / row) : services.length;
    return Math.max(1, many);
  }

  function draw() {
    const list = at("services");
    const size = rowsAtOnce();
    const pages = Math.max(1, Math.ceil(services.length / size));
    const first = (turn % pages) * size;
    const shown = services.slice(first, first + size);
    at("empty").hidden = services.length > 0;
    while (list.children.length > shown.length) {
      list.removeChild(list.lastChild);
    }
    shown.forEach(function (service, place) {
      drawRow(list.children[place] || list.appendChild(makeRow()), service);
    });
    Halld.put(at("page"), pages > 1 ? (turn % pages) + 1 + " / " + pages : "");
  }

  function makeRow() {
    const row = make("li");
    const name = row.appendChild(make("div", "name"));
    name.appendChild(make("b"));
    name.appendChild(make("span"));
    ["waiting", "wait", "windows", "last"].forEach(function (key) {
      const cell = row.appendChild(make("div", key));
      cell.appendChild(make("span", "label", text("board." + key)));
      cell.appendChild(make("span", "value"));
    });
    return row;
  }

  function drawRow(row, service) {
    row.setAttribute("data-service", service.id);
    Halld.put(row.children[0].children[0], service.name || service.id);
    Halld.put(row.children[0].children[1], service.audience || "");
    [
      text("board.people", { n: service.waiting }),
      waitText(service),
      text("board.windows_n", { n: openWindows(service) }),
      service.last_called || text("board.nobody"),
    ].forEach(function (value, place) {
      Halld.put(row.children[place + 1].children[1], value);
    });
  }

  /** The day's hours; whether it is open now is seen on the clock. */
  function readHours() {
    Halld.ask({ method: "GET", path: "/hours" }, function (status, body) {
      if (status === 200) {
        today = body.today;
        showHours();
      }
    });
  }

  function showHours() {
    const line = at("hours");
    const isKnown = Boolean(today) && today.open !== null;
    line.hidden = !isKnown;
    if (!isKnown) {
      return;
    }
    const clock = Halld.timeText(Halld.now(), true);
    const isOpen = today.spans.some(function (span) {
      return span.start <= clock && clock < span.end;
    });
    const spans = today.spans.map(function (span) {
      return span.start.slice(0, 5) + "–" + span.end.slice(0, 5);
    });
    const day = spans.length ? text("enquiry.today", { spans: spans.join("  ") }) : text("enquiry.no_hours");
    line.className = isOpen ? "is-open" : "is-closed";
    Halld.put(line, (isOpen ? text("enquiry.open") : text("enquiry.closed")) + " · " + day);
  }

  function move() {
    const place = isWall() ? PLACES[Math.floor(Halld.now() / MOVE_MS) % PLACES.length] : [0, 0];
    at("stage").style.transform = "translate(" + place[0] + "vmin," + place[1] + "vmin)";
  }

  /** The cursor goes when nobody moves it. */
  function showCursor() {
    document.body.classList.remove("is-alone");
    clearTimeout(hideTimer);
    hideTimer = setTimeout(function () {
      document.body.classList.add("is-alone");
    }, HIDE_MS);
  }

  if (window.matchMedia && window.matchMedia("(prefers-contrast: more)").matches) {
    document.body.classList.add("is-high");
  }
  Halld.put(at("area"), Halld.context.name);
  Halld.runClock(at("clock"), at("date"));
  showCursor();
  move();
  window.addEventListener("mousemove", showCursor);
  window.addEventListener("resize", draw);
  setInterval(move, MOVE_MS);
  setInterval(showHours, 1000);
  setInterval(function () {
    turn += 1;
    draw();
  }, TURN_MS);

  Halld.follow({
    area: Halld.context.areas.join(","),
    onEvent: function (kind, data) {
      const note = { snapshot: restore, ticket: noteTicket, counter: noteCounter, call: noteCall }[kind];
      if (note) {
        note(data);
      } else if (kind === "services") {
        noteServices(data.services);
      }
    },
    onLost: function (since) {
      Halld.put(at("lost-since"), text("screen.lost_since", { time: Halld.timeText(since, true) }));
      at("lost").hidden = false;
      document.body.classList.add("is-lost");
    },
    onBack: function () {
      at("lost").hidden = true;
      document.body.classList.remove("is-lost");
    },
  });
})();
