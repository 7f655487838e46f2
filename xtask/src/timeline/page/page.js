"use strict";
// What all pictures show: from when to when, in microseconds.
const view = { from: 0, to: SPAN };
// How little and how much a picture can show.
const CLOSEST = 50;
const WIDEST = 2 * SPAN;

const pictures = [...document.querySelectorAll("article svg.timeline")];
const output = document.querySelector("output");
let chosen = null;

// Shows so many microseconds from then on, as far as there is anything to see.
function look(from, length) {
  view.from = Math.min(Math.max(from, -length / 2), WIDEST - length / 2);
  view.to = view.from + length;
  pictures.forEach(lay);
}

// Lays out a picture again, in the width that there is.
function lay(picture) {
  const width = picture.parentElement.clientWidth;
  const room = width - picture.dataset.left - picture.dataset.right;
  const height = picture.getAttribute("height");
  picture.setAttribute("width", width);
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const plot = picture.querySelector(".plot");
  plot.setAttribute("width", room);
  const x = (time) => ((time - view.from) / (view.to - view.from)) * room;
  for (const element of plot.querySelectorAll("[data-from]")) {
    stretch(element, x(+element.dataset.from), x(+element.dataset.to), room);
  }
  for (const element of plot.querySelectorAll("[data-at]")) {
    element.setAttribute("transform", `translate(${x(+element.dataset.at)} ${element.dataset.y})`);
  }
  rule(plot.querySelector(".axis"), x, room);
}

// What lies far outside is cut: browsers draw wrongly what is too far away.
function stretch(element, from, to, room) {
  const [left, right] = [Math.max(from, -50), Math.min(to, room + 50)];
  element.style.display = right < left ? "none" : "";
  if (element.tagName === "text") {
    const [first, last] = [Math.max(from, 0), Math.min(to, room)];
    element.setAttribute("x", (first + last) / 2);
    if (last - first < element.textContent.length * 6.5) element.style.display = "none";
  } else if (element.tagName === "line") {
    element.setAttribute("x1", left);
    element.setAttribute("x2", right);
  } else {
    element.setAttribute("x", left);
    element.setAttribute("width", Math.max(right - left, 2));
  }
}

// Lines at round times, at least 70 pixels apart.
function rule(axis, x, room) {
  const least = ((view.to - view.from) * 70) / room;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= least);
  const foot = axis.dataset.height - 20;
  const marks = [];
  for (let n = Math.ceil(view.from / step); n * step <= view.to; n++) {
    const at = x(n * step);
    const end = at > room - 40;
    marks.push(
      `<line x1="${at}" x2="${at}" y1="0" y2="${foot + 8}"/>` +
        `<text x="${end ? at - 3 : at + 3}" y="${foot + 16}" text-anchor="${end ? "end" : "start"}">` +
        `${round(n * step, step)}</text>`,
    );
  }
  axis.innerHTML = marks.join("");
}

// A time in the unit that suits steps of this length.
function round(time, step) {
  const [unit, name] = step < 1e3 ? [1, "µs"] : step < 1e5 ? [1e3, "ms"] : [1e6, "s"];
  return `${+(time / unit).toFixed(3)} ${name}`;
}

function zoom(factor, middle = (view.from + view.to) / 2) {
  const length = Math.min(Math.max((view.to - view.from) * factor, CLOSEST), WIDEST);
  const share = (middle - view.from) / (view.to - view.from);
  look(middle - share * length, length);
}

function pan(by) {
  look(view.from + by, view.to - view.from);
}

function act(key) {
  const length = view.to - view.from;
  if (key === "+" || key === "=") zoom(1 / 2);
  else if (key === "-") zoom(2);
  else if (key === "ArrowLeft") pan(-length / 5);
  else if (key === "ArrowRight") pan(length / 5);
  else if (key === "0") look(0, SPAN);
  else return false;
  return true;
}

function choose(element) {
  chosen?.classList.remove("chosen");
  chosen = element;
  chosen.classList.add("chosen");
  const { from, to, says } = element.dataset;
  const step = element.closest("article").querySelector("h2").textContent.split(" ")[0];
  output.textContent = `${step}, ${says}: ${seconds(from)} to ${seconds(to)}, ${lasts(to - from)}`;
}

function seconds(time) {
  return `${(time / 1e6).toFixed(6)} s`;
}

function lasts(time) {
  return time < 1000 ? `${time} µs` : time < 1e6 ? `${time / 1e3} ms` : `${time / 1e6} s`;
}

// The next thing in a picture, or the one before, brought into view.
function walk(picture, by) {
  const things = [...picture.querySelectorAll("[data-says]")];
  things.sort((a, b) => a.dataset.from - b.dataset.from);
  const at = things.indexOf(chosen);
  const next = things[at < 0 ? (by > 0 ? 0 : things.length - 1) : at + by];
  if (!next) return;
  choose(next);
  const from = +next.dataset.from;
  if (from < view.from || from > view.to) pan(from - (view.from + view.to) / 2);
}

for (const picture of pictures) {
  picture.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      walk(picture, event.key === "ArrowDown" ? 1 : -1);
    } else if (!act(event.key)) return;
    event.preventDefault();
  });
  const timeAt = (clientX) => {
    const plot = picture.querySelector(".plot");
    const left = picture.getBoundingClientRect().left + +picture.dataset.left;
    const share = (clientX - left) / plot.getAttribute("width");
    return view.from + share * (view.to - view.from);
  };
  picture.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1 / 1.3 : 1.3, timeAt(event.clientX));
  }, { passive: false });
  picture.addEventListener("dblclick", (event) => zoom(1 / 3, timeAt(event.clientX)));
  let last = null;
  picture.addEventListener("pointerdown", (event) => {
    last = event.clientX;
  });
  picture.addEventListener("pointermove", (event) => {
    if (last === null || event.buttons === 0) return;
    picture.setPointerCapture(event.pointerId);
    pan(timeAt(last) - timeAt(event.clientX));
    last = event.clientX;
  });
  picture.addEventListener("pointerup", () => {
    last = null;
  });
  const point = (event) => {
    if (event.target.dataset.says) choose(event.target);
  };
  picture.addEventListener("pointerover", point);
  picture.addEventListener("click", point);
}

for (const button of document.querySelectorAll("button[data-key]")) {
  button.addEventListener("click", () => act(button.dataset.key));
}
addEventListener("resize", () => pan(0));
pan(0);
