/* Drawing a ticket: for one service or several, of which class, and what came of it. */
var HalldVisit = (function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;

  const LIMITS_S = { several: 30, "class": 30 };

  /** What the kiosk lends: view, shown, leave. */
  let kiosk = null;
  let chosen = [];
  let wanted = [];
  let cameFrom = "home";
  let drawn = null;
  /** {key, values} of the words that say why there is no ticket. */
  let failure = null;

  /* Several services in one visit */

  function openSeveral() {
    chosen = [];
    HalldServices.rewind();
    kiosk.view("several");
    show();
  }

  function toggle(service) {
    const place = chosen.indexOf(service);
    if (place >= 0) {
      chosen.splice(place, 1);
    } else {
      chosen.push(service);
    }
    show();
  }

  function showSeveral() {
    const done = at("several-draw");
    at("more").hidden = !HalldServices.draw(at("several-keys"), chosen, toggle);
    done.disabled = chosen.length === 0;
    Halld.put(
      done,
      chosen.length ? text("kiosk.several_draw", { n: chosen.length }) : text("kiosk.several_none")
    );
  }

  /* Which class */

  function showClasses() {
    const list = at("classes");
    list.textContent = "";
    addClass(list, text("kiosk.class_none"), null);
    Halld.context.classes.forEach(function (one) {
      addClass(list, HalldServices.word(one, "name"), one.id);
    });
  }

  function addClass(list, label, id) {
    const key = make("button", "key");
    key.type = "button";
    key.setAttribute("data-class", id || "");
    key.appendChild(make("span", "name", label));
    key.addEventListener("click", function () {
      send(id);
    });
    list.appendChild(key);
  }

  /** Somebody wants a ticket; what must be known besides is asked first. */
  function begin(services) {
    if (["home", "guide", "several"].indexOf(kiosk.shown()) < 0 || !services.length) {
      return;
    }
    wanted = services;
    cameFrom = kiosk.shown();
    if (Halld.context.classes.length) {
      kiosk.view("class");
      showClasses();
    } else {
      send(null);
    }
  }

  /** One touch, one ticket: other touches wait, and tries share one key. */
  function send(priority) {
    if (kiosk.shown() === "sending") {
      return;
    }
    kiosk.view("sending");
    Halld.ask(
      { method: "POST", path: "/tickets", body: wish(priority), key: Halld.newKey(), tries: 3 },
      function (status, body) {
        if (status === 201 || status === 200) {
          drawn = body;
          failure = null;
          showTicket();
          HalldPaper.follow(body);
          kiosk.view("drawn");
        } else {
          failure = reasonOf(status, body);
          showFailure();
          kiosk.view("failed");
        }
        kiosk.leave();
      }
    );
  }

  function wish(priority) {
    const body = { channel: "kiosk" };
    if (wanted.length > 1) {
      body.services = wanted;
    } else {
      body.service = wanted[0];
    }
    if (priority) {
      body.priority = priority;
    }
    if (Halld.context.kiosk) {
      body.kiosk = Halld.context.kiosk;
    }
    return body;
  }

  function reasonOf(status, body) {
    if (status === 0) {
      return { key: "kiosk.failed_network" };
    }
    if (status === 409 && body.type === "printer") {
      return { key: HalldPaper.obstacle(body) };
    }
    if (status === 409 && body.type === "quota") {
      const word = body.reason === "full" ? "kiosk.failed_full" : "kiosk.failed_closed";
      return body.opens_at ? { key: word + "_until", opens: body.opens_at } : { key: word };
    }
    return { key: status >= 500 ? "kiosk.failed_hall" : "kiosk.failed_service" };
  }

  function showTicket() {
    const ahead = drawn.waiting_before;
    const estimate = drawn.estimated_wait_s;
    const then = (drawn.next_services || []).map(HalldServices.nameOf);
    let line = ahead > 0 ? text("kiosk.before", { n: ahead }) : text("kiosk.next");
    if (ahead > 0 && estimate !== null) {
      line += " · " + HalldServices.minutes(estimate);
    }
    at("number").textContent = drawn.number;
    at("service").textContent = HalldServices.nameOf(drawn.service);
    at("before").textContent = line;
    at("then").hidden = !then.length;
    at("then").textContent = text("kiosk.then", { services: then.join(text("kiosk.comma")) });
  }

  function showFailure() {
    const opens = failure.opens ? Halld.whenText(Date.parse(failure.opens)) : "";
    at("reason").textContent = text(failure.key, { when: opens });
  }

  /** Another language, another size of type or of the screen. */
  function show() {
    if (kiosk.shown() === "several") {
      showSeveral();
    } else if (kiosk.shown() === "class") {
      showClasses();
    }
    if (drawn) {
      showTicket();
      HalldPaper.show();
    }
    if (failure) {
      showFailure();
    }
  }

  /** Back from the question of the class to where the service was chosen. */
  function back() {
    kiosk.view(cameFrom);
    return cameFrom;
  }

  function forget() {
    chosen = [];
    wanted = [];
    drawn = null;
    failure = null;
  }

  function start(lent) {
    kiosk = lent;
    at("ask-several").hidden = !Halld.context.several || HalldServices.number() < 2;
    at("ask-several").addEventListener("click", openSeveral);
    at("several-draw").addEventListener("click", function () {
      begin(chosen.slice());
    });
  }

  return {
    start: start,
    begin: begin,
    back: back,
    show: show,
    forget: forget,
    limitS: function (view) {
      return LIMITS_S[view] || 0;
    },
  };
})();
