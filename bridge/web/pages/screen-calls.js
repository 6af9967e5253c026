/* Who is called now and who was called before. */
(function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;

  /** A call older than this is shown, but not announced again. */
  const FRESH_MS = 30000;
  /** A call is on the screen for at least so long. */
  const STAY_MS = 7000;
  /** Calls that the hall tells of; a screen has room for fewer. */
  const KEPT = 20;

  /**
   * @param {{areas: Array<{id: string, name: string}>,
   *          onFresh: function(Object, boolean)}} screen
   *   onFresh gets a call that nobody saw yet, and whether it came just now.
   * @returns {{add: function(Object), restore: function(Array<Object>),
   *            latest: function(): (Object|null), fit: function()}}
   */
  Halld.callList = function (screen) {
    /** Calls on the screen, newest first: {call, shownAt, isFresh}. */
    let rows = [];
    /** How many of them there is room for. */
    let room = 7;
    /** Calls that wait for a row, oldest first. */
    const pending = [];
    /** Announcements seen, by id and repeat. */
    const seen = {};
    let pendingTimer = 0;
    let isFirst = true;

    function mark(call) {
      return call.id + ":" + call.repeat;
    }

    function isFresh(call) {
      return Halld.now() - Date.parse(call.at) <= FRESH_MS;
    }

    /** One more call; a ticket called again leaves its old row. */
    function put(call, announceIt) {
      rows = rows.filter(function (row) {
        return row.call.ticket.id !== call.ticket.id;
      });
      rows.unshift({ call: call, shownAt: performance.now(), isFresh: announceIt });
      rows.length = Math.min(rows.length, KEPT);
    }

    /** Show a call, or let it wait until the oldest row was there long enough. */
    function add(call) {
      if (seen[mark(call)]) {
        return;
      }
      seen[mark(call)] = true;
      pending.push({ call: call, since: performance.now() });
      screen.onFresh(call, true);
      settle();
    }

    function settle() {
      let changed = false;
      clearTimeout(pendingTimer);
      while (pending.length) {
        const oldest = rows.length >= room ? rows[room - 1] : null;
        // In a rush a call waits no longer than a row stays: a screen never lags more.
        const since = oldest ? Math.min(oldest.shownAt, pending[0].since) : 0;
        const wait = oldest ? since + STAY_MS - performance.now() : 0;
        if (wait > 0) {
          pendingTimer = setTimeout(settle, wait);
          break;
        }
        const call = pending.shift().call;
        put(call, isFresh(call));
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
        put(call, announceIt);
        if (announceIt && !isFirst) {
          screen.onFresh(call, false); // a page that was just opened leaves it to the others
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
      rows.slice(1, room).forEach(function (row) {
        list.appendChild(drawRow(row));
      });
      list.classList.remove("shift");
      if (moved) {
        void list.offsetWidth; // lets the animation start anew
        list.classList.add("shift");
      }
    }

    /** The area of a call, where a screen is of several. */
    function areaName(call) {
      const found = screen.areas.filter(function (area) {
        return area.id === call.area;
      })[0];
      return screen.areas.length > 1 && found ? found.name : "";
    }

    function drawCurrent(row) {
      const call = row.call;
      const panel = at("current");
      const number = String(call.counter_number);
      const longest = Math.max(call.ticket.number.length, number.length + 2);
      const whole = call.ticket.number.length + number.length;
      at("call").className = (longest > 4 ? "long-" + Math.min(longest, 8) : "") + " whole-" + Math.min(whole, 12);
      if (panel.getAttribute("data-call") !== mark(call)) {
        // Taken off first, so that the same class starts the blinking anew.
        panel.classList.remove("is-new");
        void panel.offsetWidth;
        panel.setAttribute("data-call", mark(call));
      }
      Halld.put(at("ticket"), call.ticket.number);
      Halld.put(at("window-number"), number);
      Halld.put(at("call-area"), areaName(call));
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

    /** Count the rows that are seen whole. */
    function fit() {
      const list = at("rows");
      const isRow = getComputedStyle(list).display === "flex";
      const sample = list.firstElementChild || list.appendChild(make("li", "", "0"));
      const many = isRow
        ? Math.round(list.clientWidth / sample.offsetWidth)
        : Math.floor((list.clientHeight + 1) / sample.offsetHeight);
      room = 1 + Math.max(1, Math.min(many || 6, KEPT - 1));
      draw(false);
    }

    return {
      add: add,
      restore: restore,
      fit: fit,
      latest: function () {
        return rows.length ? rows[0].call : null;
      },
    };
  };
})();
