/* Texts along the foot: they pass slowly, or take turns where nothing shall move. */
(function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;

  /** Shares of the shorter side a second, in percent: some two characters. */
  const PACE_VMIN = 9;
  const LEAST_TURN_MS = 6000;
  const MS_A_CHARACTER = 300;

  /**
   * @param {Array<string>} texts
   * @param {boolean} isStill
   * @returns {{fit: function()}}
   */
  Halld.marquee = function (texts, isStill) {
    let turn = 0;
    let row = 0;
    let timer = 0;

    /** One round of all texts, as often as it takes to fill the strip, and once more. */
    function run() {
      const track = at("track");
      const strip = at("marquee");
      track.textContent = "";
      const round = makeRound();
      track.appendChild(round);
      const copies = Math.max(1, Math.ceil(strip.clientWidth / Math.max(1, round.offsetWidth)));
      for (let i = 1; i < copies * 2; i += 1) {
        const copy = makeRound();
        copy.setAttribute("aria-hidden", "true");
        track.appendChild(copy);
      }
      const vmin = Math.min(window.innerWidth, window.innerHeight) / 100;
      track.style.animationDuration = (copies * round.offsetWidth) / (PACE_VMIN * vmin) + "s";
    }

    function makeRound() {
      const round = make("span", "round");
      texts.forEach(function (text) {
        round.appendChild(make("span", "text", text));
      });
      return round;
    }

    /** One row of one text, and then the next. */
    function takeTurns() {
      const track = at("track");
      const height = at("marquee").clientHeight;
      if (row === 0) {
        track.textContent = "";
        track.appendChild(make("span", "text", texts[turn]));
      }
      const many = Math.max(1, Math.round(track.offsetHeight / Math.max(1, height)));
      track.style.transform = "translateY(" + -row * height + "px)";
      const time = Math.max(LEAST_TURN_MS, (texts[turn].length / many) * MS_A_CHARACTER);
      timer = setTimeout(function () {
        row += 1;
        if (row >= many) {
          row = 0;
          turn = (turn + 1) % texts.length;
        }
        takeTurns();
      }, time);
    }

    function fit() {
      at("marquee").hidden = texts.length === 0;
      document.body.classList.toggle("has-marquee", texts.length > 0);
      clearTimeout(timer);
      if (!texts.length) {
        return;
      }
      if (isStill) {
        row = 0;
        takeTurns();
      } else {
        run();
      }
    }

    return { fit: fit };
  };
})();
