/* What a window pad shows: the state, its keys, the ticket and what it is for. */
var HalldWindow = (function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;

  /** The likely action of each state is the largest key. */
  const PRIMARY = { idle: "call", calling: "start", serving: "finish", rating: "call", paused: "open" };
  const OTHERS = {
    idle: ["number", "rejoin", "pause"],
    "idle-held": ["resume-ticket", "number", "rejoin", "pause"],
    calling: ["recall", "no-show", "hold", "transfer", "return", "finish"],
    serving: ["recall", "hold", "transfer"],
    rating: ["finish", "number", "pause"],
    "rating-held": ["finish", "resume-ticket", "number", "pause"],
    paused: ["pause"],
    "paused-called": ["no-show", "hold", "transfer", "return", "finish", "pause"],
    "paused-serving": ["hold", "transfer", "finish", "pause"],
  };
  /** Letters as they stand on the keys; the space bar is the primary key. */
  const LETTERS = {
    recall: "R",
    "no-show": "N",
    hold: "H",
    transfer: "T",
    return: "B",
    finish: "F",
    pause: "P",
    number: "G",
    rejoin: "J",
    "resume-ticket": "U",
  };
  const MOST_KNOWN = 100;
  /** Tickets at this window in full, by id: the window itself tells of them in brief. */
  let known = {};
  /** How many wait, by service. */
  const waiting = {};
  /** What is shown now. */
  let shown = { state: "", ticket: null, services: [] };
  let onPress = null;

  /** The word of a state; a ticket that waits for its rating has its own. */
  function stateOf(now) {
    const isRating = now.ticket && now.ticket.state === "waiting_rating" && now.state !== "paused";
    return isRating ? "rating" : now.state;
  }

  /** Which other keys there are: a paused window may still have somebody there. */
  function keysOf(now) {
    const state = stateOf(now);
    const there = now.ticket && (now.ticket.state === "called" || now.ticket.state === "serving");
    if (state === "paused" && there) {
      return "paused-" + now.ticket.state;
    }
    return state + "-held" in OTHERS && HalldLists.isHolding() ? state + "-held" : state;
  }

  function note(ticket) {
    if (Object.keys(known).length > MOST_KNOWN) {
      known = {};
    }
    known[ticket.id] = ticket;
  }

  /** The ticket at the window in full; after a reload it is asked for. */
  function whole(brief) {
    if (!brief || !brief.id) {
      return null;
    }
    if (known[brief.id] === undefined) {
      known[brief.id] = null;
      Halld.ask({ method: "GET", path: "/tickets/" + brief.id, tries: 2 }, function (status, body) {
        if (status === 200) {
          note(body);
          drawVisit();
        } else {
          delete known[brief.id];
        }
      });
    }
    return known[brief.id];
  }

  /**
   * Show a window.
   * @param {Object} now as the hall tells of it, or as it is expected to become
   * @param {boolean} isGuess whether the hall has not answered yet
   */
  function draw(now, isGuess) {
    const state = stateOf(now);
    shown = now;
    document.body.setAttribute("data-state", state);
    document.body.classList.toggle("is-sending", isGuess);
    Halld.put(at("state-word"), state ? text("counter." + state) : "");
    Halld.put(at("number"), now.ticket ? now.ticket.number : "");
    at("number").classList.toggle("is-long", now.ticket !== null && now.ticket.number.length > 4);
    at("number").classList.toggle("is-guess", isGuess && now.ticket !== null);
    drawKeys();
    drawSeat();
    drawUntil();
    drawVisit();
    drawServices();
  }

  /** The lists came: how many wait, whether somebody is held. */
  function drawKeys() {
    drawPrimary();
    drawOthers(keysOf(shown));
  }

  function drawPrimary() {
    const primary = PRIMARY[stateOf(shown)];
    at("primary").hidden = !primary;
    if (primary) {
      const key = at("primary").children;
      const waits = primary === "call" ? text("counter.waiting_now", { n: HalldLists.total() }) : "";
      at("primary").setAttribute("data-action", primary);
      Halld.put(key[0], text("counter." + primary));
      Halld.put(key[1], waits);
      Halld.put(key[2], text("counter.space"));
    }
  }

  function drawOthers(keys) {
    const list = at("others");
    if (list.getAttribute("data-for") === keys) {
      return;
    }
    list.setAttribute("data-for", keys);
    list.setAttribute("data-count", (OTHERS[keys] || []).length);
    list.textContent = "";
    (OTHERS[keys] || []).forEach(function (action) {
      const word = keys.indexOf("paused") === 0 && action === "pause" ? "pause_longer" : action;
      const key = HalldPanels.makeKey(text("counter." + word), LETTERS[action], function () {
        onPress(action);
      });
      key.setAttribute("data-action", action);
      list.appendChild(key);
    });
  }

  function drawSeat() {
    const key = at("seat").children[0];
    Halld.put(key, shown.staff ? text("counter.staff", { staff: shown.staff }) : text("counter.sign-in"));
    at("seat").classList.toggle("is-empty", !shown.staff);
  }

  /** How long the pause lasts still. */
  function drawUntil() {
    const until = shown.state === "paused" && shown.paused_until ? Date.parse(shown.paused_until) : 0;
    at("until").hidden = !until;
    if (until) {
      const left = Math.max(0, Math.ceil((until - Halld.now()) / 1000));
      const seconds = left % 60;
      const clock = Math.floor(left / 60) + ":" + (seconds < 10 ? "0" : "") + seconds;
      Halld.put(at("until").children[0], clock);
      Halld.put(at("until").children[1], text("counter.until", { time: Halld.timeText(until) }));
    }
  }

  /** What the ticket at the window is for, and what comes after it. */
  function drawVisit() {
    const box = at("visit");
    const ticket = whole(shown.ticket);
    box.textContent = "";
    if (!ticket) {
      return;
    }
    const waited = (Date.parse(ticket.called_at || ticket.issued_at) - Date.parse(ticket.issued_at)) / 60000;
    box.appendChild(make("p", "service", HalldLists.describe(ticket)));
    box.appendChild(make("p", "", text("counter.waited", { n: Math.max(0, Math.floor(waited)) })));
    if (ticket.next_services.length) {
      const names = ticket.next_services.map(HalldLists.nameOf).join(text("counter.comma"));
      box.appendChild(make("p", "next", text("counter.next_services", { services: names })));
    }
  }

  function drawServices() {
    const list = at("services");
    list.textContent = "";
    (shown.services || []).forEach(function (id) {
      const item = make("li", "", HalldLists.nameOf(id));
      item.setAttribute("data-service", id);
      item.appendChild(make("b", "", id in waiting ? text("counter.people", { n: waiting[id] }) : ""));
      list.appendChild(item);
    });
  }

  /** @param {Object<string, number>} news how many wait, by service */
  function count(news) {
    Object.assign(waiting, news);
    drawServices();
  }

  /** @param {Array<{id: string, waiting: number}>} list every service */
  function countAll(list) {
    list.forEach(function (service) {
      waiting[service.id] = service.waiting;
    });
    drawServices();
  }

  /** News of a ticket, from the stream. */
  function hear(ticket, counter) {
    if (ticket.counter === counter || ticket.id in known) {
      note(ticket);
      drawVisit();
    }
  }

  /** @param {function(string)} press what a key asks for */
  function start(press) {
    onPress = press;
    setInterval(drawUntil, 500);
  }

  return {
    start: start,
    draw: draw,
    drawKeys: drawKeys,
    note: note,
    hear: hear,
    count: count,
    countAll: countAll,
    stateOf: stateOf,
  };
})();
