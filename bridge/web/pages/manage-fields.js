/* Fields and filters of the managers' pages, and the choice of a person. */
(function () {
  "use strict";

  const text = Halld.text;
  const manage = Halld.manage;
  const parts = Halld.parts;
  const el = parts.el;
  let lists = 0;

  /** The id at the head of `0007 Name`, or what was typed. */
  function idOf(written) {
    return written.trim().split(/\s/)[0] || "";
  }

  /** A text input that offers everybody; its value is `id name`. */
  function personInput(attributes, people) {
    lists += 1;
    const list = "people-" + lists;
    const options = Object.keys(people).map((id) => el("option", { value: id + " " + people[id].name }, people[id].department));
    const input = el("input", Object.assign({ list: list, autocomplete: "off", spellcheck: "false" }, attributes));
    const chosen = people[attributes.value];
    if (chosen) {
      input.value = chosen.id + " " + chosen.name;
    }
    return { input: input, node: el("span", { class: "pick" }, [input, el("datalist", { id: list }, options)]) };
  }

  function options(choices, value) {
    return choices.map((choice) =>
      el("option", { value: choice[0], selected: String(choice[0]) === String(value === undefined ? "" : value) }, choice[1])
    );
  }

  /**
   * One labelled field.
   * @param {{name: string, label: string, kind: (string|undefined), value: *,
   *          choices: (Array|undefined), required: (boolean|undefined),
   *          hint: (string|undefined), wide: (boolean|undefined)}} plan
   */
  function field(plan, people) {
    const attributes = {
      name: plan.name, value: plan.value, required: plan.required, maxlength: plan.most || 500,
      placeholder: plan.placeholder,
    };
    let input = null;
    let control = null;
    if (plan.kind === "select") {
      input = el("select", { name: plan.name, required: plan.required }, options(plan.choices, plan.value));
    } else if (plan.kind === "words") {
      input = el("textarea", { name: plan.name, rows: 2, required: plan.required, maxlength: 500 }, plan.value);
    } else if (plan.kind === "person") {
      const made = personInput(attributes, people);
      input = made.input;
      control = made.node;
    } else {
      attributes.type = plan.kind || "text";
      if (plan.kind === "number") {
        attributes.min = plan.min;
        attributes.max = plan.max;
        delete attributes.maxlength;
      }
      input = el("input", attributes);
    }
    const hint = plan.hint ? el("small", {}, plan.hint) : "";
    const node = el("label", { class: plan.wide ? "field wide" : "field" }, [el("span", {}, plan.label), control || input, hint]);
    return {
      node: node,
      input: input,
      read: () => (plan.kind === "person" ? idOf(input.value) : input.value.trim()),
    };
  }

  /**
   * A form. `plan.send(values, failed)`; `plan.extra(values, failed)` is a second key.
   * @param {{fields: Array<Object>, confirm: string, send: Function,
   *          extra: (Function|undefined), extraLabel: (string|undefined),
   *          shows: (function(Object, Object)|undefined)}} plan
   */
  function form(plan, people) {
    const fields = {};
    const nodes = plan.fields.map((one) => {
      fields[one.name] = field(one, people);
      return fields[one.name].node;
    });
    const problem = el("p", { class: "bad", role: "alert" });
    const below = el("div", { class: "below" });
    const send = el("button", { type: "submit", class: "primary" }, plan.confirm);
    function values() {
      const found = {};
      Object.keys(fields).forEach((name) => {
        found[name] = fields[name].node.hidden ? "" : fields[name].read();
      });
      return found;
    }
    function failed(message) {
      send.disabled = false;
      parts.fill(problem, message);
    }
    function run(work) {
      parts.fill(problem, "");
      if (node.reportValidity()) {
        work(values(), failed, below);
      }
    }
    const extra = plan.extra ? parts.button(plan.extraLabel, () => run(plan.extra)) : "";
    const node = el(
      "form",
      {
        class: "form",
        submit: (event) => {
          event.preventDefault();
          send.disabled = true;
          run(plan.send);
        },
        input: () => {
          if (plan.shows) {
            plan.shows(fields, values());
          }
        },
      },
      [el("div", { class: "fields" }, nodes), problem, el("div", { class: "actions" }, [extra, send]), below]
    );
    if (plan.shows) {
      plan.shows(fields, values());
    }
    return { node: node, fields: fields, values: values, below: below, failed: failed };
  }

  /** Filters of a view; a change goes into the address at once. */
  function filters(plans, people) {
    const shown = manage.params();
    const made = plans.map((plan) => {
      const one = field(Object.assign({ value: shown[plan.name] || plan.otherwise || "" }, plan), people);
      one.input.addEventListener("change", () => {
        const change = { offset: "" };
        change[plan.name] = one.read() === (plan.otherwise || "") ? "" : one.read();
        manage.go(change);
      });
      return one.node;
    });
    return el("form", { class: "filters", submit: (event) => event.preventDefault() }, made);
  }

  /** The departments of the people given, for a filter. */
  function departments(people) {
    const seen = {};
    Object.keys(people).forEach((id) => {
      seen[people[id].department || ""] = true;
    });
    const names = Object.keys(seen).filter((name) => name).sort();
    return [["", text("manage.all")]].concat(names.map((name) => [name, name]));
  }

  /** [[value, word]] of the words `prefix.value` of the catalogue. */
  function choices(prefix, values, otherwise) {
    const found = values.map((value) => [value, text(prefix + value)]);
    return otherwise === undefined ? found : [["", otherwise]].concat(found);
  }

  Halld.fields = { form: form, filters: filters, field: field, departments: departments, choices: choices, idOf: idOf };
})();
