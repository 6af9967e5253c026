/* A ticket on a citizen's phone: asks every few seconds where it stands. */
(function () {
  "use strict";

  const at = Halld.at;
  const text = Halld.text;

  const ASK_EVERY_MS = 5000;
  /** Where a ticket stays as it is. */
  const OVER = ["finished", "expired", "waiting_rating"];

  function windowOf(id) {
    const found = Halld.context.counters.filter(function (counter) {
      return counter.id === id;
    })[0];
    return found ? found.number : "";
  }

  function placeOf(ticket) {
    if (OVER.indexOf(ticket.state) >= 0) {
      return text("ticket.over");
    }
    if (ticket.state === "no_show") {
      return text("ticket.no_show");
    }
    if (ticket.state === "held") {
      return text("ticket.held");
    }
    if (ticket.state === "called") {
      return text("ticket.called", { n: windowOf(ticket.counter) });
    }
    if (ticket.state === "serving") {
      return text("ticket.serving", { n: windowOf(ticket.counter) });
    }
    return ticket.waiting_before > 0
      ? text("ticket.ahead", { n: ticket.waiting_before })
      : text("ticket.next");
  }

  function show(ticket) {
    const waits = ticket.state === "waiting" || ticket.state === "transferred";
    const estimate = waits && ticket.waiting_before > 0 ? ticket.estimated_wait_s : null;
    const service = Halld.context.services.filter(function (one) {
      return one.id === ticket.service;
    })[0];
    Halld.put(at("number"), ticket.number);
    Halld.put(at("service"), service ? service.name : ticket.service);
    Halld.put(at("place"), placeOf(ticket));
    at("place").className = ticket.state === "called" ? "is-called" : "";
    Halld.put(at("wait"), estimate ? text("kiosk.minutes", { n: Math.max(1, Math.ceil(estimate / 60)) }) : "");
  }

  function look() {
    Halld.ask({ method: "GET", path: "/tickets/" + Halld.context.ticket }, function (status, body) {
      const moment = new Date();
      const clock = ("0" + moment.getHours()).slice(-2) + ":" + ("0" + moment.getMinutes()).slice(-2);
      if (status === 200) {
        show(body);
        Halld.put(at("updated"), text("ticket.updated", { time: clock }));
      } else {
        Halld.put(at("updated"), text("ticket.lost"));
      }
      if (status !== 200 || OVER.indexOf(body.state) < 0) {
        setTimeout(look, ASK_EVERY_MS);
      }
    });
  }

  look();
})();
