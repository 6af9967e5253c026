/* The kiosk as the hall's enquiry screen: service guides, opening hours, a number's place. */
var HalldEnquiry = (function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;

  /** Seconds without a touch until the first page; reading takes longer. */
  const LIMITS_S = { guides: 30, mine: 30, guide: 90 };
  const LETTERS = "abcdefghijklmnopqrstuvwxyz";
  const HOURS_EVERY_MS = 60000;
  const MAX_LETTERS = 20;
  const MAX_NUMBER = 8;
  /** More letters than these need a wider board. */
  const MANY_PREFIXES = 4;
  /** Room of one guide in the list, px; as high as a key and its margin. */
  const ROW_PX = 112;

  /** What the kiosk lends: view, shown, draw, offers. */
  let kiosk = null;
  let typed = "";
  let found = [];
  let first = 0;
  let question = 0;
  let guide = null;
  /** The languages in which the list and the guide were asked for. */
  let listedIn = "";
  let guideIn = "";
  let number = "";
  let ticket = null;
  let missing = "";
  let today = null;

  function open(name) {
    kiosk.view(name);
    at("back").hidden = name !== "guide";
    at("more").hidden = true;
  }

  /* Opening hours */

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
    if (isKnown) {
      const spans = today.spans.map(function (span) {
        return span.start.slice(0, 5) + "–" + span.end.slice(0, 5);
      });
      const day = spans.length ? text("enquiry.today", { spans: spans.join("  ") }) : text("enquiry.no_hours");
      line.className = today.open ? "is-open" : "is-closed";
      Halld.put(line, (today.open ? text("enquiry.open") : text("enquiry.closed")) + " · " + day);
    }
  }

  /* Guides */

  function openGuides() {
    typed = "";
    first = 0;
    found = [];
    open("guides");
    search();
  }

  function search() {
    question += 1;
    const asked = question;
    const spoken = language();
    showTyped();
    Halld.ask(
      { method: "GET", path: "/guides?limit=200&" + langQuery() + "&q=" + encodeURIComponent(typed), tries: 2 },
      function (status, body) {
        if (asked !== question || kiosk.shown() !== "guides") {
          return;
        }
        found = status === 200 ? body.items : [];
        first = 0;
        listedIn = spoken;
        showFound(status === 200 ? "enquiry.nothing" : "enquiry.unreached");
      }
    );
  }

  function language() {
    return document.documentElement.lang;
  }

  /** What is not in the page's language comes in Chinese. */
  function langQuery() {
    return "lang=" + language();
  }

  function showTyped() {
    const line = at("typed");
    line.className = typed ? "" : "is-hint";
    Halld.put(line, typed ? typed.toUpperCase() : text("enquiry.hint"));
  }

  /** The list as it was left, in the language that is read now. */
  function showList() {
    if (listedIn === language()) {
      showTyped();
      showFound();
    } else {
      search();
    }
  }

  function rowsAtOnce() {
    return Math.max(1, Math.floor(at("found").clientHeight / ROW_PX));
  }

  function showFound(nothing) {
    const list = at("found");
    const size = rowsAtOnce();
    list.textContent = "";
    first = first < found.length ? first : 0;
    found.slice(first, first + size).forEach(function (one) {
      list.appendChild(makeRow(one));
    });
    if (found.length === 0) {
      list.appendChild(make("p", "nothing", text(nothing || "enquiry.nothing")));
    }
    at("more").hidden = found.length <= size;
  }

  function makeRow(one) {
    const row = make("button", "row");
    row.type = "button";
    row.setAttribute("data-guide", one.id);
    row.lang = one.lang;
    row.appendChild(make("span", "title", one.title));
    row.appendChild(make("span", "unit", one.unit));
    row.addEventListener("click", function () {
      readGuide(one.id);
    });
    return row;
  }

  function readGuide(id) {
    const asked = language();
    Halld.ask({ method: "GET", path: "/guides/" + encodeURIComponent(id) + "?" + langQuery(), tries: 2 }, function (status, body) {
      const isRead = kiosk.shown() === "guide";
      if (asked !== language() || (kiosk.shown() !== "guides" && !(isRead && guide.id === id))) {
        return;
      }
      if (status === 200) {
        guide = body;
        guideIn = asked;
        open("guide");
        showGuide();
        at("guide-text").scrollTop = 0;
        markEnds();
      } else if (!isRead) {
        found = [];
        showFound("enquiry.unreached");
      }
    });
  }

  function showGuide() {
    const facts = [guide.unit, guide.window].filter(Boolean);
    if (guide.lang !== guideIn) {
      facts.push(text("enquiry.chinese_only"));
    }
    at("guide").lang = guide.lang;
    at("guide-title").textContent = guide.title;
    at("guide-facts").textContent = facts.join(" · ");
    // Made by the hall of few elements without attributes; all else is escaped.
    at("guide-text").innerHTML = guide.html;
    at("guide-draw").hidden = !guide.service || !kiosk.offers(guide.service);
  }

  function scroll(pages) {
    const box = at("guide-text");
    box.scrollTop += Math.round(box.clientHeight * 0.8 * pages);
    markEnds();
  }

  function markEnds() {
    const box = at("guide-text");
    at("guide-up").disabled = box.scrollTop <= 0;
    at("guide-down").disabled = box.scrollTop + box.clientHeight >= box.scrollHeight - 2;
  }

  /* Where is my number */

  function openMine() {
    number = "";
    ticket = null;
    missing = "";
    open("mine");
    showNumber();
  }

  function showNumber() {
    const line = at("wanted");
    line.className = number ? "" : "is-hint";
    Halld.put(line, number || text("enquiry.number_hint"));
    at("place").textContent = "";
    if (missing) {
      at("place").appendChild(make("p", "", text(missing)));
    } else if (ticket) {
      at("place").appendChild(make("p", "service", Halld.context.names[ticket.service] || ticket.service));
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
      no_show: text("ticket.no_show"),
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
    if (!asked) {
      return;
    }
    const day = today ? "&day=" + today.day : "";
    Halld.ask(
      { method: "GET", path: "/tickets?limit=1000&number=" + encodeURIComponent(asked) + day, tries: 2 },
      function (status, body) {
        if (asked !== number || kiosk.shown() !== "mine") {
          return;
        }
        ticket = status === 200 && body.items.length ? body.items[body.items.length - 1] : null;
        missing = ticket ? "" : status === 200 ? "enquiry.no_number" : "enquiry.unreached";
        showNumber();
      }
    );
  }

  /* Keys */

  function key(board, name, label, touched) {
    const made = make("button", "letter", label);
    made.type = "button";
    made.setAttribute("data-key", name);
    made.addEventListener("click", touched);
    board.appendChild(made);
    return made;
  }

  function type(letter) {
    typed = (typed + letter).slice(0, MAX_LETTERS);
    search();
  }

  function put(sign) {
    number = sign === null ? number.slice(0, -1) : (number + sign).slice(0, MAX_NUMBER);
    ticket = null;
    missing = "";
    showNumber();
  }

  function makeBoards() {
    LETTERS.split("").forEach(function (letter) {
      key(at("letters"), letter, letter.toUpperCase(), function () {
        type(letter);
      });
    });
    key(at("letters"), "back", "⌫", function () {
      typed = typed.slice(0, -1);
      search();
    });
    key(at("letters"), "clear", text("enquiry.clear"), function () {
      typed = "";
      search();
    }).setAttribute("data-text", "enquiry.clear");
    at("digits").classList.toggle("is-wide", Halld.context.prefixes.length > MANY_PREFIXES);
    Halld.context.prefixes.concat("1234567890".split("")).forEach(function (sign) {
      key(at("digits"), sign, sign, function () {
        put(sign);
      });
    });
    key(at("digits"), "back", "⌫", function () {
      put(null);
    });
    const ask = key(at("digits"), "ask", text("enquiry.ask"), lookUp);
    ask.className = "letter is-main";
    ask.setAttribute("data-text", "enquiry.ask");
  }

  /* What the kiosk asks of it */

  function start(lent) {
    kiosk = lent;
    at("ask-guides").hidden = !Halld.context.guides;
    makeBoards();
    at("ask-guides").addEventListener("click", openGuides);
    at("ask-mine").addEventListener("click", openMine);
    at("back").addEventListener("click", function () {
      open("guides");
      showList();
    });
    at("guide-up").addEventListener("click", function () {
      scroll(-1);
    });
    at("guide-down").addEventListener("click", function () {
      scroll(1);
    });
    at("guide-text").addEventListener("scroll", markEnds);
    at("guide-draw").addEventListener("click", function () {
      kiosk.draw(guide.service);
    });
    readHours();
    setInterval(readHours, HOURS_EVERY_MS);
  }

  function more() {
    first += rowsAtOnce();
    showFound();
  }

  /** Another language, another size of type or of the screen. */
  function show() {
    showHours();
    if (kiosk.shown() === "guides") {
      showList();
    } else if (kiosk.shown() === "mine") {
      showNumber();
    } else if (kiosk.shown() === "guide") {
      if (guideIn !== language()) {
        readGuide(guide.id);
      }
      markEnds();
    }
  }

  /** What one person typed is not the next person's. */
  function forget() {
    question += 1;
    typed = "";
    number = "";
    ticket = null;
    missing = "";
    found = [];
    at("back").hidden = true;
  }

  /** Seconds that a page of these may be left alone; 0 for another page. */
  function limitS(view) {
    return LIMITS_S[view] || 0;
  }

  return { start: start, more: more, show: show, forget: forget, limitS: limitS };
})();
