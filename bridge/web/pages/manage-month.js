/* The month sheet (月考勤汇总表), as it is printed, signed and kept. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  /** Columns of the paper form; a number leads to the days that make it. */
  const FIGURES = [
    { name: "due_days" },
    { name: "attended_days" },
    { name: "late", state: "late" },
    { name: "early", state: "early" },
    { name: "missing", exceptions: true },
    { name: "absent_days", state: "absent" },
    { name: "leave_days", state: "leave" },
    { name: "field_days", state: "field_duty" },
    { name: "overtime_min", hours: true },
    { name: "unknown_days", state: "unknown" },
  ];
  const LEGEND = [
    "present", "late", "early", "missing_in", "missing_out", "absent", "leave",
    "field_duty", "holiday", "rest", "unknown", "pending",
  ];

  function daysOf(month) {
    const first = month.split("-").map(Number);
    const count = new Date(Date.UTC(first[0], first[1], 0)).getUTCDate();
    const found = [];
    for (let day = 1; day <= count; day += 1) {
      const weekday = new Date(Date.UTC(first[0], first[1] - 1, day)).getUTCDay();
      found.push({ day: day, date: month + "-" + (day < 10 ? "0" : "") + day, weekday: weekday });
    }
    return found;
  }

  function head(days) {
    const letters = text("manage.weekdays_short").split(",");
    return el("thead", {}, [
      el("tr", {}, [
        el("th", { rowspan: 2, class: "id" }, text("manage.id")),
        el("th", { rowspan: 2, class: "name" }, text("manage.person")),
        FIGURES.map((figure) => el("th", { rowspan: 2, class: "figure" }, text("manage.figure." + figure.name))),
        days.map((one) => el("th", { class: "day" + (one.weekday % 6 ? "" : " weekend") }, one.day)),
      ]),
      el("tr", {}, days.map((one) => el("th", { class: "day" + (one.weekday % 6 ? "" : " weekend") }, letters[one.weekday]))),
    ]);
  }

  function figure(row, plan) {
    const value = plan.hours ? row[plan.name] / 60 : row[plan.name];
    if (!value) {
      return el("span", { class: "zero" }, "0");
    }
    const wanted = { month: row.month, person: row.person, state: plan.state, exceptions: plan.exceptions };
    return parts.link(parts.number(value), "days", wanted);
  }

  function cell(row, one) {
    const state = row.days[one.day];
    const content = state
      ? el(
          "a",
          {
            href: manage.href("day", { person: row.person, day: one.date }),
            title: row.name + " " + parts.dayText(one.date) + " " + text("manage.state." + state),
            "data-state": state,
          },
          text("manage.symbol." + state)
        )
      : "";
    return el("td", { class: "day" + (one.weekday % 6 ? "" : " weekend") }, content);
  }

  function person(row, days) {
    return el("tr", { class: row.final ? "" : "is-open" }, [
      el("td", { class: "id" }, row.person),
      el("td", { class: "name" }, parts.person(row.person, row.name, row.month)),
      FIGURES.map((plan) => el("td", { class: "figure" }, figure(row, plan))),
      days.map((one) => cell(row, one)),
    ]);
  }

  /** A body for each unit, so that paper breaks between people, not within headings. */
  function bodies(rows, days, month) {
    const units = [];
    rows.forEach((row) => {
      const last = units[units.length - 1];
      if (last && last.name === row.department) {
        last.rows.push(row);
      } else {
        units.push({ name: row.department, rows: [row] });
      }
    });
    return units.map((unit) =>
      el("tbody", {}, [
        el("tr", { class: "unit" }, [
          el("th", { colspan: 2 + FIGURES.length + days.length, scope: "rowgroup" }, [
            text("manage.unit") + " ",
            unit.name ? parts.link(unit.name, "month", { month: month, department: unit.name }) : text("manage.unit_none"),
            " " + text("manage.people_count", { n: unit.rows.length }),
          ]),
        ]),
        unit.rows.map((row) => person(row, days)),
      ])
    );
  }

  function total(rows, days) {
    return el("tbody", {}, [
      el("tr", { class: "total" }, [
        el("td", { colspan: 2 }, text("manage.total")),
        FIGURES.map((plan) => {
          const sum = rows.reduce((so, row) => so + row[plan.name], 0);
          return el("td", { class: "figure" }, parts.number(plan.hours ? sum / 60 : sum));
        }),
        el("td", { colspan: days.length }, ""),
      ]),
    ]);
  }

  function legend(rows) {
    const words = LEGEND.map((state) => el("span", {}, [el("i", { "data-state": state }, text("manage.symbol." + state)), " " + text("manage.state." + state)]));
    if (rows.some((row) => !row.final)) {
      words.push(el("span", {}, text("manage.open_mark")));
    }
    return el("p", { class: "legend" }, [text("manage.legend"), words, el("span", {}, text("manage.units_line"))]);
  }

  function sheet(month, rows, status) {
    const days = daysOf(month);
    const title = text("manage.month.title", {
      hall: Halld.context.hall.name || Halld.context.hall.id,
      month: text("manage.month_text", { year: month.slice(0, 4), month: Number(month.slice(5)) }),
    });
    return el("article", { class: "sheet" }, [
      el("h1", {}, title),
      el("p", { class: "meta" }, [
        el("span", {}, Halld.monthStanding.line(status)),
        el("span", {}, text("manage.month.made", { time: Halld.context.today + " " + Halld.timeText(Halld.now()) })),
      ]),
      el("div", { class: "scroll" }, [el("table", { class: "month" }, [head(days), bodies(rows, days, month), total(rows, days)])]),
      legend(rows),
      el("p", { class: "signs" }, text("manage.signs").split("|").map((sign) => el("span", {}, sign))),
    ]);
  }

  function files(month, shown) {
    const narrow = { department: shown.department, person: shown.person };
    function file(label, name, more) {
      return el("a", { class: "key", href: manage.fileHref("/months/" + month + name, Object.assign({}, narrow, more)), download: true }, label);
    }
    return [
      file("XLSX", ".xlsx"),
      file(text("manage.csv_summary"), ".csv", { part: "summary" }),
      file(text("manage.csv_days"), ".csv", { part: "days" }),
      parts.button(text("manage.print"), () => window.print(), "key"),
    ];
  }

  function filters(people, month) {
    return el("div", { class: "filters" }, [
      parts.button("‹", () => manage.go({ month: parts.addMonths(month, -1) })),
      parts.button("›", () => manage.go({ month: parts.addMonths(month, 1) })),
      Halld.fields.filters(
        [
          { name: "month", label: text("manage.month"), kind: "month", otherwise: month },
          { name: "department", label: text("manage.department"), kind: "select", choices: Halld.fields.departments(people) },
          { name: "person", label: text("manage.person"), kind: "person" },
        ],
        people
      ),
    ]);
  }

  function days(shown, month, done) {
    if (!shown.person) {
      done(null);
      return;
    }
    manage.getAll("/days", { month: month, person: shown.person }, done);
  }

  Halld.views.month = function (root) {
    const shown = manage.params();
    const month = shown.month || Halld.context.today.slice(0, 7);
    const asked = { month: month, person: shown.person, department: shown.department };
    manage.withPeople((people) => {
      manage.get("/months/" + month, {}, (status) => {
        manage.getAll("/months", asked, (rows) => {
          days(shown, month, (list) => {
            parts.show(root, [
              parts.heading(text("manage.view.month"), files(month, shown)),
              filters(people, month),
              Halld.monthStanding.panel(status),
              rows.length
                ? sheet(month, rows, status)
                : el("p", { class: "empty" }, [text("manage.month.none") + " ", parts.link(text("manage.view.imports"), "imports")]),
              list ? parts.section(text("manage.view.days"), parts.table({ rows: list, columns: Halld.dayColumns(true), empty: text("manage.days.none"), className: "lines" })) : "",
            ]);
          });
        });
      });
    });
  };
})();
