"use strict";
// Blends the two ends of a picture: WebGL where there is one, a loop over pixels elsewhere.
const data = JSON.parse(document.getElementById("data").textContent);
const { width, height, stops } = data;
const $ = (id) => document.getElementById(id);
const [canvas, pane] = [$("picture"), $("window")];
canvas.width = width;
canvas.height = height;
// Two bytes a pixel: rho, and 255 where it is painted.
const painted = new Uint8Array(2 * width * height);
const state = { rho: data.rho, stop: stops.length - 1, zoom: 1, x: 0, y: 0, brush: false };

function fail(sentence) {
  $("problem").textContent = sentence;
  $("problem").hidden = false;
}

// --- Blending -----------------------------------------------------------------------------------

const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID % 2, gl_VertexID / 2);
  gl_Position = vec4(4.0 * corner - 1.0, 0.0, 1.0);
}`;
const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
uniform sampler2D low, high, map;
uniform float rho, offset, scale;
uniform int rows;
out vec4 colour;
void main() {
  ivec2 at = ivec2(int(gl_FragCoord.x), rows - 1 - int(gl_FragCoord.y));
  vec2 mark = texelFetch(map, at, 0).rg;
  float share = mark.g > 0.5 ? mark.r : rho;
  vec3 level = mix(texelFetch(low, at, 0).rgb, texelFetch(high, at, 0).rgb, share) * 255.0;
  colour = vec4(clamp(round(level * scale + offset), 0.0, 255.0) / 255.0, 1.0);
}`;

function shader(gl, kind, source) {
  const made = gl.createShader(kind);
  gl.shaderSource(made, source);
  gl.compileShader(made);
  if (!gl.getShaderParameter(made, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(made));
  return made;
}

function texture(gl, unit) {
  const made = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, made);
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
  for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
}

function onGraphics(gl) {
  const program = gl.createProgram();
  gl.attachShader(program, shader(gl, gl.VERTEX_SHADER, VERTEX));
  gl.attachShader(program, shader(gl, gl.FRAGMENT_SHADER, FRAGMENT));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  gl.useProgram(program);
  const place = (name) => gl.getUniformLocation(program, name);
  const places = { rho: place("rho"), offset: place("offset"), scale: place("scale") };
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  ["low", "high", "map"].forEach((name, unit) => {
    texture(gl, unit);
    gl.uniform1i(place(name), unit);
  });
  gl.uniform1i(place("rows"), height);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG8, width, height, 0, gl.RG, gl.UNSIGNED_BYTE, painted);
  gl.viewport(0, 0, width, height);
  return {
    load(ends) {
      [ends.low, ends.high].forEach((image, unit) => {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB8, gl.RGB, gl.UNSIGNED_BYTE, image);
      });
      gl.uniform1f(places.offset, ends.offset);
      gl.uniform1f(places.scale, ends.scale);
    },
    paint() {
      gl.activeTexture(gl.TEXTURE2);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RG, gl.UNSIGNED_BYTE, painted);
    },
    draw(rho) {
      gl.uniform1f(places.rho, rho);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    },
  };
}

function levels(image) {
  const sheet = new OffscreenCanvas(width, height).getContext("2d", { alpha: false });
  sheet.drawImage(image, 0, 0);
  return sheet.getImageData(0, 0, width, height).data;
}

function onHost(context) {
  const shown = context.createImageData(width, height);
  let ends;
  return {
    load(found) {
      ends = { ...found, low: levels(found.low), high: levels(found.high) };
    },
    paint() {},
    draw(rho) {
      const { low, high, offset, scale } = ends;
      for (let i = 0, k = 0; k < low.length; i += 2, k += 4) {
        const share = painted[i + 1] ? painted[i] / 255 : rho;
        for (let c = k; c < k + 3; c++) shown.data[c] = Math.round((low[c] + share * (high[c] - low[c])) * scale + offset);
        shown.data[k + 3] = 255;
      }
      context.putImageData(shown, 0, 0);
    },
  };
}

function blender() {
  const wanted = new URLSearchParams(location.search).get("blend");
  const gl = wanted === "host" ? null : document.createElement("canvas").getContext("webgl2");
  if (gl && Math.max(width, height) <= gl.getParameter(gl.MAX_TEXTURE_SIZE)) {
    try {
      return onGraphics(canvas.getContext("webgl2", { alpha: false, antialias: false, preserveDrawingBuffer: true }));
    } catch (error) {
      fail(`The graphics processor cannot blend here: ${error.message}`);
    }
  }
  return onHost(canvas.getContext("2d", { alpha: false }));
}

const blend = blender();

// --- What is shown ------------------------------------------------------------------------------

const opened = new Map();
async function ends(index) {
  if (!opened.has(index)) {
    const load = async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      return image;
    };
    const { low, high, offset, scale } = stops[index];
    opened.set(index, Promise.all([load(low), load(high)]).then(([a, b]) => ({ low: a, high: b, offset, scale })));
  }
  return opened.get(index);
}

let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (document.body.dataset.ready) blend.draw(state.rho);
  });
}

function label() {
  const { layers, bits } = stops[state.stop];
  $("rho").value = state.rho;
  $("rho-value").textContent = state.rho.toFixed(2);
  $("layer").value = state.stop;
  $("layer-value").textContent = `${layers} of ${data.layers}`;
  $("caption").textContent = `decoded, ${(bits / width / height).toFixed(3)} bits per pixel of picture data`;
}

function setRho(rho) {
  state.rho = Math.min(1, Math.max(0, Math.round(100 * rho) / 100));
  label();
  redraw();
}

async function setStop(index) {
  state.stop = Math.min(stops.length - 1, Math.max(0, index));
  label();
  const wanted = state.stop;
  try {
    const found = await ends(wanted);
    if (wanted !== state.stop) return; // moved on meanwhile
    blend.load(found);
    document.body.dataset.ready = wanted + 1;
    blend.draw(state.rho);
  } catch (error) {
    fail(`This browser cannot read the pictures of the page: ${error.message}`);
  }
}

// --- Zoom and place -----------------------------------------------------------------------------

function moved() {
  const shift = `translate(${state.x}px, ${state.y}px) scale(${state.zoom})`;
  canvas.style.transform = $("original").style.transform = shift;
  $("panes").classList.toggle("near", state.zoom >= 1.5);
}

function fit() {
  const { clientWidth: w, clientHeight: h } = pane;
  state.zoom = Math.min(w / width, h / height, 8);
  state.x = (w - state.zoom * width) / 2;
  state.y = (h - state.zoom * height) / 2;
  moved();
}

function zoomBy(factor, x = pane.clientWidth / 2, y = pane.clientHeight / 2) {
  const zoom = Math.min(40, Math.max(0.02, state.zoom * factor));
  state.x = x - ((x - state.x) * zoom) / state.zoom;
  state.y = y - ((y - state.y) * zoom) / state.zoom;
  state.zoom = zoom;
  moved();
}

const fingers = new Map();
function inPane(event) {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function onMove(event) {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const now = inPane(event);
  fingers.set(event.pointerId, now);
  if (fingers.size === 2) {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
    const apart = (a) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
    zoomBy(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  } else if (state.brush) {
    stroke(before, now);
  } else {
    state.x += now.x - before.x;
    state.y += now.y - before.y;
    moved();
  }
}

for (const each of document.querySelectorAll(".window")) {
  each.addEventListener("pointerdown", (event) => {
    each.setPointerCapture(event.pointerId);
    const at = inPane(event);
    fingers.set(event.pointerId, at);
    if (state.brush && fingers.size === 1) stroke(at, at);
  });
  each.addEventListener("pointermove", onMove);
  for (const end of ["pointerup", "pointercancel"]) each.addEventListener(end, (event) => fingers.delete(event.pointerId));
  each.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = inPane(event);
    zoomBy(Math.exp(-event.deltaY / 400), x, y);
  }, { passive: false });
}

// --- Brush --------------------------------------------------------------------------------------

function dab(x, y, radius, value) {
  const [top, bottom] = [Math.max(0, Math.ceil(y - radius)), Math.min(height - 1, Math.floor(y + radius))];
  for (let row = top; row <= bottom; row++) {
    const half = Math.sqrt(radius * radius - (row - y) ** 2);
    const [left, right] = [Math.max(0, Math.ceil(x - half)), Math.min(width - 1, Math.floor(x + half))];
    for (let i = 2 * (row * width + left); i <= 2 * (row * width + right); i += 2) {
      painted[i] = value;
      painted[i + 1] = 255;
    }
  }
}

function stroke(from, to) {
  const place = ({ x, y }) => [(x - state.x) / state.zoom - 0.5, (y - state.y) / state.zoom - 0.5];
  const [[x0, y0], [x1, y1]] = [place(from), place(to)];
  const [radius, value] = [Number($("radius").value), Math.round(255 * $("paint").value)];
  const steps = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0) / Math.max(1, radius / 3)));
  for (let k = 0; k <= steps; k++) dab(x0 + ((x1 - x0) * k) / steps, y0 + ((y1 - y0) * k) / steps, radius, value);
  blend.paint();
  redraw();
}

function rhoMap() {
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = [width, height];
  const context = sheet.getContext("2d", { alpha: false });
  const image = context.createImageData(width, height);
  for (let i = 0, k = 0; i < painted.length; i += 2, k += 4) {
    image.data.fill(painted[i + 1] ? painted[i] : Math.round(255 * state.rho), k, k + 3);
    image.data[k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return sheet;
}

function download(sheet, name) {
  sheet.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, "image/png");
}

// --- Controls -----------------------------------------------------------------------------------

function press(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

function setBrush(on) {
  state.brush = on;
  press($("brush"), on);
  if (on) $("brush-box").open = true;
  document.body.classList.toggle("painting", on);
}

function setBeside(on) {
  if (!data.original) return;
  $("beside").hidden = !on;
  press($("compare"), on);
  fit();
}

function sayPaint() {
  $("paint-value").textContent = Number($("paint").value).toFixed(2);
  $("radius-value").textContent = `${$("radius").value} px`;
}

const KEYS = {
  "[": () => setRho(state.rho - 0.05),
  "]": () => setRho(state.rho + 0.05),
  ",": () => setStop(state.stop - 1),
  ".": () => setStop(state.stop + 1),
  "+": () => zoomBy(1.25),
  "=": () => zoomBy(1.25),
  "-": () => zoomBy(0.8),
  0: fit,
  1: () => zoomBy(1 / state.zoom),
  b: () => setBrush(!state.brush),
  o: () => setBeside($("beside").hidden),
};
const ARROWS = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const shift = event.target.type === "range" ? null : ARROWS[event.key];
  if (shift) {
    state.x += shift[0];
    state.y += shift[1];
    moved();
  } else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
});
addEventListener("resize", fit);

$("rho").addEventListener("input", () => setRho(Number($("rho").value)));
$("layer").max = stops.length - 1;
$("layer-line").hidden = stops.length < 2;
$("layer").addEventListener("input", () => setStop(Number($("layer").value)));
$("in").addEventListener("click", KEYS["+"]);
$("out").addEventListener("click", KEYS["-"]);
$("fit").addEventListener("click", fit);
$("one").addEventListener("click", KEYS[1]);
$("brush").addEventListener("click", KEYS.b);
$("clear").addEventListener("click", () => {
  painted.fill(0);
  blend.paint();
  redraw();
});
$("map").addEventListener("click", () => download(rhoMap(), "rho-map.png"));
$("save").addEventListener("click", () => {
  blend.draw(state.rho);
  download(canvas, "picture.png");
});
for (const id of ["paint", "radius"]) $(id).addEventListener("input", sayPaint);
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("profile").hidden = !data.profile;
$("transparent").hidden = !data.alpha;
if (data.alpha) {
  canvas.style.mask = `url("${data.alpha}") 0 0 / 100% 100%`;
  pane.classList.add("squares");
}
$("compare").hidden = !data.original;
$("compare").addEventListener("click", KEYS.o);
if (data.original) {
  $("original").src = data.original;
  setBeside(innerWidth > 760);
}
sayPaint();
fit();
setStop(state.stop);
