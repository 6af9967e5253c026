/* How many wait for each service, and the numbers of those who wait, in their order. */
(function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;

  /** What does not fit takes turns. */
  const TURN_MS = 8000;
  const ROW_VMIN = 12;
  const UPRIGHT_ROW_VMIN = 17;
  /** Widths in the foot: the heading, a letter of a name, a count. */
  const HEAD_VMIN = 29;
  const UPRIGHT_HEAD_VMIN = 8;
  const NAME_VMIN = 4.6;
  const COUNT_VMIN = 16.5;
  /** More numbers than fit into any row. */
  const MOST_NUMBERS = 24;
  const WAITS = ["waiting", "transferred"];

  /**
   * @returns {{restore: function(Object), ticket: function(Object),
   *            services: function(Array<Object>), fit: function()}}
   */
  Halld.waitingList = function () {
    let services = [];
    /** Those who wait: number to {number, service, turn}. */
    let waiting = {};
    let turn = 0;
    let rows = 1;

    function restore(state) {
      services = state.services.slice();
      waiting = {};
      state.tickets.forEach(function (ticket, place) {
        waiting[ticket.number] = {
          number: ticket.number,
          service: ticket.service,
          turn: Date.parse(ticket.turn),
          place: place,
        };
      });
      draw();
    }

    /** A ticket that joined, moved or left. */
    function ticket(told) {
      const known = waiting[told.number];
      delete waiting[told.number];
      if (WAITS.indexOf(told.state) >= 0) {
        waiting[told.number] = {
          number: told.number,
          service: told.service,
          turn: Date.parse(told.turn),
          place: known ? known.place : Infinity,
        };
      }
      services.forEach(function (service) {
        if (told.waiting && service.id in told.waiting) {
          service.waiting = told.waiting[service.id];
        }
      });
      draw();
    }

    function estimates(changed) {
      changed.forEach(function (one) {
        services.forEach(function (service) {
          if (service.id === one.id) {
            service.estimated_wait_s = one.estimated_wait_s;
          }
        });
      });
      draw();
    }

    /** Those of a service, the next first. */
    function lineOf(service) {
      return Object.keys(waiting)
        .map(function (number) {
          return waiting[number];
        })
        .filter(function (one) {
          return one.service === service;
        })
        .sort(function (a, b) {
          return a.turn - b.turn || a.place - b.place || (a.number < b.number ? -1 : 1);
        });
    }

    /** As many services as stand beside one another without being cut. */
    function servicesAtOnce() {
      const vmin = Math.min(window.innerWidth, window.innerHeight) / 100;
      const longest = services.reduce(function (most, service) {
        return Math.max(most, widthOf(service.name || service.id));
      }, 2);
      const room = window.innerWidth / vmin - (isUpright() ? UPRIGHT_HEAD_VMIN : HEAD_VMIN);
      return Math.max(1, Math.min(4, Math.floor(room / (longest * NAME_VMIN + COUNT_VMIN))));
    }

    function isUpright() {
      return window.innerHeight > window.innerWidth;
    }

    /** Of a text, in its own font size. */
    function widthOf(text) {
      let width = 0;
      for (let i = 0; i < text.length; i += 1) {
        width += text.charCodeAt(i) > 255 ? 1 : 0.58;
      }
      return Math.min(width, 9);
    }

    function draw() {
      if (at("lines").hidden) {
        drawServices();
      } else {
        drawLines();
      }
    }

    function part(size) {
      const first = (turn * size) % Math.max(services.length, 1);
      return services.slice(first, first + size);
    }

    function drawServices() {
      const list = at("services");
      const shown = part(servicesAtOnce());
      at("waiting").hidden = services.length === 0;
      while (list.children.length > shown.length) {
        list.removeChild(list.lastChild);
      }
      shown.forEach(function (service, place) {
        let item = list.children[place];
        if (!item) {
          item = list.appendChild(make("li"));
          item.appendChild(make("span", "name"));
          item.appendChild(make("span", "count digits"));
        }
        item.setAttribute("data-service", service.id);
        Halld.put(item.children[0], service.name || service.id);
        Halld.put(item.children[1], Halld.text("screen.people", { n: service.waiting }));
      });
    }

    function drawLines() {
      const list = at("queues");
      const shown = part(rows);
      while (list.children.length > shown.length) {
        list.removeChild(list.lastChild);
      }
      shown.forEach(function (service, place) {
        if (!list.children[place]) {
          list.appendChild(makeLine());
        }
        drawLine(list.children[place], service);
      });
      const pages = Math.ceil(services.length / rows);
      Halld.put(at("queues-page"), pages > 1 ? (turn % pages) + 1 + " / " + pages : "");
    }

    function makeLine() {
      const item = make("li");
      const head = item.appendChild(make("div", "line-head"));
      head.appendChild(make("span", "name"));
      head.appendChild(make("span", "count"));
      item.appendChild(make("ol", "numbers"));
      return item;
    }

    function drawLine(item, service) {
      const line = lineOf(service.id).slice(0, MOST_NUMBERS);
      const numbers = item.children[1];
      const wait = service.estimated_wait_s;
      let count = Halld.text("screen.people", { n: service.waiting });
      if (service.waiting && wait) {
        count += " · " + Halld.text("screen.minutes", { n: Math.max(1, Math.ceil(wait / 60)) });
      }
      item.setAttribute("data-service", service.id);
      Halld.put(item.children[0].children[0], service.name || service.id);
      Halld.put(item.children[0].children[1], count);
      while (numbers.children.length > Math.max(1, line.length)) {
        numbers.removeChild(numbers.lastChild);
      }
      if (!line.length) {
        line.push({ number: Halld.text("screen.nobody") });
      }
      line.forEach(function (one, place) {
        const number = numbers.children[place] || numbers.appendChild(make("li"));
        Halld.put(number, one.number);
        number.className = one.service ? (place ? "digits" : "digits next") : "nobody";
      });
    }

    function fit() {
      const vmin = Math.min(window.innerWidth, window.innerHeight) / 100;
      const height = vmin * (isUpright() ? UPRIGHT_ROW_VMIN : ROW_VMIN);
      const section = at("lines");
      section.classList.toggle("has-pages", services.length > Math.floor(section.clientHeight / height));
      rows = Math.max(1, Math.floor(at("queues").clientHeight / height));
      draw();
    }

    function takeTurns() {
      const size = at("lines").hidden ? servicesAtOnce() : rows;
      const pages = Math.ceil(services.length / size);
      turn = pages > 1 ? (turn + 1) % pages : 0;
      draw();
    }

    setInterval(takeTurns, TURN_MS);
    return { restore: restore, ticket: ticket, services: estimates, fit: fit };
  };
})();
