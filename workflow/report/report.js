// Light a patient everywhere when one of his or her marks is pointed at; sort and filter tables. No framework.
"use strict";
(() => {
  const people = JSON.parse(document.getElementById("patient-data").textContent);
  const status = document.getElementById("lit");
  const marks = new Map();
  for (const mark of document.querySelectorAll("[data-patient]")) {
    const id = mark.dataset.patient;
    if (!marks.has(id)) marks.set(id, []);
    marks.get(id).push(mark);
  }
  const known = (id) => Object.hasOwn(people, id);
  let lit = null;

  function light(id) {
    if (id === lit) return;
    for (const mark of marks.get(lit) || []) mark.classList.remove("lit");
    lit = id;
    for (const mark of marks.get(id) || []) mark.classList.add("lit");
    status.hidden = id === null;
    status.replaceChildren();
    if (id === null) return;
    const name = document.createElement(known(id) ? "a" : "b");
    name.textContent = id;
    if (known(id)) name.href = people[id].href;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.ariaLabel = "Put out";
    close.addEventListener("click", () => light(null));
    status.append(name, known(id) ? " " + people[id].words : "", close);
  }

  const patientOf = (node) => (node.closest ? node.closest("[data-patient]") : null)?.dataset.patient ?? null;
  // What is lit stays lit while the reader scrolls to the other figures; Escape, × or a click beside puts it out.
  for (const kind of ["pointerover", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const id = event.pointerType === "touch" ? null : patientOf(event.target);
      if (id !== null) light(id);
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") light(null);
  });
  document.addEventListener("click", (event) => {
    const mark = event.target.closest("svg [data-patient]");
    const id = mark ? patientOf(mark) : null;
    if (id === null) {
      if (!event.target.closest("a, button, input, summary, label") && !status.contains(event.target)) {
        light(patientOf(event.target));
      }
      return;
    }
    // A finger cannot hover: its first touch lights, the link that appears opens.
    if (event.pointerType === "touch") light(id);
    else if (known(id)) location.href = people[id].href;
  });

  // A figure is one stop of the tabulator; arrows go from patient to patient, Enter opens the page.
  for (const svg of document.querySelectorAll("svg")) {
    const ids = [...new Set([...svg.querySelectorAll("[data-patient]")].map((mark) => mark.dataset.patient))];
    if (!ids.length) continue;
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step) {
        const place = ids.indexOf(lit);
        light(ids[place < 0 ? (step > 0 ? 0 : ids.length - 1) : (place + step + ids.length) % ids.length]);
        event.preventDefault();
      } else if (event.key === "Enter" && lit !== null && known(lit)) {
        location.href = people[lit].href;
      }
    });
  }

  function keyOf(row, column) {
    const cell = row.cells[column];
    return cell.dataset.key === undefined ? cell.textContent.trim() : Number(cell.dataset.key);
  }

  function compare(a, b) {
    const [x, y] = [typeof a === "number", typeof b === "number"];
    if (x && y) return a - b;
    if (x !== y) return x ? -1 : 1;
    const blank = (a === "–") - (b === "–");
    return blank || a.localeCompare(b, "en", { numeric: true });
  }

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows].map((row) => [keyOf(row, column), row]);
        const there = rows.filter(([key]) => key !== "–");
        const missing = rows.filter(([key]) => key === "–");
        there.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]));
        table.tBodies[0].append(...there.concat(missing).map((pair) => pair[1]));
      });
    });
  }

  for (const input of document.querySelectorAll("input[data-filter]")) {
    const rows = [...document.getElementById(`table-${input.dataset.filter}`).tBodies[0].rows];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row, place) => (row.hidden = !words.every((word) => texts[place].includes(word))));
    });
  }
})();
