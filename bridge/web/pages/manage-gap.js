/* A paper sign-in list after a power cut: the punches of many people at once. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  const COLUMNS = 4;
  /** Corrections in one request, as the hall takes them. */
  const MOST = 1000;

  /** `830`, `8:30` or `08：30` as `08:30`; null when it is no time. */
  function readTime(written) {
    const found = /^(\d{1,2})[:：]?(\d\d)$/.exec(written.trim());
    if (!found || Number(found[1]) > 23 || Number(found[2]) > 59) {
      return null;
    }
    return (found[1].length < 2 ? "0" : "") + found[1] + ":" + found[2];
  }

  function timeInput(label) {
    const input = el("input", { class: "short", inputmode: "numeric", maxlength: 5, autocomplete: "off", "aria-label": label, placeholder: "--:--" });
    input.addEventListener("change", () => {
      const time = readTime(input.value);
      input.classList.toggle("is-wrong", input.value.trim() !== "" && time === null);
      if (time) {
        input.value = time;
      }
    });
    return input;
  }

  /** A line for each person; a head line that fills the empty fields below it. */
  function grid(people) {
    const rows = people.map((one) => ({ person: one, inputs: [], row: null }));
    rows.forEach((line) => {
      for (let n = 0; n < COLUMNS; n += 1) {
        line.inputs.push(timeInput(line.person.name + " " + (n + 1)));
      }
      line.row = el("tr", {}, [
        el("td", { class: "num" }, line.person.id),
        el("td", {}, line.person.name),
        el("td", {}, line.person.department || ""),
        line.inputs.map((input) => el("td", {}, input)),
      ]);
    });
    const heads = [];
    for (let n = 0; n < COLUMNS; n += 1) {
      heads.push(timeInput(text("manage.gap.all") + " " + (n + 1)));
    }
    heads.forEach((head, n) => {
      head.addEventListener("change", () => {
        const time = readTime(head.value);
        rows.forEach((line) => {
          if (time && !line.row.hidden && !line.inputs[n].value) {
            line.inputs[n].value = time;
          }
        });
      });
    });
    return {
      rows: rows,
      node: el("div", { class: "scroll" }, [
        el("table", { class: "lines entry" }, [
          el("thead", {}, [
            el("tr", {}, [text("manage.id"), text("manage.person"), text("manage.department"), 1, 2, 3, 4].map((label) => el("th", {}, typeof label === "number" ? text("manage.gap.column", { n: label }) : label))),
            el("tr", { class: "fill" }, [el("td", { colspan: 3 }, text("manage.gap.all")), heads.map((head) => el("td", {}, head))]),
          ]),
          el("tbody", {}, rows.map((line) => line.row)),
        ]),
      ]),
    };
  }

  function items(lines, values) {
    const found = [];
    lines.forEach((line) => {
      line.inputs.forEach((input) => {
        const time = readTime(input.value);
        if (time && !line.row.hidden) {
          found.push(Halld.preview.filled({
            person: line.person.id, day: values.day, kind: "punch", time: parts.stamp(values.day, time),
            reason: values.reason, proof: values.proof,
          }));
        }
      });
    });
    return found;
  }

  /** Go on with the corrections that are filled in, if all of them are times. */
  function withItems(made, values, failed, done) {
    const wrong = made.node.querySelectorAll("tr:not([hidden]) .is-wrong").length;
    const all = items(made.rows, values);
    if (wrong) {
      failed(text("manage.gap.wrong", { n: wrong }));
    } else if (!all.length) {
      failed(text("manage.gap.empty"));
    } else {
      done(all);
    }
  }

  function send(all, values, failed) {
    const rest = all.slice(MOST);
    const body = Object.assign({ reason: values.reason, items: all.slice(0, MOST) }, Halld.signed(values));
    manage.tell("/corrections/bulk", body, () => {
      if (rest.length) {
        send(rest, values, failed);
        return;
      }
      parts.say(text("manage.gap.saved"));
      manage.refresh();
    }, failed);
  }

  function gapChoices(clocks) {
    const found = [["", text("manage.gap.none")]];
    clocks.forEach((clock) => {
      clock.gaps.forEach((gap) => {
        const end = gap.end ? parts.moment(gap.end, gap.start.slice(0, 10)) : text("manage.gap.open");
        found.push([clock.device + "|" + gap.start, (clock.name || clock.device) + " " + parts.moment(gap.start) + " – " + end]);
      });
    });
    return found;
  }

  function draw(root, people, clocks) {
    const shown = manage.params();
    const everybody = Object.keys(people).map((id) => people[id]);
    const made = grid(everybody);
    const gap = shown.device ? shown.device + "|" + shown.start : "";
    let chosen = gap;
    const form = Halld.fields.form(
      {
        fields: [
          { name: "gap", label: text("manage.gap.which"), kind: "select", choices: gapChoices(clocks), value: gap, wide: true },
          { name: "day", label: text("manage.day_label"), kind: "date", value: shown.day || (shown.start || Halld.context.today).slice(0, 10), required: true },
          { name: "department", label: text("manage.department"), kind: "select", choices: Halld.fields.departments(people) },
          { name: "reason", label: text("manage.reason"), value: text("manage.gap.reason"), required: true, wide: true },
          { name: "proof", label: text("manage.proof"), hint: text("manage.proof_hint"), wide: true },
          { name: "approver", label: text("manage.approver"), hint: text("manage.approver_hint"), most: 64 },
          { name: "level", label: text("manage.level_label"), kind: "number", min: 1, max: 9, placeholder: text("manage.level_any") },
        ],
        shows: (fields, values) => {
          fields.level.node.hidden = !values.approver;
          if (values.gap && values.gap !== chosen) {
            fields.day.input.value = values.gap.split("|")[1].slice(0, 10);
          }
          chosen = values.gap;
          made.rows.forEach((line) => {
            line.row.hidden = Boolean(values.department) && line.person.department !== values.department;
          });
        },
        confirm: text("manage.send"),
        extraLabel: text("manage.preview"),
        extra: (values, failed, below) =>
          withItems(made, values, failed, (all) => Halld.preview.show("correction", all, below, failed)),
        send: (values, failed) => withItems(made, values, failed, (all) => send(all, values, failed)),
      },
      people
    );
    form.node.insertBefore(made.node, form.node.children[1]);
    parts.show(root, [
      parts.heading(text("manage.new.gap"), [parts.link(text("manage.view.clocks"), "clocks", {}, "key")]),
      el("p", { class: "hint" }, text("manage.gap.hint")),
      everybody.length ? form.node : el("p", { class: "empty" }, text("manage.people.none")),
    ]);
  }

  Halld.views.gap = function (root) {
    manage.withPeople((people) => {
      manage.getAll("/clocks", {}, (clocks) => draw(root, people, clocks));
    });
  };
})();
