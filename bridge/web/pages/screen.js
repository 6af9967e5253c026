/* The hall's screen: who is called now, who was before, how many wait, what time it is. */
(function () {
  "use strict";

  const at = Halld.at;
  const screen = Halld.context.screen;

  const MOVE_MS = 60000;
  /** Where the page stands, in vmin; a new place each minute spares the panel. */
  const PLACES = [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5], [-0.5, 0.5], [-0.5, 0], [-0.5, -0.5], [0, -0.5], [0.5, -0.5]];
  const isStill = asks("is-still", "(prefers-reduced-motion: reduce)");
  asks("is-high", "(prefers-contrast: more)");

  const ids = screen.areas.map(function (area) {
    return area.id;
  });
  const voice = Halld.voice(Halld.context.voice, ids[0], at("sound"));
  const grid = Halld.windowGrid();
  const waiting = Halld.waitingList();
  const marquee = Halld.marquee(screen.marquee, isStill);
  const media = screen.media ? Halld.idleMedia({ screen: screen.id, each_s: screen.media.each_s }) : null;
  const calls = Halld.callList({
    areas: screen.areas,
    onFresh: function (call) {
      voice.say(call);
      grid.called(call);
    },
  });
  let isLost = true;
  /** When somebody was called last, in the hall's time. */
  let calledAt = 0;

  /** Whether the hall file or the browser's machine asks for a look. */
  function asks(name, question) {
    const has = document.body.classList.contains(name) || Boolean(window.matchMedia && window.matchMedia(question).matches);
    document.body.classList.toggle(name, has);
    return has;
  }

  /** Media show when nobody was called for long; never over a number that stands still. */
  function rest() {
    if (media) {
      media.set(!isLost && Halld.now() - calledAt >= screen.media.after_s * 1000);
    }
  }

  function note(call) {
    calledAt = Math.max(calledAt, Date.parse(call.at));
    rest();
  }

  function move() {
    const place = PLACES[Math.floor(Halld.now() / MOVE_MS) % PLACES.length];
    at("stage").style.transform = "translate(" + place[0] + "vmin," + place[1] + "vmin)";
  }

  function fit() {
    marquee.fit();
    calls.fit();
    grid.fit();
    waiting.fit();
  }

  at("windows").hidden = screen.layout !== "windows" && screen.layout !== "mixed";
  at("lines").hidden = screen.layout !== "waiting";
  at("waiting").hidden = true;
  Halld.put(at("area"), screen.name);
  Halld.runClock(at("clock"), at("date"));
  move();
  fit();
  setInterval(move, MOVE_MS);
  setInterval(rest, 1000);
  window.addEventListener("resize", fit);

  Halld.follow({
    area: ids.join(","),
    onEvent: function (kind, data) {
      if (kind === "snapshot") {
        isLost = false;
        data.calls.forEach(note);
        grid.restore(data.counters);
        waiting.restore(data);
        calls.restore(data.calls);
        fit();
      } else if (kind === "call") {
        note(data);
        calls.add(data);
      } else if (kind === "ticket") {
        waiting.ticket(data);
      } else if (kind === "counter") {
        grid.change(data);
      } else if (kind === "services") {
        waiting.services(data.services);
      }
    },
    onLost: function (since) {
      isLost = true;
      rest();
      Halld.put(at("lost-since"), Halld.text("screen.lost_since", { time: Halld.timeText(since, true) }));
      at("lost").hidden = false;
      document.body.classList.add("is-lost");
    },
    onBack: function () {
      isLost = false;
      at("lost").hidden = true;
      document.body.classList.remove("is-lost");
    },
  });
})();
