// A canvas with points on it that can be moved and scaled. Thumbnails stand in the place of points as soon as there is
// room for them.

import { load } from './api.js';
import { h, replace } from './dom.js';

const margin = 60; // pixels around everything
const reach = 14; // pixels around a point that belong to it
const greatestZoom = 60;
const atOnce = 4; // thumbnails that are loaded at once
const most = 400; // thumbnails that are drawn

// colourOf is the colour of a cluster: hues by the golden angle, so that neighbours in the list differ.
export const colourOf = (number) => (number < 0 ? 'hsl(40 6% 55%)' : `hsl(${Math.round(165 + number * 137.508) % 360} 58% ${[42, 52, 36][number % 3]}%)`);

// createPlane draws {points, clusters} into an element. open(id) is called for a click on a point.
export function createPlane(element, { points, clusters }, { open }) {
  const canvas = h('canvas', { tabindex: '0', role: 'img', 'aria-label': `${points.length} items on a plane, in ${clusters.length} clusters. Arrow keys move it, plus and minus scale it.` });
  const tip = h('div', { class: 'tip', hidden: true });
  element.append(canvas, tip);
  const context = canvas.getContext('2d');
  const pictures = createPictures(() => draw());
  const view = { zoom: 1, x: 0, y: 0 }; // middle of the view, in the points' own measure
  let only = -1; // the cluster that stands out
  let over = null;
  let asked = 0;

  const observer = new ResizeObserver(() => draw());
  observer.observe(element);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', draw);

  // ---- from points to pixels ----

  const size = () => ({ width: element.clientWidth, height: element.clientHeight });
  function scale() {
    const { width, height } = size();
    return { x: view.zoom * Math.max(40, width / 2 - margin), y: view.zoom * Math.max(40, height / 2 - margin) };
  }
  function place(point) {
    const { width, height } = size();
    const by = scale();
    return { x: width / 2 + (point.x - view.x) * by.x, y: height / 2 + (point.y - view.y) * by.y };
  }

  // ---- drawing ----

  function draw() {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(paint);
  }

  function paint() {
    const { width, height } = size();
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(element);
    const seen = points.map((point) => ({ point, at: place(point) })).filter(({ at }) => at.x > -80 && at.y > -80 && at.x < width + 80 && at.y < height + 80);
    const room = Math.sqrt((width * height) / Math.max(1, seen.length));
    const side = Math.min(84, Math.max(0, room * 0.6));
    const withPictures = side >= 26;
    seen.sort((a, b) => (a.point.cluster === only) - (b.point.cluster === only));
    const halves = new Map(); // of the height that a point takes
    seen.forEach(({ point, at }, i) => {
      context.globalAlpha = only >= 0 && point.cluster !== only ? 0.22 : 1;
      const picture = withPictures && i < most && point.thumbnail_url && pictures.get(point.thumbnail_url);
      halves.set(point, picture ? side / 2 : 6);
      if (picture) paintPicture(picture, point, at, side);
      else paintDot(point, at, point === over ? 7 : seen.length > 800 ? 3 : 5);
    });
    context.globalAlpha = 1;
    if (over) paintRing(place(over), withPictures && over.thumbnail_url && pictures.get(over.thumbnail_url) ? side * 0.62 : 10, style);
    paintLabels(style, width, height, tops(seen, halves));
  }

  function paintDot(point, at, radius) {
    context.fillStyle = colourOf(point.cluster);
    context.beginPath();
    context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  function paintPicture(picture, point, at, side) {
    const by = side / Math.max(picture.naturalWidth, picture.naturalHeight);
    const [width, height] = [picture.naturalWidth * by, picture.naturalHeight * by];
    const [left, top] = [at.x - width / 2, at.y - height / 2];
    context.save();
    context.beginPath();
    context.roundRect(left, top, width, height, 5);
    context.fillStyle = colourOf(point.cluster);
    context.clip();
    context.drawImage(picture, left, top, width, height);
    context.restore();
    context.strokeStyle = colourOf(point.cluster);
    context.lineWidth = 2;
    context.beginPath();
    context.roundRect(left, top, width, height, 5);
    context.stroke();
  }

  function paintRing(at, radius, style) {
    context.strokeStyle = style.getPropertyValue('--ink');
    context.lineWidth = 2;
    context.beginPath();
    context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  // tops are the upper edges of the clusters in sight.
  function tops(seen, halves) {
    const found = new Map();
    for (const { point, at } of seen) {
      if (point.cluster >= 0 && at.y >= 0) found.set(point.cluster, Math.min(found.get(point.cluster) ?? Infinity, at.y - halves.get(point)));
    }
    return found;
  }

  // paintLabels writes the clusters' names above them, large ones first, where no other name stands.
  function paintLabels(style, width, height, top) {
    context.font = `600 14px ${style.fontFamily}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    const taken = [];
    clusters.forEach((cluster, i) => {
      if (only >= 0 && i !== only) return;
      const at = place(cluster);
      const half = context.measureText(cluster.label).width / 2 + 8;
      if (!top.has(i)) return;
      at.x = Math.min(width - half - 4, Math.max(half + 4, at.x));
      at.y = Math.max(18, Math.min(at.y, top.get(i) - 12));
      const box = { left: at.x - half, right: at.x + half, top: at.y - 13, bottom: at.y + 13 };
      const free = taken.every((t) => box.left > t.right || box.right < t.left || box.top > t.bottom || box.bottom < t.top);
      if (!free || at.y < 0 || at.y > height) return;
      taken.push(box);
      context.globalAlpha = 0.88;
      context.fillStyle = style.getPropertyValue('--surface');
      context.beginPath();
      context.roundRect(box.left, box.top, 2 * half, 26, 13);
      context.fill();
      context.globalAlpha = 1;
      context.fillStyle = style.getPropertyValue('--ink');
      context.fillText(cluster.label, at.x, at.y + 1);
    });
  }

  // ---- moving ----

  function zoom(by, around = { x: size().width / 2, y: size().height / 2 }) {
    const { width, height } = size();
    const before = scale();
    view.zoom = Math.min(greatestZoom, Math.max(0.6, view.zoom * by));
    const after = scale();
    view.x += (around.x - width / 2) * (1 / before.x - 1 / after.x);
    view.y += (around.y - height / 2) * (1 / before.y - 1 / after.y);
    draw();
  }

  function move(dx, dy) {
    const by = scale();
    view.x -= dx / by.x;
    view.y -= dy / by.y;
    draw();
  }

  function reset() {
    Object.assign(view, { zoom: 1, x: 0, y: 0 });
    only = -1;
    draw();
  }

  // focus shows a cluster as large as fits.
  function focus(number) {
    only = number;
    const members = points.filter((point) => point.cluster === number);
    const [xs, ys] = [members.map((p) => p.x), members.map((p) => p.y)];
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    view.x = (left + right) / 2;
    view.y = (top + bottom) / 2;
    view.zoom = Math.min(12, 1.5 / Math.max(0.1, right - left, bottom - top));
    draw();
  }

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  function nearest(where) {
    let best = null;
    let least = reach;
    for (const point of points) {
      const p = place(point);
      const distance = Math.hypot(p.x - where.x, p.y - where.y);
      if (distance < least) [best, least] = [point, distance];
    }
    return best;
  }

  const fingers = new Map();
  let moved = false;

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    moved = false;
  });
  canvas.addEventListener('pointermove', (event) => {
    const now = at(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      hover(nearest(now), now);
      return;
    }
    if (Math.hypot(now.x - before.x, now.y - before.y) > 3) moved = true;
    if (!moved) return;
    canvas.classList.add('dragging');
    hover(null);
    if (fingers.size === 2) pinch(event.pointerId, before, now);
    else move(now.x - before.x, now.y - before.y);
    fingers.set(event.pointerId, now);
  });
  canvas.addEventListener('pointerup', (event) => {
    const where = at(event);
    const single = fingers.size === 1;
    fingers.delete(event.pointerId);
    canvas.classList.remove('dragging');
    const point = single && !moved && nearest(where);
    if (point) open(point.id);
  });
  canvas.addEventListener('pointercancel', (event) => { fingers.delete(event.pointerId); canvas.classList.remove('dragging'); });
  canvas.addEventListener('pointerleave', () => hover(null));
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0016), at(event));
  }, { passive: false });
  canvas.addEventListener('dblclick', (event) => zoom(2, at(event)));
  canvas.addEventListener('keydown', (event) => {
    const act = {
      ArrowLeft: () => move(60, 0), ArrowRight: () => move(-60, 0), ArrowUp: () => move(0, 60), ArrowDown: () => move(0, -60),
      '+': () => zoom(1.3), '=': () => zoom(1.3), '-': () => zoom(1 / 1.3), 0: reset,
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });

  function pinch(id, before, now) {
    const [other] = [...fingers].filter(([key]) => key !== id).map(([, where]) => where);
    const [from, to] = [Math.hypot(before.x - other.x, before.y - other.y), Math.hypot(now.x - other.x, now.y - other.y)];
    if (from > 0) zoom(to / from, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  function hover(point, where) {
    if (point === over && !point) return;
    over = point;
    canvas.classList.toggle('over', Boolean(point));
    tip.hidden = !point;
    if (point) {
      const picture = point.thumbnail_url && h('img', { alt: '', draggable: 'false' });
      if (picture) load(picture, point.thumbnail_url);
      replace(tip, picture, h('span', {}, point.title));
      const { width, height } = size();
      tip.style.left = `${where.x < width / 2 ? where.x + 18 : Math.max(0, where.x - 18 - tip.offsetWidth)}px`;
      tip.style.top = `${Math.max(6, Math.min(height - tip.offsetHeight - 6, where.y - 20))}px`;
    }
    draw();
  }

  draw();
  return {
    zoom, reset, focus,
    stop() {
      observer.disconnect();
      dark.removeEventListener('change', draw);
      cancelAnimationFrame(asked);
      pictures.stop();
    },
  };
}

// createPictures loads thumbnails, a few at once, in the order in which they are asked for.
function createPictures(arrived) {
  const known = new Map(); // by address: an image when it is there, null before
  const waiting = [];
  let loading = 0;
  let stopped = false;

  function next() {
    if (stopped || loading >= atOnce || waiting.length === 0) return;
    const path = waiting.shift();
    const img = new Image();
    loading++;
    const done = (loaded) => {
      loading--;
      if (loaded) {
        known.set(path, img);
        if (!stopped) arrived();
      }
      next();
    };
    img.addEventListener('load', () => done(true), { once: true });
    img.addEventListener('error', () => done(false), { once: true });
    load(img, path);
    next();
  }

  return {
    get(path) {
      if (!known.has(path)) {
        known.set(path, null);
        waiting.push(path);
        next();
      }
      return known.get(path);
    },
    stop() { stopped = true; },
  };
}
