// The map of a collection: items that are alike lie together. Drag and scroll to move about, click to open; names and
// colours are those of the clusters.

import * as api from './api.js';
import { byID, h, icon, replace } from './dom.js';
import * as format from './format.js';
import { failure, notice, retries } from './notices.js';
import { colourOf, createPlane } from './plane.js';

const items = 2000;

export function createMap(app) {
  let controller = null;
  let plane = null;

  async function show(route) {
    stop();
    controller = new AbortController();
    const { signal } = controller;
    try {
      const query = { items };
      if (route.kind !== '') query.kind = route.kind;
      const answer = await api.map(route.c, query, signal);
      if (!signal.aborted) render(route, answer);
    } catch (err) {
      if (err.name === 'AbortError') return;
      if (!(err instanceof api.APIError)) throw err;
      replace(byID('content'), lead(route), failure(err, retries(err) && (() => show(route))));
    }
  }

  function stop() {
    controller?.abort();
    plane?.stop();
    plane = null;
  }

  function render(route, answer) {
    if (answer.points.length < 2) {
      replace(byID('content'), lead(route), notice('map', 'Too little for a map', h('p', {}, 'A map needs two items or more.')));
      return;
    }
    const held = h('div', { class: 'plane' });
    const chosen = (number) => {
      for (const row of list.querySelectorAll('.cluster')) row.setAttribute('aria-pressed', String(Number(row.dataset.number) === number));
    };
    const list = h('aside', { class: 'clusters', 'aria-label': 'Clusters' },
      h('h2', {}, answer.clusters.length === 0 ? 'No clusters' : 'Clusters'),
      answer.clusters.map((cluster, i) => row(cluster, i, () => { plane.focus(i); chosen(i); })));
    replace(byID('content'), lead(route, answer), h('div', { class: 'explore' }, held, list));
    plane = createPlane(held, answer, { open: (id) => app.go({ item: id }) });
    held.append(h('div', { class: 'plane-tools' },
      tool('plus', 'Nearer (+)', () => plane.zoom(1.5)), tool('minus', 'Farther (−)', () => plane.zoom(1 / 1.5)),
      tool('map', 'All (0)', () => { plane.reset(); chosen(-1); })));
  }

  return { show, stop };
}

const tool = (symbol, label, act) => h('button', { type: 'button', class: 'round', onclick: act, 'aria-label': label, title: label }, icon(symbol));

function row(cluster, i, act) {
  const further = [...(cluster.words ?? []), ...(cluster.looks ?? [])].filter((word, at, all) => word !== cluster.label && all.indexOf(word) === at).slice(0, 3);
  return h('button', { type: 'button', class: 'cluster', onclick: act, 'aria-pressed': 'false', 'data-number': String(i), vars: { '--colour': colourOf(i) } },
    h('i', {}), h('b', {}, cluster.label), h('span', { class: 'muted' }, format.number(cluster.size)),
    further.length > 0 && h('small', {}, further.join(', ')));
}

function lead(route, answer) {
  const shown = answer && answer.points.length < answer.total ? `${format.number(answer.points.length)} of ${format.count(answer.total, 'item')}` :
    answer && format.count(answer.total, 'item');
  return h('div', { class: 'lead' }, h('div', {}, h('h1', {}, `Explore ${route.c}`),
    answer && h('p', { class: 'summary', role: 'status' }, `${shown} in ${format.count(answer.clusters.length, 'cluster')} in ${format.ms(answer.took_ms)} ms · what is alike lies together`)));
}
