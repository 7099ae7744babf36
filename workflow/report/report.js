// Light a patient everywhere; select patients on the map; look up a gene; what if; sort and filter tables. No framework.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("patient-data").textContent);
  const people = data.people;
  const status = document.getElementById("lit");
  const byId = (id) => document.getElementById(id);
  const marksOf = (id) => document.querySelectorAll(`[data-patient="${CSS.escape(id)}"]`);
  const known = (id) => Object.hasOwn(people, id);
  const make = (tag, words = "", attributes = {}) => {
    const node = document.createElement(tag);
    node.textContent = words;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  for (const node of document.querySelectorAll(".needs-script")) node.hidden = false;
  let lit = null; // the one patient that is lit
  let behind = null; // the number whose patients are lit

  function show(ids, ...words) {
    for (const mark of document.querySelectorAll(".lit")) mark.classList.remove("lit");
    for (const id of ids) for (const mark of marksOf(id)) mark.classList.add("lit");
    status.hidden = ids.length === 0;
    const close = make("button", "×", { type: "button", "aria-label": "Put out" });
    close.addEventListener("click", () => light(null));
    status.replaceChildren(...(ids.length ? [...words, close] : []));
  }

  function light(id) {
    if (id === lit && behind === null) return;
    [lit, behind] = [id, null];
    if (id === null) {
      show([]);
      return;
    }
    const name = known(id) ? make("a", id, { href: people[id].href }) : make("b", id);
    show([id], name, known(id) ? " " + people[id].words : "");
  }

  // Pointing at a number lights the patients of its row; following it opens the row.
  function lightBehind(link) {
    const group = data.evidence[link.dataset.evidence];
    if (link === behind || group === undefined) return;
    [lit, behind] = [null, link];
    const ids = data.behind[group].map((place) => data.ids[place]);
    show(ids, `${ids.length === 1 ? "1 patient" : `${ids.length} patients`} behind ${link.textContent}: ${link.title}`);
  }

  // A selection: what is clicked on the map, or what all chosen chips share (any chip within a group).
  const chosen = new Set();
  const chips = [...document.querySelectorAll("[data-chip]")];
  const words = byId("chosen");

  function showChosen() {
    document.body.classList.toggle("choosing", chosen.size > 0);
    for (const mark of document.querySelectorAll("[data-patient]")) {
      mark.classList.toggle("chosen", chosen.has(mark.dataset.patient));
    }
    for (const figure of document.querySelectorAll("figure")) {
      const ids = new Set([...figure.querySelectorAll("[data-patient]")].map((mark) => mark.dataset.patient));
      let line = figure.querySelector(":scope > .n");
      if (!line && ids.size) figure.append((line = make("p", "", { class: "n quiet" })));
      if (!line) continue;
      line.hidden = chosen.size === 0;
      line.textContent = `${[...ids].filter((id) => chosen.has(id)).length} of the ${ids.size} patients here are selected.`;
    }
    if (!words) return;
    words.hidden = chosen.size === 0;
    words.textContent = `${chosen.size} of ${Object.keys(people).length} patients selected. ${words.dataset.note}`;
  }

  function chooseByChips() {
    const pressed = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true");
    const groups = new Map();
    for (const { dataset } of pressed) {
      if (!groups.has(dataset.chip)) groups.set(dataset.chip, new Set());
      for (const id of data.chips[dataset.chip][dataset.value]) groups.get(dataset.chip).add(id);
    }
    chosen.clear();
    if (pressed.length) {
      for (const id of Object.keys(people)) if ([...groups.values()].every((ids) => ids.has(id))) chosen.add(id);
    }
    showChosen();
    if (pressed.length && !chosen.size && words) {
      words.hidden = false;
      words.textContent = "No patient has all of this.";
    }
  }

  function choose(id) {
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    if (!chosen.delete(id)) chosen.add(id);
    showChosen();
  }

  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      chooseByChips();
    });
  }
  byId("clear")?.addEventListener("click", () => {
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    chosen.clear();
    showChosen();
  });
  byId("map-order")?.addEventListener("change", (event) => {
    const map = byId("map");
    const ranks = data.orders[event.target.value];
    const columns = [...map.querySelectorAll("[data-place]")];
    const rank = (column) => (ranks ? ranks[Number(column.dataset.place)] : 0);
    columns.sort((a, b) => rank(a) - rank(b) || a.dataset.place - b.dataset.place);
    columns.forEach((column, place) => {
      column.setAttribute("transform", `translate(${Number(map.dataset.left) + place * Number(map.dataset.column)})`);
      map.append(column);
    });
  });

  const patientOf = (node) => (node.closest ? node.closest("[data-patient]") : null)?.dataset.patient ?? null;
  // What is lit stays lit while the reader scrolls to the other figures; Escape, × or a click beside puts it out.
  for (const kind of ["pointerover", "focusin"]) {
    document.addEventListener(kind, (event) => {
      if (event.pointerType === "touch") return;
      const id = patientOf(event.target);
      const link = event.target.closest?.("a.cite");
      if (id !== null) light(id);
      else if (link) lightBehind(link);
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") light(null);
  });
  document.addEventListener("click", (event) => {
    const mark = event.target.closest("svg [data-patient]");
    const id = mark ? patientOf(mark) : null;
    if (id === null) {
      if (!event.target.closest("a, button, input, select, summary, label") && !status.contains(event.target)) {
        light(patientOf(event.target));
      }
      return;
    }
    // On the map a click selects. Elsewhere it opens; a finger cannot hover: its first touch lights, the link opens.
    if (mark.closest("#map")) {
      light(id);
      choose(id);
    } else if (event.pointerType === "touch") light(id);
    else if (known(id)) location.href = people[id].href;
  });

  // A figure is one stop of the tabulator; arrows go from patient to patient, Enter opens the page, space selects.
  function walk(svg) {
    const patients = () => [...new Set([...svg.querySelectorAll("[data-patient]")].map((mark) => mark.dataset.patient))];
    if (!patients().length) return;
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step) {
        const ids = patients();
        const place = ids.indexOf(lit);
        light(ids[place < 0 ? (step > 0 ? 0 : ids.length - 1) : (place + step + ids.length) % ids.length]);
        event.preventDefault();
      } else if (event.key === " " && svg.id === "map" && lit !== null) {
        choose(lit);
        event.preventDefault();
      } else if (event.key === "Enter" && lit !== null && known(lit)) {
        location.href = people[lit].href;
      }
    });
  }
  for (const svg of document.querySelectorAll("svg")) walk(svg);

  byId("what-if-choice")?.addEventListener("change", (event) => {
    const answer = byId("what-if-answer");
    const found = event.target.value === "" ? null : data.what_if[Number(event.target.value)];
    answer.hidden = found === null;
    document.querySelector(".headline").classList.toggle("aside", found !== null);
    answer.textContent = found === null ? "" : `What if (${found.name}), computed beforehand, no new test: ${found.words}`;
    light(found?.patient || null);
  });

  // Ask a gene: the file of all genes is read at the first question.
  let genes = null;
  const say = (text) => byId("gene-words").replaceChildren(text);

  async function unpack(payload) {
    const form = byId("ask");
    if (globalThis.crypto?.subtle) {
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(payload));
      if (btoa(String.fromCharCode(...new Uint8Array(digest))) !== form.dataset.digest) {
        throw new Error(`${form.dataset.file} is not the file of this report; make the report again.`);
      }
    }
    const packed = Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const size = new DataView(bytes.buffer).getUint32(0);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
    return { ...head, values: bytes.subarray(4 + size) };
  }

  function loadGenes() {
    const { file, digest } = byId("ask").dataset;
    return new Promise((resolve, reject) => {
      globalThis.anpiGenes = (payload) => unpack(payload).then(resolve, reject);
      const script = make("script", "", { src: file });
      script.nonce = digest;
      script.addEventListener("error", () => reject(new Error(`${file} cannot be read; it lies beside the page.`)));
      document.head.append(script);
    });
  }

  function findGene(asked) {
    const upper = asked.trim().toUpperCase();
    const exact = (names) => names.findIndex((name) => name.toUpperCase() === upper);
    const place = Math.max(exact(genes.symbols), exact(genes.ids));
    if (place >= 0) return { place };
    const alias = Object.keys(genes.aliases).find((name) => name.toUpperCase() === upper);
    if (alias) return { place: genes.symbols.indexOf(genes.aliases[alias]), alias };
    return { near: genes.symbols.filter((name) => name.toUpperCase().startsWith(upper)).slice(0, 8) };
  }

  async function ask(asked) {
    if (!asked.trim()) return;
    say("Reading the genes …");
    try {
      genes ??= await loadGenes();
    } catch (fault) {
      say(fault.message);
      return;
    }
    const found = findGene(asked);
    byId("gene-plot").replaceChildren();
    if (found.near) {
      say(`No gene of this run is called ${asked.trim()}. `);
      for (const name of found.near) {
        const button = make("button", name, { type: "button" });
        button.addEventListener("click", () => ask((byId("gene").value = name)));
        byId("gene-words").append(button, " ");
      }
      return;
    }
    drawGene(found.place, found.alias);
  }

  const SVG = "http://www.w3.org/2000/svg";
  function shape(parent, tag, attributes, words) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (words !== undefined) node.textContent = words;
    parent.append(node);
    return node;
  }

  function drawGene(place, alias) {
    const unit = byId("ask").dataset.unit;
    const groups = data.groups[byId("gene-by").value];
    const count = genes.samples.length;
    const points = genes.samples.map((sample, i) => {
      const byte = genes.values[place * count + i];
      return { sample, patient: genes.patients[i], group: groups[sample], value: byte === 255 ? null : byte / genes.steps };
    });
    const there = points.filter((point) => point.value !== null);
    const names = [...new Set(points.map((point) => point.group))].sort();
    const top = Math.max(1, Math.ceil(Math.max(...there.map((point) => point.value))));
    const [wide, tall, left, bottom] = [Math.min(900, 90 + 150 * names.length), 290, 46, 250];
    const title = `${genes.symbols[place]} by ${byId("gene-by").value}`;
    const svg = shape(byId("gene-plot"), "svg", { viewBox: `0 0 ${wide} ${tall}`, role: "group", "aria-label": title });
    svg.style.setProperty("--natural", `${wide}px`);
    const y = (value) => bottom - (value / top) * (bottom - 14);
    for (let tick = 0; tick <= top; tick += Math.ceil(top / 6)) {
      shape(svg, "path", { d: `M${left} ${y(tick)}H${wide}`, stroke: "#d5dae0" });
      shape(svg, "text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end", "font-size": 11 }, tick);
    }
    shape(svg, "text", { x: 11, y: bottom / 2, "font-size": 11, transform: `rotate(-90 11 ${bottom / 2})`, "text-anchor": "middle" }, unit);
    names.forEach((name, group) => {
      const inside = there.filter((point) => point.group === name).sort((a, b) => a.value - b.value);
      const step = (wide - left) / names.length;
      const middle = left + step * (group + 0.5);
      inside.forEach((point, i) => {
        const x = middle + (((i * 7) % 11) - 5) * Math.min(7, step / 14);
        const mark = shape(svg, "g", { "data-patient": point.patient });
        shape(mark, "circle", { cx: x.toFixed(1), cy: y(point.value).toFixed(1), r: 4.2, fill: "#33506b", "fill-opacity": 0.75 });
        const tpm = 2 ** point.value - 1;
        shape(mark, "title", {}, `${point.sample}: about ${tpm < 10 ? tpm.toFixed(1) : Math.round(tpm)} TPM`);
      });
      if (inside.length) {
        const half = inside.length / 2;
        const median = (inside[Math.floor(half - 0.5)].value + inside[Math.floor(half)].value) / 2;
        shape(svg, "path", { d: `M${middle - 34} ${y(median)}h68`, stroke: "#1c2430", "stroke-width": 2 });
      }
      shape(svg, "text", { x: middle, y: bottom + 18, "text-anchor": "middle", "font-size": 12 }, name);
      shape(svg, "text", { x: middle, y: bottom + 33, "text-anchor": "middle", "font-size": 11 }, `n = ${inside.length}`);
    });
    walk(svg);
    showChosen();
    const other = alias ? ` (${alias} is another name of it)` : "";
    const missing = count - there.length;
    say(
      `${genes.symbols[place]}${other}, ${genes.ids[place]}: a mark per sample, ${unit} to 1/${genes.steps}, line: median.` +
        (missing ? ` Not known in ${missing} of ${count} samples.` : ""),
    );
  }

  byId("ask")?.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(byId("gene").value);
  });
  byId("gene-by")?.addEventListener("change", () => ask(byId("gene").value));

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
      if (!head.textContent.trim()) return;
      const button = make("button", "", { type: "button" });
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

  // In one column a filter means the cell, in any column the row.
  for (const input of document.querySelectorAll("input[data-filter]")) {
    const name = input.dataset.filter;
    const column = document.querySelector(`select[data-column="${name}"]`);
    const filter = () => {
      const asked = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of byId(`table-${name}`).tBodies[0].rows) {
        const text = (column.value === "" ? row : row.cells[Number(column.value)]).textContent.toLowerCase();
        row.hidden = !asked.every((word) => text.includes(word));
      }
    };
    input.addEventListener("input", filter);
    column.addEventListener("change", filter);
  }

  // A link to a row opens the fold that holds it.
  function reveal() {
    const row = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
    const fold = row?.closest("details:not([open])");
    if (!fold) return;
    fold.open = true;
    row.scrollIntoView({ block: "center" });
  }
  addEventListener("hashchange", reveal);
  reveal();

  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details:not([open])")) {
      fold.open = true;
      fold.dataset.opened = "";
    }
  });
  addEventListener("afterprint", () => {
    for (const fold of document.querySelectorAll("details[data-opened]")) {
      fold.open = false;
      delete fold.dataset.opened;
    }
  });
})();
