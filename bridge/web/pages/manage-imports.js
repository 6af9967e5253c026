/* Lists from XLSX or CSV: first tried, with every bad row, then written. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  const KINDS = ["people", "postings", "shifts", "leave", "calendar"];
  const LARGEST = 5 * 1024 * 1024;
  const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

  function typeOf(file) {
    return /\.xlsx$/i.test(file.name) ? XLSX : "text/csv";
  }

  function badRows(rows) {
    return parts.table({
      rows: rows,
      empty: text("manage.imports.no_bad"),
      className: "lines",
      columns: [
        { label: text("manage.imports.row"), class: "num strong", cell: (one) => one.row },
        { label: text("manage.imports.column"), cell: (one) => one.column },
        { label: text("manage.imports.value"), cell: (one) => one.value },
        { label: text("manage.imports.message"), cell: (one) => one.message },
      ],
    });
  }

  function run(file, values, isDry, below, failed) {
    if (!manage.by()) {
      Halld.at("by").focus();
      Halld.at("by").classList.add("is-wanted");
      failed(text("manage.by_missing"));
      return;
    }
    const query = { kind: values.kind, dry_run: isDry ? "true" : "false", by: manage.by(), reason: values.reason, lang: Halld.context.lang };
    parts.fill(below, el("p", { class: "hint" }, text("manage.imports.reading")));
    manage.sendFile("/imports", query, file, typeOf(file), (answer) => {
      failed("");
      const isGood = answer.bad.length === 0;
      const key = isDry && isGood && answer.good
        ? el("button", { type: "button", class: "primary", click: () => run(file, values, false, below, failed) }, text("manage.imports.write", { n: answer.good }))
        : "";
      parts.fill(below, [
        parts.section(text("manage.imports.result"), [
          el("p", { class: isGood ? "good" : "bad" }, text(answer.written ? "manage.imports.written" : isGood ? "manage.imports.fine" : "manage.imports.has_bad", {
            rows: answer.rows, good: answer.good, same: answer.same || 0, bad: answer.bad.length, changes: answer.changes,
          })),
          answer.ignored && answer.ignored.length ? el("p", {}, text("manage.imports.ignored", { columns: answer.ignored.join(", ") })) : "",
          key,
          isGood ? "" : badRows(answer.bad),
        ]),
      ]);
    }, (message, answer) => {
      parts.fill(below, answer.bad ? badRows(answer.bad) : "");
      failed(message);
    });
  }

  Halld.views.imports = function (root) {
    const shown = manage.params();
    const file = el("input", { type: "file", accept: ".xlsx,.csv,text/csv", required: true });
    const form = Halld.fields.form({
      fields: [
        { name: "kind", label: text("manage.imports.kind"), kind: "select", value: shown.kind, choices: Halld.fields.choices("manage.imports.", KINDS) },
        { name: "reason", label: text("manage.reason"), wide: true },
      ],
      shows: (fields, values) => template.setAttribute("href", manage.fileHref("/imports/" + values.kind + ".xlsx", { lang: Halld.context.lang })),
      confirm: text("manage.imports.try"),
      send: (values, failed, below) => {
        const chosen = file.files[0];
        failed("");
        if (!chosen || chosen.size > LARGEST) {
          failed(text(chosen ? "manage.imports.too_large" : "manage.imports.no_file"));
          return;
        }
        run(chosen, values, true, below, failed);
      },
    });
    form.node.children[0].appendChild(el("label", { class: "field wide" }, [el("span", {}, text("manage.imports.file")), file]));
    parts.show(root, [
      parts.heading(text("manage.view.imports"), [parts.link(text("manage.view.people"), "people", {}, "key")]),
      el("p", { class: "hint" }, [text("manage.imports.hint"), " ", template]),
      form.node,
    ]);
  };

  /** The empty table of the kind chosen, with its headings and an example. */
  const template = el("a", { download: true }, text("manage.imports.template"));
})();
