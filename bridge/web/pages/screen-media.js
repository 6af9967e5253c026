/* Pictures and videos while nobody is called. They are away at once when somebody is. */
(function () {
  "use strict";

  const at = Halld.at;
  const make = Halld.make;

  /** What cannot be loaded in this time is left out. */
  const LOAD_MS = 20000;
  /** A folder that was empty or away is asked for again so often. */
  const ASK_AGAIN_MS = 60000;

  /**
   * @param {{screen: string, each_s: number}} settings
   * @returns {{set: function(boolean)}} set tells whether it is their time
   */
  Halld.idleMedia = function (settings) {
    const frame = at("media");
    let isDue = false;
    let items = [];
    let place = 0;
    let timer = 0;
    /** Counts what was begun, so that what comes late is known as late. */
    let run = 0;

    function set(due) {
      if (due === isDue) {
        return;
      }
      isDue = due;
      if (due) {
        begin();
      } else {
        end();
      }
    }

    function end() {
      run += 1;
      clearTimeout(timer);
      frame.hidden = true;
      document.body.classList.remove("has-media");
      clear(null);
    }

    /** Take everything away but `kept`; a video lets go of its file. */
    function clear(kept) {
      Array.prototype.slice.call(frame.children).forEach(function (old) {
        if (old !== kept) {
          frame.removeChild(old);
          if (old.pause) {
            old.pause();
            old.removeAttribute("src");
            old.load();
          }
        }
      });
    }

    /** Ask what there is; each round anew, for files come and go. */
    function begin() {
      run += 1;
      const mine = run;
      const request = new XMLHttpRequest();
      request.open("GET", "/media/" + encodeURIComponent(settings.screen));
      request.timeout = 6000;
      request.onloadend = function () {
        if (mine !== run) {
          return;
        }
        try {
          items = JSON.parse(request.responseText).items || [];
        } catch (error) {
          items = [];
        }
        place = 0;
        next(mine, 0);
      };
      request.send();
    }

    /** The next item; `failed` of them in a row could not be shown. */
    function next(mine, failed) {
      if (mine !== run) {
        return;
      }
      if (failed >= items.length) {
        frame.hidden = true; // better the calls than a dark screen
        document.body.classList.remove("has-media");
        clear(null);
        timer = setTimeout(begin, ASK_AGAIN_MS);
        return;
      }
      if (place >= items.length) {
        begin();
        return;
      }
      const item = items[place];
      place += 1;
      const load = item.kind === "video" ? loadVideo : loadPicture;
      load(item.url, mine, function (isShown) {
        next(mine, isShown ? 0 : failed + 1);
      });
    }

    /** Calls `act` once, if this run still is. */
    function once(mine, act) {
      let isOver = false;
      return function () {
        if (!isOver && mine === run) {
          isOver = true;
          clearTimeout(timer);
          act();
        }
      };
    }

    function show(element) {
      clear(element);
      element.classList.add("is-shown");
      frame.hidden = false;
      document.body.classList.add("has-media");
    }

    function loadPicture(url, mine, done) {
      const picture = make("img");
      const fail = once(mine, function () {
        done(false);
      });
      picture.alt = "";
      picture.onerror = fail;
      picture.onload = once(mine, function () {
        picture.onerror = null;
        frame.appendChild(picture);
        show(picture);
        timer = setTimeout(function () {
          done(true);
        }, settings.each_s * 1000);
      });
      timer = setTimeout(fail, LOAD_MS);
      picture.src = url;
    }

    function loadVideo(url, mine, done) {
      const video = make("video");
      let isShown = false;
      let lastTime = -1;
      const over = once(mine, function () {
        if (!isShown && video.parentNode) {
          frame.removeChild(video);
        }
        done(isShown);
      });
      function watch() {
        clearTimeout(timer);
        timer = setTimeout(function () {
          if (isShown && video.currentTime !== lastTime) {
            lastTime = video.currentTime;
            watch(); // it goes on
          } else {
            over();
          }
        }, LOAD_MS);
      }
      video.muted = true;
      video.setAttribute("muted", "");
      video.setAttribute("playsinline", "");
      video.onplaying = function () {
        if (mine === run && !isShown) {
          isShown = true;
          show(video);
        }
      };
      video.onended = over;
      video.onerror = over;
      frame.appendChild(video);
      watch();
      video.src = url;
      const playing = video.play();
      if (playing && playing.catch) {
        playing.catch(over);
      }
    }

    return { set: set };
  };
})();
