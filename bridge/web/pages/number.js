/* Where is my number: its place in the line, and waiting again after a missed call. */
var HalldNumber = (function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;

  const LIMIT_S = 30;
  const MAX_SIGNS = 8;
  /** More letters than these need a wider board. */
  const MANY_PREFIXES = 4;
  /** News come in bunches; one question serves them all. */
  const LOOK_MS = 300;
  /** A scanner types without a rest, and ends with Enter. */
  const SCAN_GAP_MS = 3000;

  /** What the kiosk lends: view, shown, nameOf, day. */
  let kiosk = null;
  let number = "";
  let ticket = null;
  let missing = "";
  let isAsking = false;
  let hasRejoined = false;
  let timer = 0;
  let scanned = "";
  let scannedAt = 0;

  function open() {
    forget();
    kiosk.view("mine");
    show();
  }

  function show() {
    const line = at("wanted");
    line.className = number ? "" : "is-hint";
    Halld.put(line, number || text("enquiry.number_hint"));
    at("place").textContent = "";
    at("rejoin").hidden = !ticket || ticket.state !== "no_show" || !Halld.context.rejoin || missing !== "";
    at("rejoin").disabled = isAsking;
    if (missing) {
      at("place").appendChild(make("p", "", text(missing)));
    } else if (ticket) {
      at("place").appendChild(make("p", "service", kiosk.nameOf(ticket.service)));
      if (hasRejoined) {
        at("place").appendChild(make("p", "done", text("enquiry.rejoined")));
      }
      at("place").appendChild(make("p", ticket.state === "called" ? "is-called" : "", placeOf(ticket)));
    }
  }

  function placeOf(one) {
    const windows = Halld.context.windows;
    const there = { n: windows[one.counter] === undefined ? "" : windows[one.counter] };
    const known = {
      called: text("ticket.called", there),
      serving: text("ticket.serving", there),
      held: text("ticket.held"),
      no_show: text(Halld.context.rejoin ? "enquiry.missed" : "ticket.no_show"),
      waiting_rating: text("ticket.over"),
      finished: text("ticket.over"),
      expired: text("ticket.over"),
    };
    if (known[one.state]) {
      return known[one.state];
    }
    if (one.waiting_before === 0) {
      return text("ticket.next");
    }
    const line = text("ticket.ahead", { n: one.waiting_before });
    const wait = one.estimated_wait_s;
    return wait ? line + " · " + text("kiosk.minutes", { n: Math.max(1, Math.ceil(wait / 60)) }) : line;
  }

  function lookUp() {
    const asked = number;
    hasRejoined = false;
    if (!asked) {
      return;
    }
    const day = kiosk.day() ? "&day=" + kiosk.day() : "";
    Halld.ask(
      { method: "GET", path: "/tickets?limit=1000&number=" + encodeURIComponent(asked) + day, tries: 2 },
      function (status, body) {
        if (asked !== number || kiosk.shown() !== "mine") {
          return;
        }
        take(status === 200 ? body.items[body.items.length - 1] : null, status);
      }
    );
  }

  function take(found, status) {
    ticket = found || null;
    missing = ticket ? "" : status === 200 || status === 404 ? "enquiry.no_number" : "enquiry.unreached";
    show();
  }

  /** What a scanner read: the address on a ticket, or its number. */
  function readScan(code) {
    const address = /\/ticket\/([0-9a-z-]+)/i.exec(code);
    const plain = /^[A-Z]{0,3}[0-9]{3,6}$/.exec(code.toUpperCase());
    if (address) {
      open();
      Halld.ask({ method: "GET", path: "/tickets/" + address[1].toLowerCase(), tries: 2 }, function (status, body) {
        if (kiosk.shown() === "mine") {
          number = status === 200 ? body.number : "";
          take(status === 200 ? body : null, status);
        }
      });
    } else if (plain) {
      open();
      number = plain[0];
      lookUp();
    }
  }

  function onKey(event) {
    const now = performance.now();
    const isHere = kiosk.shown() === "home" || kiosk.shown() === "mine";
    if (now - scannedAt > SCAN_GAP_MS) {
      scanned = "";
    }
    scannedAt = now;
    if (event.key === "Enter" && scanned.length > 2 && isHere) {
      event.preventDefault();
      readScan(scanned);
      scanned = "";
    } else if (event.key.length === 1) {
      scanned += event.key;
    }
  }

  /** Wait again, a few places behind; one touch, once. */
  function rejoin() {
    const asked = ticket;
    if (!asked || isAsking) {
      return;
    }
    isAsking = true;
    show();
    Halld.ask(
      {
        method: "POST",
        path: "/tickets/" + asked.id + "/rejoin",
        body: { channel: "kiosk" },
        key: Halld.newKey(),
        tries: 3,
      },
      function (status, body) {
        isAsking = false;
        if (ticket !== asked) {
          return;
        }
        if (status === 200) {
          ticket = body;
          hasRejoined = true;
        } else {
          missing = body.type === "too-late" ? "enquiry.too_late" : "enquiry.not_rejoined";
        }
        show();
      }
    );
  }

  /** News of the ticket that is looked at, or of somebody before it. */
  function hear(news) {
    const isQueued = ticket && (ticket.state === "waiting" || ticket.state === "transferred");
    if (!ticket || kiosk.shown() !== "mine") {
      return;
    }
    if ((news.id === ticket.id || isQueued) && !timer) {
      timer = setTimeout(lookAgain, LOOK_MS);
    }
  }

  function lookAgain() {
    const asked = ticket;
    timer = 0;
    if (!asked || isAsking) {
      return;
    }
    Halld.ask({ method: "GET", path: "/tickets/" + asked.id }, function (status, body) {
      if (status === 200 && ticket === asked && !isAsking) {
        ticket = body;
        show();
      }
    });
  }

  function put(sign) {
    number = sign === null ? number.slice(0, -1) : (number + sign).slice(0, MAX_SIGNS);
    ticket = null;
    missing = "";
    hasRejoined = false;
    show();
  }

  function key(name, label, touched) {
    const made = make("button", "letter", label);
    made.type = "button";
    made.setAttribute("data-key", name);
    made.addEventListener("click", touched);
    at("digits").appendChild(made);
    return made;
  }

  function makeBoard() {
    at("digits").classList.toggle("is-wide", Halld.context.prefixes.length > MANY_PREFIXES);
    Halld.context.prefixes.concat("1234567890".split("")).forEach(function (sign) {
      key(sign, sign, function () {
        put(sign);
      });
    });
    key("back", "⌫", function () {
      put(null);
    }).setAttribute("aria-label", "⌫");
    const ask = key("ask", text("enquiry.ask"), lookUp);
    ask.className = "letter is-main";
    ask.setAttribute("data-text", "enquiry.ask");
  }

  function start(lent) {
    kiosk = lent;
    makeBoard();
    at("ask-mine").addEventListener("click", open);
    at("rejoin").addEventListener("click", rejoin);
    document.addEventListener("keydown", onKey);
  }

  /** What one person typed is not the next person's. */
  function forget() {
    number = "";
    ticket = null;
    missing = "";
    hasRejoined = false;
  }

  return {
    start: start,
    show: show,
    hear: hear,
    forget: forget,
    limitS: function (view) {
      return view === "mine" ? LIMIT_S : 0;
    },
  };
})();
