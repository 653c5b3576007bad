"use strict";
// State is a moment and, perhaps, a neuron (its rank among those shown); `show` draws what it says.
(async () => {
  const element = (id) => document.getElementById(id);
  const fail = (text) => {
    element("message").textContent = text;
    element("message").hidden = false;
  };
  if (typeof DecompressionStream === "undefined") {
    fail("This page needs a browser of 2023 or later.");
    return;
  }

  // ------------------------------------------------------------------ numbers

  const inflate = async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer();
  };

  // Rows of an array along its first axis, as float32 with NaN where there is no number.
  const unpack = async (packed) => {
    const width = packed.shape.slice(1).reduce((a, b) => a * b, 1);
    const buffer = await inflate(packed.data);
    if (packed.type === "float32") {
      const numbers = new Float32Array(buffer);
      return (row) => numbers.subarray(row * width, (row + 1) * width);
    }
    const levels = new Uint8Array(buffer);
    for (let k = width; k < levels.length; k++) levels[k] += levels[k - width];
    const values = Float32Array.from({ length: 256 }, (_, level) =>
      level === 255 ? NaN : packed.low + (level * (packed.high - packed.low)) / 254);
    return (row) =>
      Float32Array.from(levels.subarray(row * width, (row + 1) * width), (level) => values[level]);
  };

  const given = JSON.parse(element("plasticity").textContent);
  const { done, neurons, tile: [height, width], grid: [nRows, nColumns] } = given;
  const weights = await unpack(given.weights);
  const share = await unpack(given.share);
  const courses = {};
  for (const [key, packed] of Object.entries(given.courses)) courses[key] = await unpack(packed);
  const traces = [];
  for (const { mean, own } of given.traces) {
    traces.push({ mean: await unpack(mean), own: own && (await unpack(own)) });
  }

  // ------------------------------------------------------------------- charts

  for (const item of JSON.parse(element("charts").textContent)) await Bokeh.embed.embed_item(item);
  const model = (name) => {
    for (const its of Bokeh.documents) {
      const found = its.get_model_by_name(name);
      if (found !== null) return found;
    }
    return null;
  };
  const fill = (name, columns) => {
    const source = model(name);
    source.data = { ...source.data, ...columns };
  };
  const paint = (name, pixels, rows, columns) => {
    const Image = model(name).data.image[0].constructor; // Bokeh's own array of float32
    fill(name, { image: [new Image(pixels, [rows, columns])] });
  };

  const drawFields = (fields) => {
    const pixels = new Float32Array(nRows * height * nColumns * width).fill(NaN);
    for (let k = 0; k < neurons.length; k++) {
      const top = Math.floor(k / nColumns) * height, left = (k % nColumns) * width;
      for (let row = 0; row < height; row++) {
        const first = (k * height + row) * width;
        pixels.set(fields.subarray(first, first + width), (top + row) * nColumns * width + left);
      }
    }
    paint("fields-source", pixels, nRows * height, nColumns * width);
  };

  const drawDots = (key, row, chosen) => {
    const values = courses[key](row);
    const order = [...values.keys()].filter((k) => !isNaN(values[k]));
    order.sort((a, b) => values[a] - values[b]);
    fill(`${key}-now-source`, {
      x: order.map((_, rank) => rank + 1),
      y: order.map((k) => values[k]),
      neuron: order.map((k) => neurons[k]),
    });
    const rank = order.indexOf(chosen);
    fill(`${key}-now-chosen`, rank < 0 ? { x: [], y: [] } : { x: [rank + 1], y: [values[chosen]] });
  };

  // -------------------------------------------------------------------- state

  let moment = null, chosen = null, timer = null;

  const show = (nextMoment, nextChosen) => {
    nextMoment = Math.min(Math.max(nextMoment, 0), done.length - 1);
    const moved = nextMoment !== moment, another = nextChosen !== chosen;
    if (!moved && !another) return;
    [moment, chosen] = [nextMoment, nextChosen];
    const fields = weights(moment), size = height * width;
    if (moved) {
      drawFields(fields);
      fill("histogram-source", { top: Array.from(share(moment)) });
      const now = Object.entries(courses).map(([key, rows]) => [key, rows(moment)]);
      fill("tiles-source", Object.fromEntries(now));
    }
    for (const key of ["threshold", "rate"]) if (key in courses) drawDots(key, moment, chosen);
    for (const key of Object.keys(courses)) {
      model(`${key}-course-cursor`).location = done[moment];
      if (!another) continue;
      const own = done.map((_, row) => (chosen === null ? NaN : courses[key](row)[chosen]));
      // The scale of changes is logarithmic and has no place for 0.
      fill(`${key}-course-own`, { y: key === "change" ? own.map((y) => y || NaN) : own });
    }
    if (chosen === null) {
      paint("field-source", [NaN], 1, 1);
      fill("chosen-source", { x: [], y: [] });
    } else {
      paint("field-source", fields.slice(chosen * size, (chosen + 1) * size), height, width);
      fill("chosen-source", {
        x: [((chosen % nColumns) + 0.5) * width],
        y: [(Math.floor(chosen / nColumns) + 0.5) * height],
      });
    }
    traces.forEach(({ mean, own }, k) => {
      const whole = mean(moment);
      fill(`trace-${k}-mean`, { y: whole });
      if (own === null) return;
      const all = own(moment);
      fill(`trace-${k}-own`, {
        y: whole.map((_, time) => (chosen === null ? NaN : all[time * neurons.length + chosen])),
      });
    });
    tell();
  };

  const number = (value) => value.toLocaleString("en");
  const digits = (value) => (isNaN(value) ? "–" : Number(value.toPrecision(3)).toString());
  const tell = () => {
    const where =
      done[moment] === 0 ? "before the first sample" : `after ${number(done[moment])} samples`;
    element("state").textContent = `${where} (moment ${moment + 1} of ${done.length})`;
    element("moment").value = moment + 1;
    element("moment").setAttribute("aria-valuetext", where);
    element("neuron-title").textContent =
      chosen === null ? "No neuron chosen" : `Neuron ${neurons[chosen]}, ${where}`;
    element("field").style.visibility = chosen === null ? "hidden" : "visible";
    const facts = Object.entries(chosen === null ? {} : given.labels).map(([key, label]) => {
      const line = document.createElement("div");
      line.appendChild(document.createElement("dt")).textContent = label;
      line.appendChild(document.createElement("dd")).textContent = digits(courses[key](moment)[chosen]);
      return line;
    });
    element("neuron-facts").replaceChildren(...facts);
    Object.assign(document.body.dataset, {
      moment: moment + 1, done: done[moment], neuron: chosen === null ? "" : neurons[chosen],
    });
    const address = `#moment=${moment + 1}` + (chosen === null ? "" : `&neuron=${neurons[chosen]}`);
    if (timer === null && location.hash !== address) history.replaceState(null, "", address);
  };

  const fromAddress = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    const wanted = parseInt(asked.get("moment"), 10);
    const rank = asked.has("neuron") ? neurons.indexOf(parseInt(asked.get("neuron"), 10)) : -1;
    show(isNaN(wanted) ? (moment ?? done.length - 1) : wanted - 1, rank < 0 ? null : rank);
  };

  const stop = () => {
    clearInterval(timer);
    timer = null;
    element("play").textContent = "▶ Play";
    tell();
  };
  const play = () => {
    if (timer !== null) return stop();
    if (moment === done.length - 1) show(0, chosen);
    element("play").textContent = "⏸ Pause";
    timer = setInterval(() => (moment === done.length - 1 ? stop() : show(moment + 1, chosen)), 250);
  };
  const goTo = (next) => {
    if (timer !== null) stop();
    show(next, chosen);
  };
  const choose = (rank) => show(moment, rank === chosen ? null : rank);

  // -------------------------------------------------------------- interaction

  element("moment").addEventListener("input", (event) => goTo(Number(event.target.value) - 1));
  element("play").addEventListener("click", play);
  window.addEventListener("hashchange", fromAddress);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const at = event.target;
    const steps = { ArrowLeft: moment - 1, ArrowRight: moment + 1, Home: 0, End: done.length - 1 };
    if (event.key === "Escape") show(moment, null);
    // The slider and the button know these keys themselves.
    else if (event.key === " " && at !== element("play")) play();
    else if (event.key in steps && at !== element("moment")) goTo(steps[event.key]);
    else return;
    event.preventDefault();
  });
  model("fields").on_event("tap", ({ x, y }) => {
    const column = Math.floor(x / width), rank = Math.floor(y / height) * nColumns + column;
    if (x >= 0 && y >= 0 && column < nColumns && rank < neurons.length) choose(rank);
  });
  for (const key of Object.keys(courses)) {
    model(`${key}-course`).on_event("tap", ({ x }) => {
      const away = done.map((at) => Math.abs(at - x));
      goTo(away.indexOf(Math.min(...away)));
    });
    model(`${key}-now`)?.on_event("tap", ({ x }) => {
      const there = model(`${key}-now-source`).data.neuron[Math.round(x) - 1];
      if (there !== undefined) choose(neurons.indexOf(there));
    });
  }

  fromAddress();
  document.body.dataset.ready = "true";
})().catch((error) => {
  document.getElementById("message").textContent = `This page could not be drawn: ${error}`;
  document.getElementById("message").hidden = false;
  console.error(error);
});
