/* What all pages share: their texts, the hall's time, and requests. */
var Halld = (function () {
  "use strict";

  const context = JSON.parse(document.getElementById("context").textContent);
  let texts = context.texts;

  /** Server time in ms since 1970 minus the page's own running time. */
  let timeBase = Date.now() - performance.now();
  /** The hall's offset from UTC in minutes. */
  let zoneMinutes = 0;
  /** Redraws the clock; a page shows none before the hall told the time. */
  let tick = null;
  let isTimeKnown = false;

  /**
   * A text of the catalogue with {name} filled in.
   * @param {string} key
   * @param {Object<string, (string|number)>=} values
   * @returns {string}
   */
  function text(key, values) {
    const pattern = texts[key];
    if (pattern === undefined) {
      return key;
    }
    return pattern.replace(/\{(\w+)\}/g, function (whole, name) {
      return values && name in values ? String(values[name]) : whole;
    });
  }

  /** Change the language of a page that carries both catalogues. */
  function speak(language) {
    texts = context.catalogue[language];
    document.documentElement.lang = language;
    const marked = document.querySelectorAll("[data-text]");
    for (let i = 0; i < marked.length; i += 1) {
      marked[i].textContent = text(marked[i].getAttribute("data-text"));
    }
  }

  /** @returns {HTMLElement} the element of that id */
  function at(id) {
    return document.getElementById(id);
  }

  /**
   * A new element with class and text.
   * @param {string} tag
   * @param {string=} className
   * @param {string=} content
   * @returns {HTMLElement}
   */
  function make(tag, className, content) {
    const element = document.createElement(tag);
    element.className = className || "";
    if (content !== undefined) {
      element.textContent = content;
    }
    return element;
  }

  /** Write a text only when it changed, so that nothing is drawn for nothing. */
  function put(element, content) {
    if (element.textContent !== content) {
      element.textContent = content;
    }
  }

  /** Take the hall's time and offset from an RFC 3339 text. */
  function setTime(stamp) {
    const moment = Date.parse(stamp);
    const offset = /([+-])(\d\d):(\d\d)$/.exec(stamp);
    if (isNaN(moment)) {
      return;
    }
    timeBase = moment - performance.now();
    zoneMinutes = 0;
    if (offset) {
      zoneMinutes = (offset[1] === "-" ? -1 : 1) * (offset[2] * 60 + Number(offset[3]));
    }
    isTimeKnown = true;
    if (tick) {
      tick();
    }
  }

  /** @returns {number} the hall's time in ms since 1970 */
  function now() {
    return timeBase + performance.now();
  }

  function two(number) {
    return (number < 10 ? "0" : "") + number;
  }

  /** Hours and minutes in the hall, with seconds when asked. */
  function timeText(moment, withSeconds) {
    const there = new Date(moment + zoneMinutes * 60000);
    const short = two(there.getUTCHours()) + ":" + two(there.getUTCMinutes());
    return withSeconds ? short + ":" + two(there.getUTCSeconds()) : short;
  }

  /** The hall's date in words. */
  function dateText(moment) {
    const there = new Date(moment + zoneMinutes * 60000);
    return text("date.long", {
      month: there.getUTCMonth() + 1,
      day: there.getUTCDate(),
      weekday: text("date.weekdays").split(",")[there.getUTCDay()],
    });
  }

  /** Days since 1970 of a moment in the hall. */
  function dayNumber(moment) {
    return Math.floor((moment + zoneMinutes * 60000) / 86400000);
  }

  /** A moment to come, in words: the time alone when it is today. */
  function whenText(moment) {
    const days = dayNumber(moment) - dayNumber(now());
    if (days === 0) {
      return timeText(moment);
    }
    const day = days === 1 ? text("date.tomorrow") : dateText(moment);
    return day + " " + timeText(moment);
  }

  /** Keep a clock on the page: `time` and `date` are elements. */
  function runClock(time, date) {
    tick = function () {
      if (isTimeKnown) {
        put(time, timeText(now()));
        if (date) {
          put(date, dateText(now()));
        }
      }
    };
    setInterval(tick, 1000);
  }

  /** A new key for one intent; sent again with it, a request acts once. */
  function newKey() {
    const parts = [];
    const random = new Uint32Array(4);
    window.crypto.getRandomValues(random);
    for (let i = 0; i < random.length; i += 1) {
      parts.push(random[i].toString(36));
    }
    return parts.join("-");
  }

  /**
   * Ask the hall. `done(status, body)`; status 0 when it was not reached.
   * @param {{method: string, path: string, body: (Object|undefined),
   *          key: (string|undefined), token: (string|null|undefined),
   *          tries: (number|undefined), timeout_ms: (number|undefined)}} order
   * @param {function(number, Object)} done
   */
  function ask(order, done) {
    const request = new XMLHttpRequest();
    const left = (order.tries || 1) - 1;
    request.open(order.method, "/api/v1" + order.path);
    request.timeout = order.timeout_ms || 6000;
    if (order.key) {
      request.setRequestHeader("Idempotency-Key", order.key);
    }
    if (order.token) {
      request.setRequestHeader("X-Halld-Token", order.token);
    }
    request.onloadend = function () {
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch (error) {
        body = {};
      }
      const unreached = request.status === 0 || request.status >= 502;
      if (unreached && left > 0) {
        // The same key: a try that did arrive is not done a second time.
        setTimeout(function () {
          ask(Object.assign({}, order, { tries: left }), done);
        }, 700);
        return;
      }
      done(request.status, body);
    };
    if (order.body) {
      request.setRequestHeader("Content-Type", "application/json");
      request.send(JSON.stringify(order.body));
    } else {
      request.send();
    }
  }

  return {
    context: context,
    text: text,
    speak: speak,
    at: at,
    make: make,
    put: put,
    setTime: setTime,
    now: now,
    timeText: timeText,
    whenText: whenText,
    runClock: runClock,
    newKey: newKey,
    ask: ask,
  };
})();
