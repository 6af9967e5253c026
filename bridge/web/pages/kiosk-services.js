/* The services as keys: what each is for, how many wait, a few at a time. */
var HalldServices = (function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;
  const text = Halld.text;

  const REFRESH_MS = 400;
  /** More would be too small to find, by columns. */
  const MOST_ROWS = [5, 3];

  const services = Halld.context.services;
  let first = 0;
  /** How many are shown at once: so many as there is room for. */
  let size = 1;
  let timer = 0;

  function find(id) {
    return services.filter(function (service) {
      return service.id === id;
    })[0];
  }

  /** A word of a service in the page's language; in Chinese where there is no other. */
  function word(service, key) {
    const english = document.documentElement.lang === "en" ? service[key + "_en"] : "";
    return english || service[key] || "";
  }

  /** The name of any service of the hall, also one that this kiosk does not offer. */
  function nameOf(id) {
    const names = Halld.context.names[id];
    return names ? word(names, "name") || id : id;
  }

  function minutes(seconds) {
    return text("kiosk.minutes", { n: Math.max(1, Math.ceil(seconds / 60)) });
  }

  /**
   * The keys of a page.
   * @param {HTMLElement} list
   * @param {Array<string>} chosen by id, where several can be; their place is shown
   * @param {function(string)} touched
   * @returns {boolean} whether there are more
   */
  function draw(list, chosen, touched) {
    const columns = window.innerHeight > window.innerWidth ? 1 : 2;
    let fitting = columns * MOST_ROWS[columns - 1];
    first = first < services.length ? first : 0;
    fill(list, fitting, chosen, touched);
    while (fitting > columns && list.scrollHeight > list.clientHeight) {
      fitting -= columns;
      fill(list, fitting, chosen, touched);
    }
    if (list.clientHeight) {
      size = fitting;
    }
    return services.length > fitting;
  }

  function fill(list, most, chosen, touched) {
    list.textContent = "";
    services.slice(first, first + most).forEach(function (service) {
      list.appendChild(makeKey(service, chosen, touched));
    });
  }

  function makeKey(service, chosen, touched) {
    const key = make("button", "key");
    const name = make("span", "name", word(service, "name") || service.id);
    const wait = make("span", "wait");
    const audience = word(service, "audience");
    key.type = "button";
    key.setAttribute("data-service", service.id);
    if (chosen) {
      const place = chosen.indexOf(service.id);
      key.setAttribute("aria-pressed", String(place >= 0));
      if (place >= 0) {
        name.insertBefore(make("b", "place", String(place + 1)), name.firstChild);
      }
    }
    key.appendChild(name);
    if (audience) {
      key.appendChild(make("span", "audience", audience));
    }
    key.appendChild(wait);
    fillWait(wait, service);
    key.addEventListener("click", function () {
      touched(service.id);
    });
    return key;
  }

  function fillWait(wait, service) {
    wait.textContent = "";
    if (service.waiting === undefined) {
      return;
    }
    if (service.waiting === 0) {
      wait.appendChild(make("span", "", text("kiosk.nobody")));
      return;
    }
    wait.appendChild(make("span", "", text("kiosk.waiting", { n: service.waiting })));
    if (service.estimated_wait_s !== null && service.estimated_wait_s !== undefined) {
      wait.appendChild(make("span", "", minutes(service.estimated_wait_s)));
    }
  }

  /** New counts without touching the keys: a finger may be on one. */
  function count(news) {
    const keys = document.querySelectorAll(".key[data-service]");
    news.forEach(function (one) {
      const service = find(one.id);
      if (service) {
        service.waiting = one.waiting;
        service.estimated_wait_s = one.estimated_wait_s;
      }
    });
    for (let i = 0; i < keys.length; i += 1) {
      const service = find(keys[i].getAttribute("data-service"));
      if (service) {
        fillWait(keys[i].querySelector(".wait"), service);
      }
    }
  }

  /** Estimates change with every ticket; one question a moment serves them all. */
  function refresh() {
    if (!timer) {
      timer = setTimeout(function () {
        timer = 0;
        Halld.ask({ method: "GET", path: "/services?limit=1000" }, function (status, body) {
          if (status === 200) {
            count(body.items);
          }
        });
      }, REFRESH_MS);
    }
  }

  return {
    draw: draw,
    count: count,
    refresh: refresh,
    nameOf: nameOf,
    word: word,
    minutes: minutes,
    offers: function (id) {
      return Boolean(find(id));
    },
    number: function () {
      return services.length;
    },
    more: function () {
      first += size;
    },
    rewind: function () {
      first = 0;
    },
  };
})();
