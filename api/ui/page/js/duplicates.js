// Groups of copies, each with its original and the proof for every copy.

import * as api from './api.js';
import { button, byID, h, icon, replace } from './dom.js';
import * as format from './format.js';
import { failure, notice, retries } from './notices.js';
import { removal } from './detail.js';
import { thumbnail } from './tiles.js';

export function createDuplicates(app) {
  let controller = null;
  let groups = [];
  let limits = {};

  async function show(route) {
    controller?.abort();
    controller = new AbortController();
    try {
      const answer = await api.duplicates(route.c, limits, controller.signal);
      groups = answer.groups ?? [];
      render(route, answer);
    } catch (err) {
      if (err.name === 'AbortError') return;
      if (!(err instanceof api.APIError)) throw err;
      groups = [];
      replace(byID('content'), lead(route), limitsForm(route), failure(err, retries(err) && (() => show(route))));
    }
  }

  function render(route, answer) {
    replace(byID('content'), lead(route, answer), limitsForm(route),
      groups.length === 0 ? notice('check', 'No copies', h('p', {}, answer.images === 0
        ? 'This collection holds no images.'
        : `${format.count(answer.images, 'image')} compared: each is one of a kind within these limits.`))
        : h('div', { class: 'groups' }, groups.map((group, i) => card(group, i))));
  }

  function lead(route, answer) {
    return h('div', { class: 'lead' }, h('div', {}, h('h1', {}, 'Duplicates'), answer && h('p', { class: 'summary', role: 'status' },
      groups.length === 0 ? `${format.count(answer.images, 'image')} compared in ${format.ms(answer.took_ms)} ms` :
        [`${format.count(answer.copies, 'copy', 'copies')} of ${format.count(groups.length, 'original')} among ${format.count(answer.images, 'image')} in ${format.ms(answer.took_ms)} ms · `,
          h('strong', {}, `${format.bytes(answer.bytes)} could be freed`)])));
  }

  // The limits are the user's for this visit; empty fields leave them to the server.
  function limitsForm(route) {
    const distance = h('input', { id: 'max-distance', type: 'number', min: '0', max: '256', step: '1', placeholder: 'default', value: limits.max_distance ?? '' });
    const cosine = h('input', { id: 'min-cosine', type: 'number', min: '0', max: '1.01', step: '0.005', placeholder: 'default', value: limits.min_cosine ?? '' });
    const apply = (event) => {
      event.preventDefault();
      limits = {};
      if (distance.value !== '') limits.max_distance = Number(distance.value);
      if (cosine.value !== '') limits.min_cosine = Number(cosine.value);
      show(route);
    };
    return h('form', { class: 'limits', onsubmit: apply },
      h('div', { class: 'field' }, h('label', { for: 'max-distance' }, 'Hash distance at most'), distance),
      h('div', { class: 'field' }, h('label', { for: 'min-cosine' }, 'Cosine at least'), cosine),
      h('button', { type: 'submit', class: 'ghost' }, 'Apply'));
  }

  function card(group, i) {
    const { item } = group.original;
    const freed = group.copies.reduce((sum, copy) => sum + (copy.item.picture?.bytes ?? 0), 0);
    return h('section', { class: 'group', 'aria-labelledby': `group-${i}` },
      h('header', {}, h('h2', { id: `group-${i}` }, format.title(item)),
        h('span', { class: 'muted' }, `${format.count(group.copies.length, 'copy', 'copies')} · ${format.bytes(freed)}`)),
      h('ul', { class: 'members' }, member(group.original, true), group.copies.map((copy) => member(copy, false))));
  }

  function member({ item, proof }, original) {
    const open = (event) => { event.preventDefault(); app.go({ item: item.id }); };
    const compare = (event) => { event.preventDefault(); app.go({ compare: item.id }); };
    return h('li', { class: original ? 'member original' : 'member' },
      h('a', { class: 'frame tile-link', href: app.href({ ...app.route(), item: item.id }), onclick: open, draggable: 'false', 'data-id': item.id, 'aria-label': `${format.title(item)}, details` },
        thumbnail(item, '')),
      h('div', { class: 'member-facts' },
        h('span', { class: 'badges' }, original ? h('span', { class: 'badge keep' }, icon('check'), 'Original') : badges(proof)),
        h('span', { class: 'tile-name', title: item.source ?? item.id }, format.title(item)),
        h('span', { class: 'muted' }, describe(item))),
      !original && h('div', { class: 'member-actions' },
        h('a', { class: 'ghost', href: app.href({ ...app.route(), compare: item.id }), onclick: compare }, icon('compare'), h('span', {}, 'Compare')),
        removal(app, item, 'Delete')));
  }

  // pair finds a copy and the original of its group.
  function pair(id) {
    for (const group of groups) {
      const copy = group.copies.find(({ item }) => item.id === id);
      if (copy) return { original: group.original.item, copy: copy.item, proof: copy.proof };
    }
    return null;
  }

  const entries = () => groups.flatMap((group) => [group.original, ...group.copies].map(({ item }) => ({ item })));

  return { show, pair, entries, stop: () => controller?.abort() };
}

export function describe(item) {
  const p = item.picture;
  return p ? `${p.width} × ${p.height} · ${p.format.toUpperCase()} · ${format.bytes(p.bytes)}` : '';
}

// badges name the evidence that a picture is a copy, strongest first, with its measure.
export function badges(proof) {
  const { evidence, distance, cosine, transform } = proof;
  const measure = {
    'perceptual hash': `distance ${distance} of 256`,
    crop: `distance ${distance} of 256`,
    vector: `cosine ${cosine.toFixed(3)}`,
  }[evidence];
  const className = { 'same bytes': 'certain', 'same pixels': 'certain', 'perceptual hash': 'likely', crop: 'likely', vector: 'maybe' }[evidence] ?? 'maybe';
  return [
    h('span', { class: `badge ${className}` }, evidence, measure && h('span', { class: 'measure' }, measure)),
    transform && h('span', { class: 'badge' }, transform),
  ];
}
