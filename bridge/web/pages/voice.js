/*
 * Says the calls of an area, one after another: gong, text, text again.
 *
 * A Chinese voice of the browser's own machine speaks where there is one; voices
 * of the network need the internet and are left alone. Otherwise the hall's
 * machine makes the sound.
 */
(function () {
  "use strict";

  /** Nobody is called later than this. */
  const FRESH_MS = 30000;
  const PAUSE_MS = 700;
  const HINT_MS = 20000;
  /** A browser may leave a page that starts silent for a moment before it lets it sound. */
  const HINT_AFTER_MS = 1500;
  const LOAD_MS = 6000;
  /** Some browsers never tell that they have spoken. */
  const LONGEST_TEXT_MS = 20000;

  /**
   * @param {{enabled: boolean, repeat: number, gong: boolean, volume: number,
   *          hours: (Array<string>|null), server: boolean}} settings
   * @param {string} area
   * @param {HTMLElement} hint shown while the browser wants a touch first
   * @returns {{say: function(Object)}}
   */
  Halld.voice = function (settings, area, hint) {
    const wish = (/[?&]sound=(on|off)\b/.exec(window.location.search) || [])[1];
    const isOff = !settings.enabled || settings.volume === 0 || wish === "off";
    const Context = window.AudioContext || window.webkitAudioContext;
    const browser = window.speechSynthesis;

    /** Calls that wait to be said, oldest first: {call, sound}. */
    const waiting = [];
    let sounds = null;
    let gong = null;
    let isSpeaking = false;
    let isBrowserMute = false;
    /** Held, for a browser may forget an utterance that nobody holds, and its end. */
    let utterance = null;

    /** Say a call in its turn; an older one of the same ticket gives its place. */
    function say(call) {
      if (isOff || !call.speech || !call.speech.length || !isDue(call)) {
        return;
      }
      const item = { call: call, sound: null };
      if (!voiceFor("zh")) {
        item.sound = loadCall(call);
      }
      for (let i = 0; i < waiting.length; i += 1) {
        if (waiting[i].call.ticket.id === call.ticket.id) {
          waiting[i] = item;
          next();
          return;
        }
      }
      waiting.push(item);
      next();
    }

    function isDue(call) {
      return Halld.now() - Date.parse(call.at) <= FRESH_MS && isHour();
    }

    /** Whether the hall speaks at this hour. */
    function isHour() {
      if (!settings.hours) {
        return true;
      }
      const time = Halld.timeText(Halld.now());
      const from = settings.hours[0];
      const to = settings.hours[1];
      return from < to ? from <= time && time < to : from <= time || time < to;
    }

    function isBlocked() {
      return Boolean(sounds) && sounds.state !== "running";
    }

    function next() {
      while (waiting.length && !isDue(waiting[0].call)) {
        waiting.shift();
      }
      if (isSpeaking || isBlocked() || !waiting.length) {
        return;
      }
      const item = waiting.shift();
      isSpeaking = true;
      announce(item, function () {
        isSpeaking = false;
        next();
      });
    }

    function announce(item, done) {
      const voice = voiceFor("zh");
      if (voice) {
        withGong(function () {
          repeat(item, settings.repeat, done);
        });
        return;
      }
      item.sound = item.sound || loadCall(item.call);
      whenLoaded(item.sound, function (sound) {
        if (!sound) {
          done(); // without a text the gong would call nobody
          return;
        }
        withGong(function () {
          repeat(item, settings.repeat, done);
        });
      });
    }

    function withGong(then) {
      if (!settings.gong) {
        then();
        return;
      }
      gong = gong || load("/voice/gong.wav");
      whenLoaded(gong, function (sound) {
        if (!sound) {
          gong = null; // the next call tries again
        }
        play(sound, then);
      });
    }

    /** The text so many times; but who waits to be called comes before a repeat. */
    function repeat(item, left, done) {
      sayOnce(item, function () {
        if (left > 1 && !waiting.length) {
          setTimeout(function () {
            repeat(item, left - 1, done);
          }, PAUSE_MS);
        } else {
          done();
        }
      });
    }

    function sayOnce(item, done) {
      if (voiceFor("zh")) {
        utter(item.call.speech, 0, done);
      } else {
        item.sound = item.sound || loadCall(item.call);
        whenLoaded(item.sound, function (sound) {
          play(sound, done);
        });
      }
    }

    /** One language after another by the browser. */
    function utter(texts, place, done) {
      if (place >= texts.length) {
        utterance = null;
        done();
        return;
      }
      const over = once(LONGEST_TEXT_MS, function (isLate) {
        if (isLate) {
          browser.cancel();
        }
        utter(texts, place + 1, done);
      });
      utterance = new window.SpeechSynthesisUtterance(texts[place].text);
      utterance.lang = texts[place].lang;
      const voice = voiceFor(texts[place].lang.slice(0, 2));
      if (voice) {
        utterance.voice = voice;
      }
      utterance.volume = settings.volume / 100;
      utterance.rate = 0.9;
      utterance.onend = over;
      utterance.onerror = function () {
        isBrowserMute = settings.server; // from now on the hall's machine speaks
        over();
      };
      browser.speak(utterance);
    }

    /** A voice of this machine; asked each time, for browsers find theirs late. */
    function voiceFor(language) {
      if (!browser || !window.SpeechSynthesisUtterance || isBrowserMute) {
        return null;
      }
      const voices = browser.getVoices();
      let other = null;
      for (let i = 0; i < voices.length; i += 1) {
        const name = String(voices[i].lang).toLowerCase().replace(/_/g, "-");
        const isHere = voices[i].localService !== false;
        if (isHere && language === "zh" && /^(zh-cn|zh-hans|cmn)/.test(name)) {
          return voices[i];
        }
        // Voices of zh-hk speak Cantonese.
        if (isHere && name.indexOf(language) === 0 && !/hk|yue|mo$/.test(name)) {
          other = other || voices[i];
        }
      }
      return other;
    }

    function loadCall(call) {
      return load("/voice/" + encodeURIComponent(call.area || area) + "/" + encodeURIComponent(call.id) + ".wav");
    }

    /** A sound under way: {buffer, isOver, then}; buffer null when there is none. */
    function load(path) {
      const sound = { buffer: null, isOver: false, then: [] };
      const over = once(LOAD_MS, function () {
        sound.isOver = true;
        sound.then.forEach(function (then) {
          then(sound.buffer);
        });
      });
      if (!sounds || (!settings.server && path !== "/voice/gong.wav")) {
        over();
        return sound;
      }
      const request = new XMLHttpRequest();
      request.open("GET", path);
      request.responseType = "arraybuffer";
      request.timeout = LOAD_MS;
      request.onloadend = function () {
        if (request.status !== 200) {
          over();
          return;
        }
        sounds.decodeAudioData(request.response, function (buffer) {
          sound.buffer = buffer;
          over();
        }, over);
      };
      request.send();
      return sound;
    }

    function whenLoaded(sound, then) {
      if (sound.isOver) {
        then(sound.buffer);
      } else {
        sound.then.push(then);
      }
    }

    function play(buffer, done) {
      if (!buffer) {
        done();
        return;
      }
      const source = sounds.createBufferSource();
      const loud = sounds.createGain();
      loud.gain.value = settings.volume / 100;
      source.buffer = buffer;
      source.connect(loud);
      loud.connect(sounds.destination);
      source.onended = once(buffer.duration * 1000 + 2000, done);
      source.start(0);
    }

    /** Calls `act(isLate)` once: when it is called, or after so many ms. */
    function once(limit_ms, act) {
      let isDone = false;
      function run(isLate) {
        if (!isDone) {
          isDone = true;
          clearTimeout(timer);
          act(isLate === true);
        }
      }
      const timer = setTimeout(function () {
        run(true);
      }, limit_ms);
      return function () {
        run(false);
      };
    }

    function unblock() {
      if (isBlocked()) {
        sounds.resume();
      }
    }

    function begin() {
      if (!Context) {
        return;
      }
      sounds = new Context();
      sounds.onstatechange = function () {
        if (!isBlocked()) {
          hint.hidden = true;
          next();
        }
      };
      ["click", "touchend", "keydown"].forEach(function (name) {
        document.addEventListener(name, unblock, true);
      });
      unblock(); // some browsers let a page sound that asks
      setTimeout(function () {
        hint.hidden = wish === "on" || !isBlocked() || !(settings.server || voiceFor("zh"));
        setTimeout(function () {
          hint.hidden = true;
        }, HINT_MS);
      }, HINT_AFTER_MS);
      if (settings.gong) {
        gong = load("/voice/gong.wav");
      }
    }

    if (!isOff) {
      begin();
      if (browser) {
        browser.getVoices(); // asks for them; they come later
      }
    }
    return { say: say };
  };
})();
