/* The printer before anybody wants paper: what is wrong with it, and what to do. */
var HalldPrinter = (function () {
  "use strict";

  const at = Halld.at;
  const text = Halld.text;

  /** How often the paper is asked for: its changes are no events of the stream. */
  const LOOK_EVERY_MS = 15000;
  const printer = Halld.context.printer;

  let state = "";
  let value = {};

  /** What is in the way, in a word; as the hall itself judges it. */
  function trouble() {
    if (state && state !== "ready" && state !== "degraded") {
      return "offline";
    }
    if (value.cover === "open") {
      return "cover";
    }
    if (value.paper === "out") {
      return "paper";
    }
    if (value.error && value.error !== "none" && value.error !== "unknown") {
      return "error";
    }
    return value.paper === "near_end" ? "near_end" : "";
  }

  function show() {
    const word = trouble();
    const line = at("printer");
    line.hidden = !word;
    if (word) {
      const isNear = word === "near_end";
      line.className = isNear ? "is-near" : "";
      Halld.put(line, text("kiosk.printer_" + word + (isNear || printer.required ? "" : "_optional")));
    }
  }

  function hear(device) {
    if (printer && device.id === printer.id) {
      state = device.state || state;
      value = device.value || value;
      show();
    }
  }

  function look() {
    Halld.ask({ method: "GET", path: "/devices/" + encodeURIComponent(printer.id) }, function (status, body) {
      if (status === 200) {
        hear(body);
      }
    });
  }

  return {
    show: show,
    hear: hear,
    /** @param {Array<Object>} devices every device of the hall */
    hearAll: function (devices) {
      devices.forEach(hear);
    },
    start: function () {
      if (printer) {
        setInterval(look, LOOK_EVERY_MS);
      }
    },
  };
})();
