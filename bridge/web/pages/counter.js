/* The window pad: what the window does now, and the one likely next action. */
(function () {
  "use strict";

  const at = Halld.at;
  const text = Halld.text;
  const counter = Halld.context.counter;

  /** What an action is expected to lead to; shown at once, put right by the answer. */
  const EXPECTED = {
    call: "calling",
    recall: "calling",
    start: "serving",
    finish: "idle",
    "no-show": "idle",
    hold: "idle",
    transfer: "idle",
    return: "idle",
    "resume-ticket": "calling",
    pause: "paused",
    open: "idle",
  };
  /** Second presses of a double press come within this. */
  const DOUBLE_MS = 400;
  const MESSAGE_MS = 8000;
  const TOKEN_KEY = "halld.token";

  /** What the hall says: {state, ticket, staff, paused_until, services}. */
  let truth = { state: "", ticket: null, services: counter.services };
  /** What is shown before the hall has answered; null when it has. */
  let guess = null;
  /** How often the stream told of this window. */
  let heard = 0;
  let pressed = -DOUBLE_MS;
  let messageTimer = 0;

  function token() {
    return localStorage.getItem(TOKEN_KEY);
  }

  function view() {
    return guess || truth;
  }

  /** Ask the hall for an action; the page answers in this frame. */
  function act(action, details, number) {
    if (guess || !truth.state) {
      return;
    }
    notePress();
    guess = expect(action, number);
    say("");
    draw();
    const before = truth.ticket;
    const heardBefore = heard;
    send("/counters/" + counter.id + "/" + action, details || {}, function (status, body) {
      guess = null;
      if (status !== 200) {
        refuse(status, body);
        refresh();
        return;
      }
      if (body.channel) {
        HalldWindow.note(body);
      }
      if (heard === heardBefore) {
        truth = outcome(body);
      }
      tell(action, before, body);
      draw();
      HalldLists.refresh();
    });
  }

  /** One intent, one key: whatever is sent twice is done once. */
  function send(path, body, done) {
    Halld.ask({ method: "POST", path: path, body: body, key: Halld.newKey(), token: token(), tries: 3 }, done);
  }

  /** Say what is not to be seen anyway. */
  function tell(action, before, body) {
    if (action === "recall" && before) {
      say(text("counter.done_recall", { number: before.number }));
    } else if (action === "finish" && body.state === "waiting") {
      say(text("counter.done_next", { number: body.number, service: HalldLists.nameOf(body.service) }));
    } else if (action === "transfer" || action === "return") {
      say(text("counter.done_" + action, { number: body.number, n: body.waiting_before }));
    }
  }

  /** The window after an action, from its answer: the ticket, or the window itself. */
  function outcome(body) {
    if (!body.channel) {
      return body;
    }
    const states = { called: "calling", serving: "serving" };
    const isOpen = body.state in states;
    return Object.assign({}, truth, {
      state: truth.state === "paused" ? "paused" : states[body.state] || "idle",
      ticket: isOpen ? { id: body.id, number: body.number, state: body.state } : null,
    });
  }

  function expect(action, number) {
    const open = truth.ticket;
    let state = EXPECTED[action] || truth.state;
    let ticket = null;
    if (action === "call" || action === "resume-ticket") {
      ticket = { id: "", number: number || "…", state: "called" };
    } else if (action === "recall" || action === "start") {
      state = action === "recall" ? truth.state : state;
      ticket = open;
    } else if (action === "pause" || action === "open" || action.indexOf("sign-") === 0) {
      ticket = open;
    }
    if (action === "open" && open) {
      state = open.state === "called" ? "calling" : "serving";
    } else if (truth.state === "paused" && state === "idle" && action !== "open") {
      state = "paused";
    }
    return Object.assign({}, truth, { state: state, ticket: ticket, paused_until: null });
  }

  function refuse(status, body) {
    if (status === 401) {
      localStorage.removeItem(TOKEN_KEY);
      askToken(true);
      return;
    }
    const word = "counter.problem." + (status === 0 ? "network" : body.type);
    say(text(word) === word ? text("counter.problem.other") : text(word));
  }

  /** What the hall says now, unless the stream said something newer. */
  function refresh() {
    const heardBefore = heard;
    draw();
    HalldLists.refresh();
    Halld.ask({ method: "GET", path: "/counters/" + counter.id, tries: 2 }, function (status, body) {
      if (status === 200 && heard === heardBefore) {
        truth = body;
        draw();
      }
    });
  }

  function say(message) {
    clearTimeout(messageTimer);
    at("message").textContent = message;
    at("message").classList.toggle("is-said", message !== "");
    if (message) {
      messageTimer = setTimeout(function () {
        say("");
      }, MESSAGE_MS);
    }
  }

  /** Show what is, or what is expected; the lists offer what can be done then. */
  function draw() {
    HalldWindow.draw(view(), guess !== null);
    HalldLists.draw();
  }

  /** Whether this is the second press of a double press; keys may have changed under it. */
  function isSecond() {
    return performance.now() - pressed < DOUBLE_MS;
  }

  function notePress() {
    pressed = performance.now();
    document.body.classList.add("is-settling");
    setTimeout(function () {
      document.body.classList.remove("is-settling");
    }, DOUBLE_MS);
  }

  function press(action) {
    if (isSecond()) {
      return;
    }
    if (action === "transfer") {
      HalldPanels.transfer(function (details) {
        act("transfer", details);
      });
    } else if (action === "pause") {
      HalldPanels.pause(function (details) {
        act("pause", details);
      });
    } else if (action === "number") {
      HalldPanels.entry({
        title: text("counter.number_title"),
        hint: text("counter.number_hint"),
        done: text("counter.call_this"),
        letters: true,
        onDone: function (typed) {
          act("call", { number: typed }, typed);
        },
      });
    } else if (action === "rejoin") {
      HalldPanels.entry({
        title: text("counter.rejoin_title"),
        hint: text("counter.number_hint"),
        done: text("counter.rejoin"),
        letters: true,
        onDone: rejoinNumber,
      });
    } else {
      act(action);
    }
  }

  function askStaff() {
    HalldPanels.entry({
      title: text(truth.staff ? "counter.change_title" : "counter.sign_title"),
      hint: truth.staff ? text("counter.staff", { staff: truth.staff }) : "",
      done: text("counter.sign-in"),
      letters: false,
      onDone: function (staff) {
        act("sign-in", { staff: staff });
      },
      other: truth.staff ? text("counter.sign-out") : "",
      onOther: function () {
        act("sign-out");
      },
    });
  }

  /** Let one who missed the call wait again; by number also those of other services. */
  function rejoinNumber(typed) {
    const ticket = HalldLists.missed(typed);
    if (ticket) {
      rejoin(ticket);
      return;
    }
    Halld.ask(
      { method: "GET", path: "/tickets?state=no_show&limit=1000&number=" + encodeURIComponent(typed), tries: 2 },
      function (status, body) {
        if (status === 200 && body.items.length) {
          rejoin(body.items[body.items.length - 1]);
        } else {
          say(status === 200 ? text("counter.not_missed", { number: typed }) : text("counter.problem.network"));
        }
      }
    );
  }

  function rejoin(ticket) {
    notePress();
    send("/tickets/" + ticket.id + "/rejoin", { channel: "staff" }, function (status, body) {
      if (status === 200) {
        say(text("counter.done_return", { number: body.number, n: body.waiting_before }));
      } else {
        refuse(status, body);
      }
      HalldLists.refresh();
    });
  }

  function askToken(isWrong) {
    at("token-hint").textContent = text(isWrong ? "counter.token_wrong" : "counter.token_hint");
    HalldPanels.close();
    at("token").hidden = false;
    at("token-text").value = "";
    at("token-text").focus();
  }

  /** The key on the page that a press of the keyboard means. */
  function keyFor(event) {
    const scope = HalldPanels.shown() || document.body;
    const letter = event.key.toUpperCase();
    const all = scope.querySelectorAll("button[data-letter]");
    for (let i = 0; i < all.length; i += 1) {
      if (all[i].getAttribute("data-letter") === letter && all[i].offsetParent) {
        return all[i];
      }
    }
    return null;
  }

  function onKey(event) {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || !at("token").hidden) {
      return;
    }
    const panel = HalldPanels.shown();
    if (panel && event.key === "Escape") {
      HalldPanels.close();
      return;
    }
    if (panel === at("entry")) {
      return; // what is typed there is a number
    }
    const isPlain = event.key === " " || event.key === "Enter";
    const isFocused = document.activeElement !== document.body && document.activeElement.tagName === "BUTTON";
    if (isPlain && (panel || isFocused)) {
      return; // the browser presses what has the focus
    }
    const key = isPlain ? at("primary") : keyFor(event);
    if (key) {
      event.preventDefault();
      key.click();
    }
  }

  at("name").textContent = counter.name;
  at("primary").addEventListener("click", function () {
    at("primary").blur();
    if (!at("primary").hidden) {
      press(at("primary").getAttribute("data-action"));
    }
  });
  at("seat").addEventListener("click", askStaff);
  at("token").addEventListener("submit", function (event) {
    event.preventDefault();
    localStorage.setItem(TOKEN_KEY, at("token-text").value.trim());
    at("token").hidden = true;
  });
  document.addEventListener("keydown", onKey);
  // A finger leaves no focus behind: the space bar stays the primary key.
  document.addEventListener("click", function (event) {
    if (event.detail && document.activeElement && document.activeElement.tagName === "BUTTON" && !HalldPanels.shown()) {
      document.activeElement.blur();
    }
  });

  HalldPanels.start();
  HalldWindow.start(press);
  HalldLists.start({
    isFree: function () {
      const state = HalldWindow.stateOf(view());
      return state === "idle" || state === "rating";
    },
    services: function () {
      return truth.services || counter.services;
    },
    changed: function () {
      HalldWindow.drawKeys();
    },
    resume: function (ticket) {
      if (!isSecond()) {
        act("resume-ticket", { ticket: ticket.id }, ticket.number);
      }
    },
    call: function (ticket) {
      if (!isSecond()) {
        act("call", { ticket: ticket.id }, ticket.number);
      }
    },
    rejoin: function (ticket) {
      if (!isSecond()) {
        rejoin(ticket);
      }
    },
  });
  Halld.runClock(at("clock"));
  draw();
  if (Halld.context.needs_token && !token()) {
    askToken(false);
  }

  Halld.follow({
    onEvent: function (kind, data) {
      if (kind === "snapshot") {
        HalldWindow.countAll(data.services);
        HalldPanels.hearWindows(data.counters);
        data.counters.forEach(function (one) {
          if (one.id === counter.id) {
            truth = one;
            heard += 1;
          }
        });
        draw();
        HalldLists.refresh();
      } else if (kind === "counter") {
        HalldPanels.hearWindow(data);
        if (data.id === counter.id) {
          truth = data;
          heard += 1;
          draw();
        }
      } else if (kind === "ticket") {
        HalldWindow.hear(data, counter.id);
        HalldWindow.count(data.waiting);
        HalldLists.hear(data);
      }
    },
    onLost: function () {
      at("lost").hidden = false;
      document.body.classList.add("is-lost");
    },
    onBack: function () {
      at("lost").hidden = true;
      document.body.classList.remove("is-lost");
    },
  });
})();
