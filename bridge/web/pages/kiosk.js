/* The ticket kiosk: choose a service, get a number. One touch draws one ticket. */
(function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;

  /** A page left alone goes home. */
  const HOME_AFTER_S = 30;
  /** Modes that one person chose are not the next person's. */
  const RESET_AFTER_S = 60;
  const LANGUAGE = Halld.context.lang;
  /** What this kiosk offers, by id. */
  const OFFERED = Halld.context.services.map(function (service) {
    return service.id;
  });

  let services = Halld.context.services.slice();
  let language = LANGUAGE;
  let firstShown = 0;
  let leftS = 0;
  let idleS = 0;
  let drawn = null;
  let failure = "";
  let refreshTimer = 0;

  function view(name) {
    document.body.setAttribute("data-view", name);
  }

  function shown() {
    return document.body.getAttribute("data-view");
  }

  /** How many keys fit without scrolling. */
  function keysAtOnce() {
    const isPortrait = window.innerHeight > window.innerWidth;
    const tight = document.body.classList.contains("is-large") || document.body.classList.contains("is-low");
    if (isPortrait) {
      return tight ? 4 : 5;
    }
    return tight ? 4 : 6;
  }

  function nameOf(id) {
    const found = services.filter(function (service) {
      return service.id === id;
    })[0];
    return found ? found.name || found.id : id;
  }

  function minutes(seconds) {
    return text("kiosk.minutes", { n: Math.max(1, Math.ceil(seconds / 60)) });
  }

  function drawKeys() {
    const list = at("keys");
    const size = keysAtOnce();
    const pages = Math.ceil(services.length / size);
    firstShown = firstShown < services.length ? firstShown : 0;
    list.textContent = "";
    services.slice(firstShown, firstShown + size).forEach(function (service) {
      list.appendChild(makeKey(service));
    });
    if (shown() === "home") {
      at("more").hidden = pages < 2;
    }
    at("empty").hidden = services.length > 0;
  }

  function makeKey(service) {
    const key = make("button", "key");
    const wait = make("span", "wait");
    key.type = "button";
    key.setAttribute("data-service", service.id);
    key.appendChild(make("span", "name", service.name || service.id));
    if (service.audience) {
      key.appendChild(make("span", "audience", service.audience));
    }
    key.appendChild(wait);
    fillWait(wait, service);
    key.addEventListener("click", function () {
      draw(service.id);
    });
    return key;
  }

  function fillWait(wait, service) {
    wait.textContent = "";
    if (service.waiting === undefined) {
      return;
    }
    if (service.waiting === 0) {
      wait.appendChild(make("span", "", text("kiosk.nobody")));
      return;
    }
    wait.appendChild(make("span", "", text("kiosk.waiting", { n: service.waiting })));
    if (service.estimated_wait_s !== null && service.estimated_wait_s !== undefined) {
      wait.appendChild(make("span", "", minutes(service.estimated_wait_s)));
    }
  }

  /** New counts without touching the keys: a finger may be on one. */
  function count(news) {
    news.forEach(function (one) {
      services.forEach(function (service) {
        if (service.id === one.id) {
          service.waiting = one.waiting;
          service.estimated_wait_s = one.estimated_wait_s;
        }
      });
    });
    const keys = document.querySelectorAll(".key");
    for (let i = 0; i < keys.length; i += 1) {
      const id = keys[i].getAttribute("data-service");
      const service = services.filter(function (one) {
        return one.id === id;
      })[0];
      if (service) {
        fillWait(keys[i].querySelector(".wait"), service);
      }
    }
  }

  /** Estimates change with every ticket; one question a moment serves them all. */
  function refresh() {
    if (!refreshTimer) {
      refreshTimer = setTimeout(function () {
        refreshTimer = 0;
        Halld.ask({ method: "GET", path: "/services?limit=1000" }, function (status, body) {
          if (status === 200) {
            count(body.items);
          }
        });
      }, 400);
    }
  }

  /** One touch, one ticket: other touches wait, and tries share one key. */
  function draw(service) {
    if (shown() !== "home" && shown() !== "guide") {
      return;
    }
    view("sending");
    at("more").hidden = true;
    at("back").hidden = true;
    Halld.ask(
      {
        method: "POST",
        path: "/tickets",
        body: wish(service),
        key: Halld.newKey(),
        tries: 3,
      },
      function (status, body) {
        if (status === 201 || status === 200) {
          drawn = body;
          showTicket();
          HalldPaper.follow(body);
          view("drawn");
        } else {
          failure = reasonOf(status, body);
          showFailure();
          view("failed");
        }
        leave();
      }
    );
  }

  function wish(service) {
    const body = { service: service, channel: "kiosk" };
    if (Halld.context.kiosk) {
      body.kiosk = Halld.context.kiosk;
    }
    return body;
  }

  function offered(all) {
    return all.filter(function (service) {
      return OFFERED.indexOf(service.id) >= 0;
    });
  }

  function reasonOf(status, body) {
    if (status === 0) {
      return "kiosk.failed_network";
    }
    if (status === 409 && body.type === "printer") {
      return HalldPaper.obstacle(body);
    }
    if (status === 409 && body.type === "quota") {
      return body.reason === "full" ? "kiosk.failed_full" : "kiosk.failed_closed";
    }
    return status >= 500 ? "kiosk.failed_hall" : "kiosk.failed_service";
  }

  function showTicket() {
    const ahead = drawn.waiting_before;
    const estimate = drawn.estimated_wait_s;
    let line = ahead > 0 ? text("kiosk.before", { n: ahead }) : text("kiosk.next");
    if (ahead > 0 && estimate !== null) {
      line += " · " + minutes(estimate);
    }
    at("number").textContent = drawn.number;
    at("service").textContent = nameOf(drawn.service);
    at("before").textContent = line;
  }

  function showFailure() {
    at("reason").textContent = text(failure);
  }

  /** Count down to the first page from here on. */
  function leave() {
    leftS = HOME_AFTER_S;
    showHomeKey();
  }

  function showHomeKey() {
    const enquiring = HalldEnquiry.limitS(shown()) > 0;
    const counting = shown() === "drawn" || shown() === "failed" || (enquiring && leftS <= 10);
    Halld.put(at("go-home"), counting ? text("kiosk.home_in", { n: leftS }) : text("kiosk.home"));
  }

  function goHome() {
    HalldPaper.forget();
    HalldEnquiry.forget();
    leftS = HOME_AFTER_S;
    firstShown = 0;
    view("home");
    drawKeys();
    showHomeKey();
  }

  function speak(wanted) {
    language = wanted;
    Halld.speak(language);
    if (drawn) {
      showTicket();
      HalldPaper.show();
    }
    if (failure) {
      showFailure();
    }
    drawKeys();
    HalldEnquiry.show();
    showHomeKey();
  }

  function toggle(button, className) {
    const isOn = document.body.classList.toggle(className);
    button.setAttribute("aria-pressed", String(isOn));
    firstShown = 0;
    drawKeys();
    HalldEnquiry.show();
  }

  function reset() {
    document.body.classList.remove("is-large", "is-low");
    at("large").setAttribute("aria-pressed", "false");
    at("low").setAttribute("aria-pressed", "false");
    drawn = null;
    failure = "";
    speak(LANGUAGE);
    goHome();
  }

  function eachSecond() {
    idleS += 1;
    if (shown() === "drawn" || shown() === "failed") {
      leftS -= 1;
      showHomeKey();
      if (leftS <= 0) {
        reset();
      }
    } else if (HalldEnquiry.limitS(shown()) > 0) {
      leftS = HalldEnquiry.limitS(shown()) - idleS;
      showHomeKey();
      if (leftS <= 0) {
        reset();
      }
    } else if (shown() === "home" && idleS === RESET_AFTER_S) {
      reset();
    }
  }

  at("go-home").addEventListener("click", function () {
    if (shown() !== "sending") {
      goHome();
    }
  });
  at("more").addEventListener("click", function () {
    if (shown() === "guides") {
      HalldEnquiry.more();
      return;
    }
    firstShown += keysAtOnce();
    drawKeys();
  });
  at("large").addEventListener("click", function () {
    toggle(at("large"), "is-large");
  });
  at("low").addEventListener("click", function () {
    toggle(at("low"), "is-low");
  });
  at("language").addEventListener("click", function () {
    speak(language === "en" ? "zh-CN" : "en");
  });
  document.addEventListener("contextmenu", function (event) {
    event.preventDefault();
  });
  ["touchstart", "mousedown", "keydown"].forEach(function (kind) {
    document.addEventListener(kind, function () {
      idleS = 0;
    });
  });
  window.addEventListener("resize", function () {
    drawKeys();
    HalldEnquiry.show();
  });

  Halld.runClock(at("clock"));
  setInterval(eachSecond, 1000);
  HalldEnquiry.start({
    view: view,
    shown: shown,
    draw: draw,
    offers: function (service) {
      return OFFERED.indexOf(service) >= 0;
    },
  });
  goHome();

  Halld.follow({
    onEvent: function (kind, data) {
      if (kind === "snapshot") {
        services = offered(data.services);
        drawKeys();
      } else if (kind === "ticket" || kind === "counter") {
        HalldPaper.hear(data);
        refresh();
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
