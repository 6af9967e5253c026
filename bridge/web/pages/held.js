/* The tickets that a window holds; kept in the browser, so that a reload forgets none. */
(function () {
  "use strict";

  /** More than a person can keep in mind. */
  const MOST = 8;

  /**
   * @param {string} hall
   * @param {string} counter
   * @returns {{all: function(): Array<{id: string, number: string}>,
   *            note: function(Object): boolean,
   *            check: function(function(Object))}}
   */
  Halld.heldTickets = function (hall, counter) {
    const place = "halld.held." + hall + "." + counter;
    let held = JSON.parse(localStorage.getItem(place) || "[]");

    /** Learn what became of a ticket; whether the list changed. */
    function note(ticket) {
      const others = held.filter(function (one) {
        return one.id !== ticket.id;
      });
      const isMine = ticket.state === "held" && ticket.counter === counter;
      const changes = isMine || others.length !== held.length;
      if (changes) {
        held = isMine ? others.concat({ id: ticket.id, number: ticket.number }).slice(-MOST) : others;
        localStorage.setItem(place, JSON.stringify(held));
      }
      return changes;
    }

    /** Ask the hall about each: another day, or another window, may have taken it. */
    function check(done) {
      held.forEach(function (ticket) {
        Halld.ask({ method: "GET", path: "/tickets/" + ticket.id }, function (status, body) {
          if (status === 200 || status === 404) {
            done(status === 200 ? body : { id: ticket.id, state: "" });
          }
        });
      });
    }

    return {
      all: function () {
        return held;
      },
      note: note,
      check: check,
    };
  };
})();
