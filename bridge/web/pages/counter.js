/* The window pad: what the window does now, and the one likely next action. */
(function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;
  const counter = Halld.context.counter;

  /** The likely action of each state is the largest key. */
  const PRIMARY = { idle: "call", calling: "start", serving: "finish", rating: "call", paused: "open" };
  const OTHERS = {
    idle: ["pause"],
    calling: ["recall", "no-show", "hold", "transfer", "finish"],
    serving: ["recall", "hold", "transfer"],
    rating: ["finish", "pause"],
    paused: [],
  };
  /** Letters as they stand on the keys; the space bar is the primary key. */
  const LETTERS = { recall: "R", "no-show": "N", hold: "H", transfer: "T", finish: "F", pause: "P" };
  const RESUME_LETTER = "U";
  /** What an action is expected to lead to; shown at once, put right by the answer. */
  const EXPECTED = {
    call: "calling",
    recall: "calling",
    start: "serving",
    finish: "idle",
    "no-show": "idle",
    hold: "idle",
    transfer: "idle",
    "resume-ticket": "calling",
    pause: "paused",
    open: "idle",
  };
  const TOKEN_KEY = "halld.token";

  /** What the hall says: {state, ticket}. */
  let truth = { state: "", ticket: null };
  /** What is shown before the hall has answered; null when it has. */
  let guess = null;
  /** How often the stream told of this window. */
  let heard = 0;
  const held = Halld.heldTickets(Halld.context.hall.id, counter.id);
  let services = Halld.context.services.filter(function (service) {
    return counter.services.indexOf(service.id) >= 0;
  });
  let messageTimer = 0;

  function token() {
    return localStorage.getItem(TOKEN_KEY);
  }

  function view() {
    return guess || truth;
  }

  /** The word of a state; a ticket that waits for its rating has its own. */
  function stateOf(now) {
    const isRating = now.ticket && now.ticket.state === "waiting_rating" && now.state !== "paused";
    return isRating ? "rating" : now.state;
  }

  /** Ask the hall for an action; the page answers in this frame. */
  function act(action, details, number) {
    if (guess || !truth.state) {
      return;
    }
    guess = expect(action, number);
    say("");
    draw();
    const before = truth.ticket;
    const heardBefore = heard;
    Halld.ask(
      {
        method: "POST",
        path: "/counters/" + counter.id + "/" + action,
        body: details || {},
        key: Halld.newKey(),
        token: token(),
        tries: 3,
      },
      function (status, body) {
        guess = null;
        if (status !== 200) {
          refuse(status, body);
          refresh();
          return;
        }
        if (heard === heardBefore) {
          truth = outcome(body);
        }
        if (body.channel) {
          noteTicket(body);
        }
        if (action === "recall" && before) {
          say(text("counter.done_recall", { number: before.number }));
        }
        draw();
      }
    );
  }

  /** The window after an action, from its answer: the ticket, or the window itself. */
  function outcome(body) {
    if (!body.channel) {
      return body;
    }
    const states = { called: "calling", serving: "serving" };
    const isOpen = body.state in states;
    return {
      state: truth.state === "paused" ? "paused" : states[body.state] || "idle",
      ticket: isOpen ? { id: body.id, number: body.number, state: body.state } : null,
    };
  }

  function expect(action, number) {
    const open = truth.ticket;
    let state = EXPECTED[action];
    let ticket = null;
    if (action === "call") {
      ticket = { id: "", number: "…" };
    } else if (action === "resume-ticket") {
      ticket = { id: "", number: number };
    } else if (action === "recall" || action === "start") {
      state = action === "recall" ? truth.state : state;
      ticket = open;
    }
    return { state: state, ticket: ticket };
  }

  function refuse(status, body) {
    if (status === 401) {
      localStorage.removeItem(TOKEN_KEY);
      askToken(true);
      return;
    }
    const known = "counter.problem." + (status === 0 ? "network" : body.type);
    say(text(known) === known ? text("counter.problem.other") : text(known));
  }

  /** What the hall says now, unless the stream said something newer. */
  function refresh() {
    const heardBefore = heard;
    draw();
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
      }, 8000);
    }
  }

  function noteTicket(ticket) {
    if (held.note(ticket)) {
      drawHeld();
    }
  }

  function draw() {
    const now = view();
    const state = stateOf(now);
    document.body.setAttribute("data-state", state);
    document.body.classList.toggle("is-sending", guess !== null);
    Halld.put(at("state-word"), state ? text("counter." + state) : "");
    Halld.put(at("number"), now.ticket ? now.ticket.number : "");
    at("number").classList.toggle("is-guess", guess !== null && now.ticket !== null);
    const primary = PRIMARY[state];
    at("primary").hidden = !primary;
    if (primary) {
      at("primary").setAttribute("data-action", primary);
      Halld.put(at("primary").children[0], text("counter." + primary));
      Halld.put(at("primary").children[1], text("counter.space"));
    }
    drawOthers(state);
    drawHeld();
  }

  function drawOthers(state) {
    const list = at("others");
    const wanted = OTHERS[state] || [];
    if (list.getAttribute("data-for") === state) {
      return;
    }
    list.setAttribute("data-for", state);
    list.textContent = "";
    wanted.forEach(function (action) {
      const key = makeKey(text("counter." + action), LETTERS[action], function () {
        press(action);
      });
      key.setAttribute("data-action", action);
      list.appendChild(key);
    });
  }

  function drawHeld() {
    const list = at("held");
    list.textContent = "";
    if (stateOf(view()) !== "idle") {
      return;
    }
    held.all().forEach(function (ticket, place) {
      const label = text("counter.resume_number", { number: ticket.number });
      list.appendChild(
        makeKey(label, place === 0 ? RESUME_LETTER : "", function () {
          resume(ticket);
        })
      );
    });
  }

  function makeKey(label, letter, done) {
    const key = make("button");
    key.type = "button";
    key.appendChild(make("b", "", label));
    if (letter) {
      key.appendChild(make("kbd", "", letter));
    }
    key.addEventListener("click", done);
    return key;
  }

  function press(action) {
    if (action === "transfer") {
      chooseTarget();
    } else {
      act(action);
    }
  }

  function resume(ticket) {
    act("resume-ticket", { ticket: ticket.id }, ticket.number);
  }

  function chooseTarget() {
    const list = at("targets");
    list.textContent = "";
    Halld.context.services.forEach(function (service) {
      addTarget(list, service.name, { service: service.id });
    });
    Halld.context.peers.forEach(function (peer) {
      addTarget(list, peer.name, { counter: peer.id });
    });
    at("choice").hidden = false;
  }

  function addTarget(list, label, details) {
    const place = list.children.length + 1;
    list.appendChild(
      makeKey(label, place < 10 ? String(place) : "", function () {
        at("choice").hidden = true;
        act("transfer", details);
      })
    );
  }

  function drawServices() {
    const list = at("services");
    list.textContent = "";
    services.forEach(function (service) {
      const item = make("li", "", service.name || service.id);
      item.setAttribute("data-service", service.id);
      item.appendChild(make("b", "", service.waiting === undefined ? "" : text("counter.people", { n: service.waiting })));
      list.appendChild(item);
    });
  }

  /** @param {Object<string, number>} waiting by service */
  function count(waiting) {
    services.forEach(function (service) {
      if (waiting && service.id in waiting) {
        service.waiting = waiting[service.id];
      }
    });
    drawServices();
  }

  function lengths(list) {
    const waiting = {};
    list.forEach(function (service) {
      waiting[service.id] = service.waiting;
    });
    return waiting;
  }

  function askToken(isWrong) {
    at("token-hint").textContent = text(isWrong ? "counter.token_wrong" : "counter.token_hint");
    at("token").hidden = false;
    at("token-text").value = "";
    at("token-text").focus();
  }

  function onKey(event) {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || !at("token").hidden) {
      return;
    }
    const letter = event.key.toUpperCase();
    if (!at("choice").hidden) {
      const target = at("targets").children[Number(event.key) - 1];
      if (event.key === "Escape") {
        at("choice").hidden = true;
      } else if (target) {
        target.click();
      }
      return;
    }
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      at("primary").click();
    } else if (letter === RESUME_LETTER && held.all().length && stateOf(view()) === "idle") {
      resume(held.all()[0]);
    } else {
      (OTHERS[stateOf(view())] || []).forEach(function (action) {
        if (LETTERS[action] === letter) {
          press(action);
        }
      });
    }
  }

  at("name").textContent = counter.name;
  at("primary").addEventListener("click", function () {
    at("primary").blur();
    if (!at("primary").hidden) {
      press(at("primary").getAttribute("data-action"));
    }
  });
  at("cancel").addEventListener("click", function () {
    at("choice").hidden = true;
  });
  at("token").addEventListener("submit", function (event) {
    event.preventDefault();
    localStorage.setItem(TOKEN_KEY, at("token-text").value.trim());
    at("token").hidden = true;
  });
  document.addEventListener("keydown", onKey);

  Halld.runClock(at("clock"));
  drawServices();
  draw();
  held.check(noteTicket);
  if (Halld.context.needs_token && !token()) {
    askToken(false);
  }

  Halld.follow({
    onEvent: function (kind, data) {
      if (kind === "snapshot") {
        count(lengths(data.services));
        data.counters.forEach(function (one) {
          if (one.id === counter.id) {
            truth = one;
            heard += 1;
          }
        });
        draw();
      } else if (kind === "counter" && data.id === counter.id) {
        truth = data;
        heard += 1;
        draw();
      } else if (kind === "ticket") {
        count(data.waiting);
        noteTicket(data);
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
