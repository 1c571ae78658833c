// What other limits would give: a small plot of the pairs at each threshold, with samples of those that each step adds.

import * as api from './api.js';
import { h, replace } from './dom.js';
import * as format from './format.js';
import { thumbnail } from './tiles.js';

const most = 6; // samples shown

// createThresholds: limits() are those in use, use(limits) takes others.
export function createThresholds(app, { limits, use }) {
  let open = false;
  let known = null; // {c, preview}

  // element is a box to open: the form of the limits, and the plots.
  function element(form) {
    const body = h('div', { class: 'thresholds-body' });
    const { max_distance: distance, min_cosine: cosine } = limits();
    const inUse = [distance && `distance ${distance}`, cosine && `cosine ${cosine}`].filter(Boolean).join(', ') || 'the usual ones';
    const box = h('details', { class: 'thresholds', open: open || null }, h('summary', {}, 'Limits: ', h('span', { class: 'muted' }, inUse)), form, body);
    const fill = async () => {
      open = box.open;
      if (open) await show(body);
    };
    box.addEventListener('toggle', fill);
    return box;
  }

  async function show(body) {
    const { c } = app.route();
    try {
      if (known?.c !== c) {
        replace(body, h('p', { class: 'help', role: 'status' }, 'Comparing…'));
        known = { c, preview: await api.previewDuplicates(c, {}) };
      }
    } catch (err) {
      if (!(err instanceof api.APIError)) throw err;
      replace(body, h('p', { class: 'help bad', role: 'alert' }, err.message));
      return;
    }
    const { distances, cosines } = known.preview;
    const samples = h('div', { class: 'samples', 'aria-live': 'polite' });
    replace(body,
      plot('Copies, by the greatest hash distance', distances, (t) => String(t.value), (t) => t.value === limits().max_distance,
        (t) => choose(samples, t, `distance ${t.value}`, () => use({ ...limits(), max_distance: t.value }))),
      plot('Similar pictures, by the least cosine', cosines, (t) => t.value.toFixed(2), (t) => t.value === limits().min_cosine,
        (t) => choose(samples, t, `cosine ${t.value.toFixed(2)}`, () => use({ ...limits(), min_cosine: t.value }))),
      samples);
  }

  // choose shows what a threshold adds, and offers to take it.
  async function choose(samples, threshold, name, take) {
    const { c } = app.route();
    replace(samples, h('p', {}, h('strong', {}, `At ${name}: `), words(threshold), ' ',
      h('button', { type: 'button', class: 'ghost', onclick: take }, 'Use this limit')),
    threshold.samples?.length > 0 && h('p', { class: 'help' }, 'Pairs that the next stricter limit would not have:'));
    const found = await Promise.all((threshold.samples ?? []).slice(0, most).map((sample) => faces(c, sample)));
    samples.append(...found.filter(Boolean));
  }

  return { element };
}

const words = ({ pairs, groups, images, rejected }) => `${format.count(pairs, 'pair')} in ${format.count(groups, 'group')} of ${format.count(images, 'image')}` +
  (rejected > 0 ? `; ${format.count(rejected, 'near pair')} refused by their pixels` : '');

async function faces(c, { a, b, proof }) {
  try {
    const items = await Promise.all([api.item(c, a), api.item(c, b)]);
    return h('figure', { class: 'sample' }, h('span', { class: 'sample-pair' }, items.map((item) => thumbnail(item, format.title(item), false))),
      h('figcaption', {}, `${proof.evidence}, ${proof.evidence === 'vector' ? `cosine ${proof.cosine.toFixed(3)}` : `distance ${proof.distance}`}`));
  } catch (err) {
    if (err instanceof api.APIError) return null; // gone since
    throw err;
  }
}

// plot draws a bar of pairs for each threshold; bars are buttons.
function plot(title, thresholds, label, current, choose) {
  if (thresholds.length === 0) return null;
  const highest = Math.max(1, ...thresholds.map(({ pairs }) => pairs));
  return h('figure', { class: 'plot' }, h('figcaption', {}, title),
    h('div', { class: 'bars' }, thresholds.map((t) => h('button', { type: 'button', class: current(t) ? 'plot-bar current' : 'plot-bar',
      title: words(t), 'aria-label': `${label(t)}: ${words(t)}`, vars: { '--height': Math.max(0.02, t.pairs / highest) }, onclick: () => choose(t) },
    h('span', { class: 'plot-count' }, format.number(t.pairs)), h('span', { class: 'plot-column' }), h('span', { class: 'plot-label' }, label(t))))));
}
