/* The paper of a ticket: what became of it, and printing it again. */
var HalldPaper = (function () {
  "use strict";

  const at = Halld.at;
  const text = Halld.text;

  /** How often a ticket that is being printed is asked for, besides the stream. */
  const LOOK_EVERY_MS = 1500;

  let ticket = null;
  let refusal = "";
  let isAsking = false;
  let timer = 0;

  /** The words for what a printer lacks. */
  function obstacle(body) {
    const known = ["paper", "cover", "error", "offline"];
    const word = body && known.indexOf(body.obstacle) >= 0 ? body.obstacle : "error";
    return "kiosk.printer_" + word;
  }

  /** Follow the paper of a ticket that was just drawn. */
  function follow(drawn) {
    ticket = drawn;
    refusal = "";
    isAsking = false;
    show();
  }

  function forget() {
    ticket = null;
    clearTimeout(timer);
    show();
  }

  /** News of a ticket, from the stream or asked for. */
  function hear(news) {
    if (ticket && news.id === ticket.id && news.print !== undefined) {
      if (news.print !== "failed") {
        refusal = "";
      }
      ticket.print = news.print;
      show();
    }
  }

  function show() {
    const state = ticket ? ticket.print : null;
    const line = at("paper");
    line.hidden = !state;
    line.className = "paper is-" + state;
    at("drawn").removeAttribute("data-paper");
    if (state) {
      at("drawn").setAttribute("data-paper", state);
      Halld.put(line, text("kiosk.paper_" + state) + (refusal ? " " + text(refusal) : ""));
    }
    at("again").hidden = state !== "failed" && state !== "unknown";
    at("again").disabled = isAsking;
    clearTimeout(timer);
    if (state === "pending") {
      timer = setTimeout(look, LOOK_EVERY_MS);
    }
  }

  function look() {
    Halld.ask({ method: "GET", path: "/tickets/" + ticket.id }, function (status, body) {
      if (status === 200) {
        hear(body);
      } else {
        show();
      }
    });
  }

  /** One touch, one more print. */
  function again() {
    if (!ticket || isAsking) {
      return;
    }
    const asked = ticket;
    isAsking = true;
    show();
    Halld.ask(
      {
        method: "POST",
        path: "/tickets/" + ticket.id + "/reprint",
        body: Halld.context.kiosk ? { kiosk: Halld.context.kiosk } : {},
        key: Halld.newKey(),
        tries: 2,
      },
      function (status, body) {
        if (ticket !== asked) {
          return;
        }
        isAsking = false;
        if (status === 200) {
          hear(body);
        } else {
          ticket.print = "failed";
          refusal = obstacle(body);
          show();
        }
      }
    );
  }

  at("again").addEventListener("click", again);

  return { follow: follow, forget: forget, hear: hear, show: show, obstacle: obstacle };
})();
