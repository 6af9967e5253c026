/* Every window with its state and ticket; many windows take turns. */
(function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;

  const TURN_MS = 8000;
  /** So long a page stays that somebody was just called to. */
  const STAY_MS = 7000;
  /** Heights of a tile, as shares of the shorter side in percent. */
  const LEAST_VMIN = 8.6;
  const TALL_VMIN = 15;
  const MOST_VMIN = 22;

  /**
   * @returns {{restore: function(Array<Object>), change: function(Object),
   *            called: function(Object), fit: function()}}
   */
  Halld.windowGrid = function () {
    /** By number. */
    let counters = [];
    let page = 0;
    let size = 1;
    let turnAt = 0;
    /** Windows that were just called to: id to the end of their mark. */
    const fresh = {};

    function restore(all) {
      counters = all.slice().sort(function (a, b) {
        return a.number - b.number;
      });
      Object.keys(fresh).forEach(function (id) {
        delete fresh[id]; // those that are still new are told again
      });
      fit();
    }

    function change(counter) {
      counters = counters.map(function (known) {
        return known.id === counter.id ? counter : known;
      });
      draw();
    }

    /** Turn to the page of a call and mark its window. */
    function called(call) {
      for (let i = 0; i < counters.length; i += 1) {
        if (counters[i].id === call.counter) {
          page = Math.floor(i / size);
          turnAt = performance.now() + STAY_MS;
        }
      }
      fresh[call.counter] = performance.now() + STAY_MS;
      draw();
    }

    function pages() {
      return Math.max(1, Math.ceil(counters.length / size));
    }

    function fit() {
      at("windows").classList.remove("has-pages");
      lay();
      if (pages() > 1) {
        at("windows").classList.add("has-pages");
        lay();
      }
      draw();
    }

    /** Columns, rows and height of tiles, from the room there is. */
    function lay() {
      const list = at("tiles");
      const vmin = Math.min(window.innerWidth, window.innerHeight) / 100;
      const width = list.clientWidth / vmin;
      const height = list.clientHeight / vmin;
      if (!height) {
        return;
      }
      const longest = counters.reduce(function (most, counter) {
        return Math.max(most, String(counter.number).length);
      }, 1);
      const prefix = Halld.context.services.reduce(function (most, service) {
        return Math.max(most, service.prefix.length);
      }, 1);
      const least = 39.5 + 3.2 * (longest + prefix - 3) + (document.documentElement.lang === "en" ? 5.5 : 0);
      let columns = Math.max(1, Math.min(6, Math.floor((width + 1.5) / least)));
      const most = Math.max(1, Math.floor(height / LEAST_VMIN));
      size = columns * most;
      let rows = most;
      if (counters.length <= size) {
        // Few windows: as near a square as the least width allows.
        rows = Math.max(1, Math.ceil(counters.length / columns));
        columns = Math.max(1, Math.ceil(counters.length / rows));
      }
      const tile = Math.min(MOST_VMIN, height / rows);
      list.className = tile >= TALL_VMIN ? "tall" : "";
      list.setAttribute("data-columns", String(columns));
      list.style.setProperty("--tile-width", 100 / columns + "%");
      list.style.setProperty("--tile-height", tile + "vmin");
      page = Math.min(page, pages() - 1);
    }

    function draw() {
      if (at("windows").hidden) {
        return;
      }
      const list = at("tiles");
      const shown = counters.slice(page * size, (page + 1) * size);
      while (list.children.length > shown.length) {
        list.removeChild(list.lastChild);
      }
      shown.forEach(function (counter, place) {
        if (!list.children[place]) {
          list.appendChild(makeTile());
        }
        drawTile(list.children[place], counter);
      });
      Halld.put(at("tiles-page"), pages() > 1 ? page + 1 + " / " + pages() : "");
    }

    function makeTile() {
      const item = make("li");
      const tile = item.appendChild(make("div", "tile"));
      const name = tile.appendChild(make("span", "number"));
      name.appendChild(make("b", "digits"));
      name.appendChild(make("span", "word", Halld.text("screen.tile_window")));
      tile.appendChild(make("span", "ticket digits"));
      const state = tile.appendChild(make("span", "state"));
      state.appendChild(make("i", "shape"));
      state.appendChild(make("span", "state-word"));
      return item;
    }

    function drawTile(item, counter) {
      const tile = item.firstChild;
      const left = counter.paused_until ? Date.parse(counter.paused_until) - Halld.now() : 0;
      const number = counter.ticket && counter.state !== "paused" ? counter.ticket.number : "";
      item.setAttribute("data-counter", counter.id);
      item.setAttribute("data-state", counter.state);
      item.classList.toggle("is-new", (fresh[counter.id] || 0) > performance.now());
      Halld.put(tile.children[0].children[0], String(counter.number));
      Halld.put(tile.children[1], counter.state === "paused" && left > 0 ? countdown(left) : number);
      tile.children[1].classList.toggle("long", number.length > 5);
      Halld.put(tile.children[2].children[1], Halld.text("screen.state." + counter.state));
    }

    /** Minutes and seconds that are left. */
    function countdown(left) {
      const seconds = Math.ceil(left / 1000);
      return Math.floor(seconds / 60) + ":" + ("0" + (seconds % 60)).slice(-2);
    }

    function tick() {
      if (performance.now() >= turnAt) {
        turnAt = performance.now() + TURN_MS;
        page = (page + 1) % pages();
      }
      draw();
    }

    turnAt = performance.now() + TURN_MS;
    setInterval(tick, 1000);
    return { restore: restore, change: change, called: called, fit: fit };
  };
})();
