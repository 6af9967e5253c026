/*
 * Follows the hall's live stream.
 *
 * EventSource hides comments, so it cannot tell a quiet hall from a dead line.
 * Here the stream is read by XMLHttpRequest: every byte counts as a sign of
 * life, a heartbeat comment too.
 */
(function () {
  "use strict";

  /** No sign of life for so long means that the line is dead; a heartbeat comes each 15 s. */
  const SILENCE_MS = 40000;
  /** A reconnection shorter than this is nobody's concern. */
  const LOST_AFTER_MS = 3000;
  const FIRST_WAIT_MS = 500;
  const LONGEST_WAIT_MS = 10000;
  /** A fresh snapshot now and then: right clock, right day, memory given back. */
  const RENEW_AFTER_MS = 3600000;
  const RENEW_AFTER_CHARS = 1000000;

  /**
   * @param {{area: (string|null|undefined),
   *          onEvent: function(string, Object),
   *          onLost: function(number),
   *          onBack: function()}} reader
   *   onLost gets the hall's time of the last sign of life.
   */
  Halld.follow = function (reader) {
    const path = "/api/v1/stream" + (reader.area ? "?area=" + encodeURIComponent(reader.area) : "");
    let request = null;
    let taken = 0;
    let opened = 0;
    let heard = performance.now();
    let failures = 0;
    let isLost = false;
    let isLive = false;
    let timer = 0;

    function connect() {
      timer = 0;
      taken = 0;
      opened = performance.now();
      const mine = new XMLHttpRequest();
      request = mine;
      mine.open("GET", path);
      mine.setRequestHeader("Accept", "text/event-stream");
      mine.onprogress = function () {
        if (request === mine) {
          take(mine);
        }
      };
      mine.onloadend = function () {
        if (request === mine) {
          again();
        }
      };
      mine.send();
    }

    function take(mine) {
      if (mine.status !== 200) {
        return;
      }
      heard = performance.now();
      const all = mine.responseText;
      let end = all.indexOf("\n\n", taken);
      while (end >= 0 && request === mine) {
        const block = all.slice(taken, end);
        taken = end + 2;
        read(block);
        end = all.indexOf("\n\n", taken);
      }
      const age = performance.now() - opened;
      if (request === mine && (taken > RENEW_AFTER_CHARS || age > RENEW_AFTER_MS)) {
        drop();
        connect();
      }
    }

    function read(block) {
      const lines = block.split("\n");
      let kind = "message";
      let data = "";
      for (let i = 0; i < lines.length; i += 1) {
        if (lines[i].indexOf("event: ") === 0) {
          kind = lines[i].slice(7);
        } else if (lines[i].indexOf("data: ") === 0) {
          data += lines[i].slice(6);
        }
      }
      if (!data) {
        return;
      }
      const body = JSON.parse(data);
      if (kind === "snapshot") {
        Halld.setTime(body.time);
      }
      reader.onEvent(kind, body);
      if (kind === "snapshot") {
        failures = 0;
        isLive = true;
        if (isLost) {
          isLost = false;
          reader.onBack();
        }
      }
    }

    function drop() {
      const old = request;
      request = null;
      if (old) {
        old.abort();
      }
    }

    function again() {
      drop();
      isLive = false;
      if (!timer) {
        const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * Math.pow(2, failures));
        failures += 1;
        timer = setTimeout(connect, wait * (0.7 + 0.6 * Math.random()));
      }
    }

    setInterval(function () {
      const silence = performance.now() - heard;
      if (!timer && performance.now() - Math.max(heard, opened) > SILENCE_MS) {
        again();
      }
      if (!isLost && silence > LOST_AFTER_MS && !isLive) {
        isLost = true;
        reader.onLost(Halld.now() - silence);
      }
    }, 500);

    connect();
  };
})();
