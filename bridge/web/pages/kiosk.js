/* The ticket kiosk: its pages, modes and languages. One touch draws one ticket. */
(function () {
  "use strict";

  const at = Halld.at;
  const text = Halld.text;

  /** A page left alone goes home. */
  const HOME_AFTER_S = 30;
  /** Modes that one person chose are not the next person's. */
  const RESET_AFTER_S = 60;
  /** So long before it goes home a page says so. */
  const COUNTING_S = 10;
  const LANGUAGE = Halld.context.lang;
  const MODES = { large: "is-large", low: "is-low", contrast: "is-contrast" };
  /** Pages from which `back` leads to the one before. */
  const WITH_BACK = ["guide", "class"];
  const PARTS = [HalldVisit, HalldNumber, HalldEnquiry];

  let language = LANGUAGE;
  let leftS = 0;
  let idleS = 0;

  function shown() {
    return document.body.getAttribute("data-view");
  }

  /** Go to a page; its heading is what is read first. */
  function view(name) {
    const heading = document.querySelector("#" + name + " h1");
    document.body.setAttribute("data-view", name);
    at("back").hidden = WITH_BACK.indexOf(name) < 0;
    at("more").hidden = true;
    if (heading) {
      heading.focus();
    }
    idleS = 0;
    leftS = HOME_AFTER_S;
    showHomeKey();
  }

  function drawHome() {
    const hasMore = HalldServices.draw(at("keys"), null, function (service) {
      HalldVisit.begin([service]);
    });
    if (shown() === "home") {
      at("more").hidden = !hasMore;
    }
    at("empty").hidden = HalldServices.number() > 0;
  }

  /** Count down to the first page from here on. */
  function leave() {
    leftS = HOME_AFTER_S;
    showHomeKey();
  }

  /** Seconds that this page may be left alone; 0: no end. */
  function limitS() {
    return PARTS.reduce(function (most, part) {
      return Math.max(most, part.limitS(shown()));
    }, 0);
  }

  function showHomeKey() {
    const isOver = shown() === "drawn" || shown() === "failed";
    const isCounting = isOver || (limitS() > 0 && leftS <= COUNTING_S);
    Halld.put(at("go-home"), isCounting ? text("kiosk.home_in", { n: leftS }) : text("kiosk.home"));
  }

  function goHome() {
    HalldPaper.forget();
    PARTS.forEach(function (part) {
      part.forget();
    });
    HalldServices.rewind();
    view("home");
    drawHome();
  }

  function showAll() {
    drawHome();
    PARTS.forEach(function (part) {
      part.show();
    });
    HalldPrinter.show();
    showHomeKey();
  }

  function speak(wanted) {
    language = wanted;
    Halld.speak(language);
    document.title = text("title.kiosk");
    showAll();
  }

  function setMode(id, isOn) {
    document.body.classList.toggle(MODES[id], isOn);
    at(id).setAttribute("aria-pressed", String(isOn));
  }

  function reset() {
    Object.keys(MODES).forEach(function (id) {
      setMode(id, false);
    });
    goHome();
    speak(LANGUAGE);
  }

  function eachSecond() {
    idleS += 1;
    if (shown() === "drawn" || shown() === "failed") {
      leftS -= 1;
    } else if (limitS() > 0) {
      leftS = limitS() - idleS;
    } else if (shown() === "home" && idleS === RESET_AFTER_S) {
      reset();
      return;
    } else {
      return;
    }
    showHomeKey();
    if (leftS <= 0) {
      reset();
    }
  }

  at("go-home").addEventListener("click", function () {
    if (shown() !== "sending") {
      goHome();
    }
  });
  at("back").addEventListener("click", function () {
    if (shown() === "guide") {
      HalldEnquiry.back();
    } else if (HalldVisit.back() === "home") {
      drawHome();
    } else {
      HalldVisit.show();
      HalldEnquiry.show();
    }
  });
  at("more").addEventListener("click", function () {
    if (shown() === "guides") {
      HalldEnquiry.more();
      return;
    }
    HalldServices.more();
    drawHome();
    HalldVisit.show();
  });
  Object.keys(MODES).forEach(function (id) {
    at(id).addEventListener("click", function () {
      setMode(id, !document.body.classList.contains(MODES[id]));
      HalldServices.rewind();
      showAll();
    });
  });
  at("language").addEventListener("click", function () {
    speak(language === "en" ? "zh-CN" : "en");
  });
  document.addEventListener("contextmenu", function (event) {
    event.preventDefault();
  });
  ["touchstart", "mousedown", "keydown"].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      idleS = 0;
      // Where the focus is matters to who has no finger on the screen.
      document.body.classList.toggle("is-keyboard", kind === "keydown" && event.key === "Tab");
    });
  });
  window.addEventListener("resize", showAll);

  const lent = {
    view: view,
    shown: shown,
    leave: leave,
    draw: function (service) {
      HalldVisit.begin([service]);
    },
    offers: HalldServices.offers,
    nameOf: HalldServices.nameOf,
    day: HalldEnquiry.day,
  };

  Halld.runClock(at("clock"));
  setInterval(eachSecond, 1000);
  PARTS.forEach(function (part) {
    part.start(lent);
  });
  HalldPrinter.start();
  goHome();

  Halld.follow({
    onEvent: function (kind, data) {
      if (kind === "snapshot") {
        HalldServices.count(data.services);
        HalldPrinter.hearAll(data.devices || []);
      } else if (kind === "device") {
        HalldPrinter.hear(data);
      } else if (kind === "ticket" || kind === "counter") {
        HalldPaper.hear(data);
        HalldNumber.hear(data);
        HalldServices.refresh();
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
