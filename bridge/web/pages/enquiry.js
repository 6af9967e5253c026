/* The kiosk as the hall's enquiry screen: service guides and opening hours. */
var HalldEnquiry = (function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;

  /** Seconds without a touch until the first page; reading takes longer. */
  const LIMITS_S = { guides: 30, guide: 90 };
  const LETTERS = "abcdefghijklmnopqrstuvwxyz";
  const HOURS_EVERY_MS = 60000;
  const MAX_LETTERS = 20;
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
  let today = null;
  let opens = null;

  function open(name) {
    kiosk.view(name);
  }

  /* Opening hours */

  function readHours() {
    Halld.ask({ method: "GET", path: "/hours" }, function (status, body) {
      if (status === 200) {
        // This may come before the stream has told the hall's time and zone.
        Halld.setTime(body.today.time);
        today = body.today;
        opens = body.next;
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
      const next = !today.open && opens ? text("enquiry.opens", { when: Halld.whenText(Date.parse(opens)) }) : "";
      const day = spans.length ? text("enquiry.today", { spans: spans.join("  ") }) : text("enquiry.no_hours");
      line.className = today.open ? "is-open" : "is-closed";
      Halld.put(line, (today.open ? text("enquiry.open") : text("enquiry.closed")) + " · " + (next || day));
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

  function makeBoard() {
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
  }

  /* What the kiosk asks of it */

  function start(lent) {
    kiosk = lent;
    at("ask-guides").hidden = !Halld.context.guides;
    makeBoard();
    at("ask-guides").addEventListener("click", openGuides);
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

  /** From a guide back to the list. */
  function back() {
    open("guides");
    showList();
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
    found = [];
  }

  /** Seconds that a page of these may be left alone; 0 for another page. */
  function limitS(view) {
    return LIMITS_S[view] || 0;
  }

  return {
    start: start,
    back: back,
    more: more,
    show: show,
    forget: forget,
    limitS: limitS,
    /** The hall-day, once it is known. */
    day: function () {
      return today ? today.day : "";
    },
  };
})();
