/* What a window pad asks before it does something: where to, how long, which number. */
var HalldPanels = (function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;
  const counter = Halld.context.counter;

  const PANELS = ["transfer", "pause", "entry"];
  /** A second touch of the key that opened a panel is none on what lies there now. */
  const DOUBLE_MS = 400;
  const PAUSES_MIN = [5, 10, 15, 30];
  const KINDS = [
    { id: "service", letter: "S" },
    { id: "counter", letter: "W" },
    { id: "staff", letter: "P" },
  ];
  const POSITIONS = [
    { id: "age", letter: "A" },
    { id: "front", letter: "F" },
    { id: "end", letter: "E" },
  ];

  let kind = "service";
  let position = "age";
  /** Windows as the hall tells of them, for who sits where. */
  let windows = [];
  let onTransfer = null;
  let onEntry = null;
  let onOther = null;
  let opened = 0;

  /** A key with its word and its shortcut; `letter` is what the keyboard says. */
  function makeKey(label, letter, done, sign) {
    const key = make("button");
    key.type = "button";
    key.appendChild(make("b", "", label));
    if (letter) {
      key.setAttribute("data-letter", letter);
      key.appendChild(make("kbd", "", sign || letter));
    }
    key.addEventListener("click", done);
    return key;
  }

  /** The panel that is open, if one is. */
  function shown() {
    return PANELS.map(at).filter(function (panel) {
      return !panel.hidden;
    })[0];
  }

  function open(name) {
    close();
    opened = performance.now();
    document.body.classList.add("is-opening");
    setTimeout(function () {
      document.body.classList.remove("is-opening");
    }, DOUBLE_MS);
    at(name).hidden = false;
    const first = at(name).querySelector("input, button");
    if (first) {
      first.focus();
    }
  }

  function close() {
    PANELS.forEach(function (name) {
      at(name).hidden = true;
    });
    // What had the focus is gone: the space bar is the primary key again.
    if (document.activeElement) {
      document.activeElement.blur();
    }
  }

  /* Where to */

  function transfer(done) {
    onTransfer = done;
    kind = "service";
    position = "age";
    drawTransfer();
    open("transfer");
  }

  function drawChoices(list, all, chosen, choose) {
    list.textContent = "";
    all.forEach(function (one) {
      const key = makeKey(text("counter.to_" + one.id), one.letter, function () {
        choose(one.id);
        drawTransfer();
        list.querySelector('[data-choice="' + one.id + '"]').focus();
      });
      key.setAttribute("data-choice", one.id);
      key.setAttribute("aria-pressed", String(one.id === chosen));
      list.appendChild(key);
    });
  }

  function drawTransfer() {
    drawChoices(at("kinds"), KINDS, kind, function (id) {
      kind = id;
    });
    drawChoices(at("positions"), POSITIONS, position, function (id) {
      position = id;
    });
    const list = at("targets");
    list.textContent = "";
    targets().forEach(function (target, place) {
      const key = makeKey(target.name, place < 9 ? String(place + 1) : "", function () {
        const details = { position: position };
        details[kind] = target.id;
        close();
        onTransfer(details);
      });
      key.setAttribute("data-target", target.id);
      list.appendChild(key);
    });
    at("nobody").hidden = list.children.length > 0;
  }

  /** What there is of a kind: every service, every other window, whoever sits there. */
  function targets() {
    if (kind === "service") {
      return Halld.context.services.map(function (service) {
        return { id: service.id, name: HalldLists.nameOf(service.id) };
      });
    }
    if (kind === "counter") {
      return Halld.context.peers;
    }
    return windows
      .filter(function (one) {
        return one.staff && one.id !== counter.id;
      })
      .map(function (one) {
        return { id: one.staff, name: one.staff + " · " + (one.name || one.id) };
      });
  }

  /* How long */

  function pause(done) {
    const list = at("pauses");
    list.textContent = "";
    PAUSES_MIN.forEach(function (minutes, place) {
      list.appendChild(
        makeKey(text("counter.for_minutes", { n: minutes }), String(place + 1), function () {
          close();
          done({ minutes: minutes });
        })
      );
    });
    list.appendChild(
      makeKey(text("counter.for_good"), "0", function () {
        close();
        done({});
      })
    );
    open("pause");
  }

  /* Which number */

  /**
   * @param {{title: string, hint: (string|undefined), done: string, letters: boolean,
   *          onDone: function(string), other: (string|undefined),
   *          onOther: (function()|undefined)}} wish
   */
  function entry(wish) {
    at("entry-title").textContent = wish.title;
    at("entry-hint").textContent = wish.hint || "";
    at("entry-done").children[0].textContent = wish.done;
    at("entry-other").hidden = !wish.other;
    at("entry-other").children[0].textContent = wish.other || "";
    at("entry-text").value = "";
    onEntry = wish.onDone;
    onOther = wish.onOther;
    drawEntryKeys(wish.letters ? Halld.context.prefixes : []);
    open("entry");
  }

  function drawEntryKeys(letters) {
    const list = at("entry-keys");
    list.textContent = "";
    list.className = letters.length ? "" : "is-digits";
    letters.concat("1234567890".split(""), ["⌫"]).forEach(function (sign) {
      const key = make("button", "", sign);
      key.type = "button";
      key.tabIndex = -1;
      key.setAttribute("data-sign", sign);
      key.addEventListener("click", function () {
        const box = at("entry-text");
        box.value = sign === "⌫" ? box.value.slice(0, -1) : box.value + sign;
        box.focus();
      });
      list.appendChild(key);
    });
  }

  /** Tab stays within the panel that is open. */
  function keepFocus(event) {
    const panel = shown();
    if (!panel || event.key !== "Tab") {
      return;
    }
    const all = Array.prototype.filter.call(panel.querySelectorAll("input, button"), function (one) {
      return one.offsetParent && one.tabIndex >= 0;
    });
    const ends = event.shiftKey ? [all[0], all[all.length - 1]] : [all[all.length - 1], all[0]];
    if (document.activeElement === ends[0] || all.indexOf(document.activeElement) < 0) {
      event.preventDefault();
      ends[1].focus();
    }
  }

  function start() {
    const closers = document.querySelectorAll(".panel .close");
    for (let i = 0; i < closers.length; i += 1) {
      closers[i].addEventListener("click", close);
    }
    at("entry").addEventListener("submit", function (event) {
      const typed = at("entry-text").value.trim().toUpperCase();
      event.preventDefault();
      if (typed) {
        close();
        onEntry(typed);
      }
    });
    at("entry-other").addEventListener("click", function () {
      close();
      onOther();
    });
    document.addEventListener("keydown", keepFocus);
    document.addEventListener(
      "click",
      function (event) {
        if (event.detail && shown() && performance.now() - opened < DOUBLE_MS) {
          event.stopPropagation();
          event.preventDefault();
        }
      },
      true
    );
  }

  return {
    start: start,
    makeKey: makeKey,
    shown: shown,
    close: close,
    transfer: transfer,
    pause: pause,
    entry: entry,
    /** @param {Array<Object>} all every window, as the hall tells of them */
    hearWindows: function (all) {
      windows = all;
    },
    hearWindow: function (one) {
      windows = windows.map(function (other) {
        return other.id === one.id ? one : other;
      });
      if (!at("transfer").hidden && kind === "staff") {
        drawTransfer();
      }
    },
  };
})();
