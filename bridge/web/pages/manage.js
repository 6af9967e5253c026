/* What the managers' pages share: the address, requests, and who acts. */
(function () {
  "use strict";

  const at = Halld.at;
  const text = Halld.text;
  const BASE = "/manage/attendance";
  const BY_KEY = "halld.by";
  const TOKEN_KEY = "halld.token";
  const TIMEOUT_MS = 20000;
  const RETRY_MS = 5000;
  /** The most rows that the hall gives at once. */
  const PAGE_ROWS = 1000;

  let params = readParams();
  let people = null;
  /** Called when the address changed. */
  let redraw = function () {};
  /** Which drawing of the page is current; answers to an older one are dropped. */
  let turn = 0;

  function readParams() {
    const found = {};
    new URLSearchParams(location.search).forEach((value, name) => {
      found[name] = value;
    });
    return found;
  }

  /** `?a=b` of the values that say something, or nothing. */
  function query(values) {
    const search = new URLSearchParams();
    Object.keys(values || {}).forEach((name) => {
      const value = values[name];
      if (value !== undefined && value !== null && value !== "") {
        search.set(name, String(value));
      }
    });
    const written = search.toString();
    return written ? "?" + written : "";
  }

  /** The address of a view; it keeps the language. */
  function href(view, values) {
    const all = Object.assign({}, values);
    if (params.lang) {
      all.lang = params.lang;
    }
    return BASE + (view ? "/" + view : "") + query(all);
  }

  /** Change filters: they live in the address. */
  function go(values) {
    history.pushState(null, "", location.pathname + query(Object.assign({}, params, values)));
    params = readParams();
    redraw();
  }

  /** The address of something to download. */
  function fileHref(path, values) {
    return "/api/v1/attendance" + path + query(values);
  }

  function lost(isLost) {
    document.body.classList.toggle("is-lost", isLost);
    at("lost").hidden = !isLost;
    if (isLost) {
      Halld.put(at("lost"), text("manage.lost", { time: Halld.timeText(heard || Halld.now()) }));
    }
  }

  /** When the hall last answered, in its own time. */
  let heard = 0;

  /**
   * Ask for something to show. While the hall is not reached the page says so and
   * asks again; what was shown stays.
   * @param {string} path below /attendance
   * @param {Object} values
   * @param {function(Object)} done
   * @param {function(number, Object)=} refused
   */
  function get(path, values, done, refused) {
    const asked = turn;
    Halld.ask(
      { method: "GET", path: "/attendance" + path + query(values), timeout_ms: TIMEOUT_MS },
      (status, body) => {
        if (asked !== turn) {
          return;
        }
        if (status === 0 || status >= 500) {
          lost(true);
          setTimeout(() => {
            if (asked === turn) {
              get(path, values, done, refused);
            }
          }, RETRY_MS);
          return;
        }
        lost(false);
        heard = Halld.now();
        if (status === 200) {
          done(body);
        } else if (refused) {
          refused(status, body);
        } else {
          Halld.parts.fail(problem(status, body));
        }
      }
    );
  }

  /** Every row of a list, page by page. */
  function getAll(path, values, done) {
    const found = [];
    function next() {
      const part = Object.assign({}, values, { limit: PAGE_ROWS, offset: found.length });
      get(path, part, (body) => {
        body.items.forEach((item) => found.push(item));
        if (body.items.length && found.length < body.total) {
          next();
        } else {
          done(found);
        }
      });
    }
    next();
  }

  /** Everybody, by id; asked once a page. */
  function withPeople(done) {
    if (people) {
      done(people);
      return;
    }
    getAll("/people", {}, (items) => {
      people = {};
      items.forEach((item) => {
        people[item.id] = factOf(item);
      });
      done(people);
    });
  }

  /** The fact of a list's row, with the id of the row. */
  function factOf(item) {
    return Object.assign({}, item.fact || item, { id: item.id });
  }

  function by() {
    return at("by").value.trim();
  }

  /**
   * Tell the hall something, in the name of who acts.
   * `done(body)`; `failed(message, body)` in words.
   */
  function tell(path, body, done, failed) {
    if (!by()) {
      at("by").focus();
      at("by").classList.add("is-wanted");
      failed(text("manage.by_missing"), {});
      return;
    }
    post(path, Object.assign({}, body, { by: by() }), done, failed);
  }

  /** Ask what would be; nothing is written and nobody is named. */
  function post(path, body, done, failed) {
    Halld.ask(
      {
        method: "POST",
        path: "/attendance" + path,
        body: body,
        key: Halld.newKey(),
        token: localStorage.getItem(TOKEN_KEY),
        tries: 3,
        timeout_ms: TIMEOUT_MS,
      },
      (status, answer) => settle(status, answer, done, failed)
    );
  }

  /** Send a file as it is. */
  function sendFile(path, values, file, type, done, failed) {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/attendance" + path + query(values));
    request.timeout = 120000;
    request.setRequestHeader("Content-Type", type);
    request.setRequestHeader("Idempotency-Key", Halld.newKey());
    if (localStorage.getItem(TOKEN_KEY)) {
      request.setRequestHeader("X-Halld-Token", localStorage.getItem(TOKEN_KEY));
    }
    request.onloadend = function () {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch (error) {
        answer = {};
      }
      settle(request.status, answer, done, failed);
    };
    request.send(file);
  }

  function settle(status, answer, done, failed) {
    if (status >= 200 && status < 300) {
      people = null;
      done(answer);
      return;
    }
    if (status === 401) {
      localStorage.removeItem(TOKEN_KEY);
      Halld.parts.askToken();
    }
    failed(problem(status, answer), answer);
  }

  /** A problem document in words that a manager can act on. */
  function problem(status, body) {
    if (status === 0) {
      return text("manage.problem.network");
    }
    const key = "manage.problem." + body.type;
    const known = text(key);
    const details = (body.errors || []).map((one) => one.field + ": " + one.message);
    const detail = details.length ? details.join("; ") : body.detail || String(status);
    return known === key ? text("manage.problem.other", { detail: detail }) : known + (details.length ? " " + detail : "");
  }

  at("by").value = localStorage.getItem(BY_KEY) || "";
  at("by").addEventListener("input", () => {
    at("by").classList.remove("is-wanted");
    localStorage.setItem(BY_KEY, by());
  });
  Halld.runClock(at("clock"));
  Halld.setTime(Halld.context.now);

  Halld.views = {};
  Halld.manage = {
    params: () => params,
    href: href,
    fileHref: fileHref,
    go: go,
    get: get,
    getAll: getAll,
    withPeople: withPeople,
    factOf: factOf,
    by: by,
    tell: tell,
    post: post,
    sendFile: sendFile,
    lost: lost,
    tokenKey: TOKEN_KEY,
    /** Draw the view again: what was asked for the old drawing is dropped. */
    start: function (draw) {
      redraw = function () {
        turn += 1;
        draw();
      };
      window.addEventListener("popstate", () => {
        params = readParams();
        redraw();
      });
      redraw();
    },
    refresh: () => redraw(),
  };
})();
