// One item in full: the picture, what is known about it, why it was found, and where to go from it.

import * as api from './api.js';
import { button, byID, h, icon, replace, typing } from './dom.js';
import * as format from './format.js';
import { failure } from './notices.js';
import { ranks, scoreLine, thumbnail } from './tiles.js';

export function createDetail(app) {
  const dialog = byID('detail');
  let shown = null; // {entry, entries, index} on show

  // Closing by Esc goes through the address like everything else, so that Back and Esc agree.
  dialog.addEventListener('cancel', (event) => { event.preventDefault(); close(); });
  // A browser may close a dialog without asking, when Esc comes twice: the address follows.
  dialog.addEventListener('close', () => { if (!dialog.open && app.route().item !== '') close(); });
  dialog.addEventListener('click', (event) => { if (event.target === dialog) close(); });
  dialog.addEventListener('keydown', (event) => {
    if (typing(event) || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'ArrowLeft') step(-1);
    if (event.key === 'ArrowRight') step(1);
  });

  const close = () => app.leave({ item: '' });

  function step(by) {
    const next = shown?.entries[shown.index + by];
    if (next) app.go({ item: next.item.id }, { replace: true });
  }

  // show opens the item of the route; entries are its neighbours on the page.
  async function show(route, entries) {
    if (route.item === '') {
      hide();
      return;
    }
    const index = entries.findIndex(({ item }) => item.id === route.item);
    if (index >= 0) {
      render({ entry: entries[index], entries, index });
      return;
    }
    try {
      const item = await api.item(route.c, route.item);
      if (app.route().item === route.item) render({ entry: { item }, entries: [], index: 0 });
    } catch (err) {
      if (!(err instanceof api.APIError)) throw err;
      if (app.route().item === route.item) renderFailure(err);
    }
  }

  function hide() {
    if (!dialog.open) return;
    const id = shown?.entry?.item.id;
    dialog.close();
    replace(dialog);
    shown = null;
    [...document.querySelectorAll('.tile-link')].find((link) => link.dataset.id === id)?.focus();
  }

  function renderFailure(err) {
    shown = { entries: [], index: 0 };
    replace(dialog, h('h2', { id: 'detail-title', class: 'visually-hidden' }, 'Item'), closeButton(), failure(err));
    open();
  }

  function render(next) {
    const held = dialog.open ? document.activeElement?.dataset?.key : undefined;
    shown = next;
    const { entry } = next;
    replace(dialog, stage(next), h('div', { class: 'facts' }, closeButton(), panel(app, entry)));
    open();
    if (held) dialog.querySelector(`[data-key="${held}"]:not(:disabled)`)?.focus();
  }

  function open() {
    if (!dialog.open) dialog.showModal();
  }

  const closeButton = () => h('button', { type: 'button', class: 'round close', onclick: close, 'aria-label': 'Close', title: 'Close (Esc)', 'data-key': 'close' }, icon('close'));

  function stage({ entry: { item }, entries, index }) {
    const arrow = (by, symbol, label) => entries.length > 1 && h('button', {
      type: 'button', class: `round ${symbol}`, 'aria-label': label, title: label, 'data-key': symbol,
      disabled: !entries[index + by], onclick: () => step(by) }, icon(symbol));
    return h('div', { class: `stage ${item.kind}` },
      item.kind === 'image' ? picture(item) : h('blockquote', { tabindex: '0' }, item.text),
      arrow(-1, 'prev', 'Previous (←)'), arrow(1, 'next', 'Next (→)'),
      entries.length > 1 && h('span', { class: 'place' }, `${index + 1} / ${entries.length}`));
  }

  return { show };
}

// picture shows the thumbnail at once and the original as soon as it is there; formats that browsers cannot show,
// and originals that have moved, stay with the thumbnail.
function picture(item) {
  const alt = item.text || format.title(item);
  const small = thumbnail(item, alt, false);
  if (!item.original_url) return small;
  const large = new Image();
  large.alt = alt;
  large.draggable = false;
  large.addEventListener('load', () => { if (small.isConnected) small.replaceWith(large); }, { once: true });
  api.load(large, item.original_url);
  return small;
}

function panel(app, { item, hit }) {
  return [
    h('h2', { id: 'detail-title' }, format.title(item)),
    item.kind === 'image' && item.text && h('p', { class: 'caption' }, item.text),
    hit && why(hit),
    actions(app, item),
    facts(item),
    classifier(item),
    removal(app, item),
  ];
}

// ---- why it was found ----

function why(hit) {
  const { explanation } = hit;
  const terms = explanation?.terms ?? [];
  return h('section', { class: 'why', 'aria-label': 'Why it was found' },
    scoreLine(hit, hit.score),
    h('p', { class: hit.match ? 'verdict good' : 'verdict' }, `Hit ${hit.rank}. `, hit.match ? 'A match.' : 'No match.',
      typeof hit.relevance === 'number' && ` Relevance ${format.percent(hit.relevance)}: ${format.grades[hit.grade] ?? hit.grade}.`,
      typeof hit.cosine === 'number' && ` Cosine ${hit.cosine.toFixed(4)}.`),
    explanation && h('p', { class: 'ranks' }, ranks(explanation)),
    terms.length > 0 && h('p', { class: 'terms' }, terms.map((term) => h('span', { class: 'term' }, term))),
    explanation?.fusion && h('p', { class: 'fusion' }, h('code', {}, explanation.fusion)));
}

// ---- where to go ----

function actions(app, item) {
  const other = item.kind === 'image' ? 'text' : 'image';
  const here = app.route().c;
  const elsewhere = app.collections().filter((c) => c.name !== here && c[`${other}s`] > 0);
  return h('div', { class: 'actions' },
    h('a', { class: 'solid', href: app.href({ c: here, like: [item.id] }), onclick: app.follow }, icon('alike'), h('span', {}, 'More like this')),
    refinements(app, item),
    h('a', { class: 'ghost', href: app.href({ c: here, like: [item.id], kind: other }), onclick: app.follow }, icon(other),
      h('span', {}, `Find ${other}s for this ${item.kind}`)),
    elsewhere.map((c) => button(`${other === 'text' ? 'Texts' : 'Images'} in ${c.name}`, { class: 'ghost', onclick: () => askElsewhere(app, item, c.name, other) }, other)),
    item.kind === 'image' && (item.original_url || item.thumbnail_url) &&
      button(item.original_url ? 'Download' : 'Download the thumbnail', { class: 'ghost', onclick: () => download(app, item) }, 'down'));
}

// refinements add the item to the question that found it, as an example or as a counterexample.
function refinements(app, item) {
  const { view, q, like, unlike } = app.route();
  if (view !== 'search' || (q === '' && like.length === 0 && !app.image())) return null;
  const without = (list) => list.filter((id) => id !== item.id);
  const refine = (words, part, sign) => button(words, { class: 'ghost', onclick: () =>
    app.ask({ q, like: without(like), unlike: without(unlike), [part]: [...without(part === 'like' ? like : unlike), item.id] }, app.image()) }, sign);
  return [refine('Also like this', 'like', 'plus'), refine('Less like this', 'unlike', 'minus')];
}

async function download(app, item) {
  try {
    const url = URL.createObjectURL(await original(item));
    h('a', { href: url, download: downloadName(item) }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (err) {
    app.report(err);
  }
}

function downloadName(item) {
  if (item.original_url && item.source) return format.fileName(item.source);
  return `${format.title(item).replace(/\.\w+$/, '')}.jpg`; // a thumbnail is a JPEG, whatever the original was
}

async function askElsewhere(app, item, c, kind) {
  if (item.kind === 'text') {
    app.ask({ c, q: item.text, kind, like: [], unlike: [] }, null);
    return;
  }
  try {
    app.searchByImage(await original(item), { c, kind, name: format.title(item) });
  } catch (err) {
    app.report(err);
  }
}

const original = (item) => api.picture(item.original_url || item.thumbnail_url);

// ---- what is known ----

function facts(item) {
  const { picture: p } = item;
  const rows = [
    ...Object.entries(item.metadata ?? {}).sort(([a], [b]) => a.localeCompare(b)).map(([key, value]) => [key, format.metadataValue(value)]),
    p && ['Picture', `${p.width} × ${p.height} · ${p.format.toUpperCase()} · ${format.bytes(p.bytes)}`],
    p && ['Taken', format.moment(p.taken)],
    p && ['Camera', p.camera],
    p && ['File changed', format.moment(p.modified)],
    ['Source', item.source],
    ['ID', item.id],
    ['Added', format.moment(item.created)],
    item.updated !== item.created && ['Updated', format.moment(item.updated)],
    ['SHA-256', item.sha256 && h('code', { title: item.sha256 }, item.sha256.slice(0, 16), '…')],
  ].filter((row) => row && row[1]);
  return h('table', { class: 'table' }, h('caption', { class: 'visually-hidden' }, 'What is known about it'),
    h('tbody', {}, rows.map(([key, value]) => h('tr', {}, h('th', { scope: 'row' }, key), h('td', {}, value)))));
}

// ---- zero-shot classification ----

function classifier(item) {
  const labels = h('input', { id: 'labels', type: 'text', autocomplete: 'off', placeholder: 'cat, dog, landscape' });
  const verdicts = h('div', { class: 'verdicts', role: 'status' });
  const submit = async (event) => {
    event.preventDefault();
    const list = [...new Set(labels.value.split(',').map((label) => label.trim()).filter(Boolean))];
    if (list.length < 2) {
      replace(verdicts, h('p', { class: 'help' }, 'Give two labels or more, with commas between them.'));
      return;
    }
    try {
      replace(verdicts, h('p', { class: 'help' }, 'Comparing…'));
      const answer = await api.classify(await classifiable(item), list);
      replace(verdicts, answer.results[0].map(verdict));
    } catch (err) {
      if (!(err instanceof api.APIError)) throw err;
      replace(verdicts, h('p', { class: 'help bad' }, err.message));
    }
  };
  return h('details', { class: 'classify' }, h('summary', {}, icon('tag'), 'Which of these is it?'),
    h('form', { onsubmit: submit }, h('label', { for: 'labels', class: 'visually-hidden' }, 'Labels, with commas between them'), labels,
      h('button', { type: 'submit', class: 'ghost' }, 'Compare')), verdicts);
}

function verdict({ label, probability }) {
  return h('p', { class: 'probability' }, h('span', {}, label), h('span', { class: 'bar', vars: { '--share': probability } }),
    h('span', { class: 'score-number' }, `${(probability * 100).toFixed(probability < 0.1 ? 1 : 0)} %`));
}

async function classifiable(item) {
  if (item.kind === 'text') return { text: item.text };
  const blob = await original(item);
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
  return { image: url };
}

// ---- removal ----

// removal asks once more before it deletes; the file that the item came from stays where it is.
export function removal(app, item, words = 'Delete from the collection') {
  const box = h('div', { class: 'removal' });
  const ask = () => {
    const keep = button('Keep', { class: 'ghost', onclick: () => { rest(); box.querySelector('button').focus(); } });
    replace(box, h('p', {}, `Delete “${format.title(item)}” from the collection? The file itself stays.`),
      button('Delete', { class: 'danger', onclick: () => app.remove(item) }, 'trash'), keep);
    keep.focus();
  };
  const rest = () => replace(box, button(words, { class: 'quiet', onclick: ask }, 'trash'));
  rest();
  return box;
}
