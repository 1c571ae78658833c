// Groups of copies, each with the picture that is kept and the proof for every copy; then pictures that are merely
// similar. What is decided here stays decided: see decisions.js. Files are not touched from this page.

import * as api from './api.js';
import { createDecisions } from './decisions.js';
import { button, byID, h, icon, replace, typing } from './dom.js';
import * as format from './format.js';
import { failure, notice, retries } from './notices.js';
import { removal } from './detail.js';
import { createThresholds } from './thresholds.js';
import { thumbnail } from './tiles.js';

const keys = [
  ['← →', 'the picture before, the next one'], ['↑ ↓', 'the group before, the next one'],
  ['k', 'keep this picture, too'], ['x', 'drop it: another of its group is kept'], ['n', 'it is not a duplicate of the one that is kept'],
  ['u', 'undo the last decision'], ['c', 'compare it with the one that is kept'], ['Enter', 'open it'], ['?', 'show these keys'],
];

export function createDuplicates(app) {
  let controller = null;
  let answer = null; // of the server, as decisions have changed it since
  let limits = {};
  const decisions = createDecisions(app, { look: () => answer, change, reload: () => show(app.route()) });
  const thresholds = createThresholds(app, { limits: () => limits, use });
  addEventListener('keydown', onKey);

  async function show(route) {
    controller?.abort();
    controller = new AbortController();
    const held = focused()?.dataset.id;
    try {
      answer = await api.duplicates(route.c, { ...limits, similar: true, decided: true }, controller.signal);
      answer.groups = (answer.groups ?? []).sort((a, b) => b.copies.length - a.copies.length); // most to be gained first
      render();
      if (document.activeElement === byID('q') && byID('q').value === '') byID('content').focus({ preventScroll: true }); // the keys are for the groups
      focus(held);
    } catch (err) {
      if (err.name === 'AbortError') return;
      if (!(err instanceof api.APIError)) throw err;
      answer = null;
      replace(byID('content'), lead(), limitsForm(), failure(err, retries(err) && (() => show(route))));
    }
  }

  // change shows other groups, after a decision or when one is undone.
  function change(groups) {
    const links = tiles();
    const at = links.indexOf(focused());
    const next = links.slice(at).concat(links.slice(0, Math.max(at, 0)).reverse()).map((link) => link.dataset.id);
    answer = { ...answer, groups };
    render();
    if (at >= 0) focus(...next);
  }

  function render() {
    const copies = answer.groups.filter((group) => group.level !== 'similar');
    const open = copies.filter((group) => group.copies.some((copy) => !copy.kept));
    const settled = copies.filter((group) => !open.includes(group));
    const similar = answer.groups.filter((group) => group.level === 'similar');
    replace(byID('content'), lead(open), limitsForm(),
      answer.groups.length === 0 ? nothing() : [
        open.length > 0 && plan(open),
        section('Copies', 'One of each group is kept. Press ? for the keys.', open),
        section('Similar pictures', 'Bursts and scenes: near each other, but no copies. Nothing is done with them.', similar),
        settled.length > 0 && h('details', { class: 'settled' }, h('summary', {}, `${format.count(settled.length, 'group')} of which you keep all`),
          h('div', { class: 'groups' }, settled.map(card)))]);
  }

  const nothing = () => notice('check', 'No copies', h('p', {}, answer.images === 0
    ? 'This collection holds no images.'
    : `${format.count(answer.images, 'image')} compared: each is one of a kind within these limits.`));

  function section(title, hint, groups) {
    if (groups.length === 0) return null;
    return h('section', { class: 'level' }, h('h2', { class: 'level-title' }, title, h('span', { class: 'muted' }, ` ${format.number(groups.length)}`)),
      h('p', { class: 'help' }, hint), h('div', { class: 'groups' }, groups.map(card)));
  }

  // ---- what is above the groups ----

  function lead(open = []) {
    const { copies, bytes } = toDrop(open);
    return h('div', { class: 'lead' }, h('div', {}, h('h1', {}, 'Duplicates'), answer && h('p', { class: 'summary', role: 'status' },
      copies === 0 ? `${format.count(answer.images, 'image')} compared in ${format.ms(answer.took_ms)} ms` :
        [`${format.count(copies, 'copy', 'copies')} of ${format.count(open.length, 'original')} among ${format.count(answer.images, 'image')} in ${format.ms(answer.took_ms)} ms · `,
          h('strong', {}, `${format.bytes(bytes)} could be freed`)])),
    answer && h('div', { class: 'lead-tools' },
      decisions.any() && button('Undo (u)', { class: 'ghost', id: 'undo', onclick: decisions.undo }, 'undo'),
      button('Keys (?)', { class: 'ghost', onclick: showKeys }, 'keys')));
  }

  // plan says what the command line would do with what is decided so far.
  function plan(open) {
    const { copies, bytes } = toDrop(open);
    const command = `clipd dupes apply -c ${app.route().c} --move-to ~/copies`;
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(command);
        app.say('The command is in the clipboard');
      } catch {
        app.say('The browser gives no access to the clipboard: mark the command and copy it');
      }
    };
    return h('section', { class: 'plan', 'aria-label': 'Plan' },
      h('p', {}, h('strong', {}, `${format.count(copies, 'file')} to go, ${format.bytes(bytes)}.`),
        ' This page touches no file. On the computer that has them, this moves the copies into a folder, and can be undone:'),
      h('p', { class: 'plan-command' }, h('code', {}, command), button('Copy', { class: 'ghost', onclick: copy }, 'copies')));
  }

  // The limits are the user's for this visit; empty fields leave them to the server.
  function limitsForm() {
    const distance = h('input', { id: 'max-distance', type: 'number', min: '1', max: '256', step: '1', placeholder: 'default', value: limits.max_distance ?? '' });
    const cosine = h('input', { id: 'min-cosine', type: 'number', min: '0', max: '1.01', step: '0.005', placeholder: 'default', value: limits.min_cosine ?? '' });
    const apply = (event) => {
      event.preventDefault();
      const next = {};
      if (distance.value !== '') next.max_distance = Number(distance.value);
      if (cosine.value !== '') next.min_cosine = Number(cosine.value);
      use(next);
    };
    return thresholds.element(h('form', { class: 'limits', onsubmit: apply },
      h('div', { class: 'field' }, h('label', { for: 'max-distance' }, 'Hash distance at most'), distance),
      h('div', { class: 'field' }, h('label', { for: 'min-cosine' }, 'Cosine at least'), cosine),
      h('button', { type: 'submit', class: 'ghost' }, 'Apply')));
  }

  function use(next) {
    limits = next;
    show(app.route());
  }

  // ---- groups ----

  function card(group) {
    const { item } = group.original;
    const id = `group-${item.id}`;
    const similar = group.level === 'similar';
    const { copies, bytes } = toDrop([group]);
    return h('section', { class: similar ? 'group similar' : 'group', 'aria-labelledby': id },
      h('header', {}, h('h3', { id }, format.title(item)),
        h('span', { class: 'muted' }, similar ? format.count(group.copies.length + 1, 'picture') : `${format.count(copies, 'copy', 'copies')} · ${format.bytes(bytes)}`)),
      h('ul', { class: 'members' }, member(group, group.original, true), group.copies.map((copy) => member(group, copy, false))));
  }

  function member(group, { item, proof, kept, reason, differences }, original) {
    const similar = group.level === 'similar';
    const open = (event) => { event.preventDefault(); app.go({ item: item.id }); };
    const compare = (event) => { event.preventDefault(); app.go({ compare: item.id }); };
    const act = (words, key, what, symbol) => button(words, { class: 'quiet', title: `${words} (${key})`, onclick: () => what(group, item) }, symbol);
    return h('li', { class: ['member', original && !similar && 'original', kept && 'kept'].filter(Boolean).join(' ') },
      h('a', { class: 'frame tile-link', href: app.href({ ...app.route(), item: item.id }), onclick: open, draggable: 'false', 'data-id': item.id, 'aria-label': `${format.title(item)}, details` },
        thumbnail(item, '')),
      h('div', { class: 'member-facts' },
        h('span', { class: 'badges' }, original ? !similar && h('span', { class: 'badge keep' }, icon('check'), 'Kept') : badges(proof, kept)),
        h('span', { class: 'tile-name', title: item.source ?? item.id }, format.title(item)),
        h('span', { class: 'muted' }, describe(item)),
        !original && !similar && reason && h('span', { class: 'reason-line' }, kept ? reason : `The other is kept: ${reason}`),
        proof?.edits?.length > 0 && h('span', { class: 'muted' }, `Edited: ${proof.edits.join(', ')}`),
        differences?.length > 0 && h('span', { class: 'muted' }, differences.map(difference).join(' · '))),
      h('div', { class: 'member-actions' },
        !original && h('a', { class: 'ghost', href: app.href({ ...app.route(), compare: item.id }), onclick: compare }, icon('compare'), h('span', {}, 'Compare')),
        !similar && !original && !kept && act('Keep', 'k', decisions.keep, 'check'),
        !similar && (original || kept) && act('Drop', 'x', decisions.drop, 'close'),
        !original && act('Not a duplicate', 'n', decisions.notDuplicate, 'apart'),
        !similar && !original && removal(app, item, 'Remove')));
  }

  // ---- keyboard ----

  const tiles = () => [...byID('content').querySelectorAll('.member .tile-link')];
  const focused = () => document.activeElement?.closest?.('.member')?.querySelector('.tile-link') ?? null;

  function focus(...ids) {
    const links = tiles();
    for (const id of ids) {
      const link = id !== undefined && links.find((candidate) => candidate.dataset.id === id);
      if (link) {
        link.focus();
        return;
      }
    }
  }

  function onKey(event) {
    if (app.route().view !== 'duplicates' || !answer || typing(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const act = {
      ArrowRight: () => step(1), ArrowLeft: () => step(-1), ArrowDown: () => leap(1), ArrowUp: () => leap(-1),
      k: () => onFocused(decisions.keep), x: () => onFocused(decisions.drop), n: () => onFocused(decisions.notDuplicate),
      c: () => onFocused((group, item) => { if (item !== group.original.item) app.go({ compare: item.id }); }),
      u: decisions.undo, '?': showKeys,
    }[event.key];
    if (!act || (event.key.startsWith('Arrow') && event.target.closest('.thresholds'))) return;
    event.preventDefault();
    act();
  }

  function step(by) {
    const links = tiles();
    const at = links.indexOf(focused());
    (links[at + by] ?? (at < 0 ? links[0] : null))?.focus();
  }

  function leap(by) {
    const groups = [...byID('content').querySelectorAll('.group')];
    const at = groups.findIndex((group) => group.contains(document.activeElement));
    (groups[at + by] ?? (at < 0 ? groups[0] : null))?.querySelector('.tile-link')?.focus();
  }

  function onFocused(what) {
    const id = focused()?.dataset.id;
    for (const group of answer.groups) {
      const found = [group.original, ...group.copies].find(({ item }) => item.id === id);
      if (found) {
        what(group, found.item);
        return;
      }
    }
    app.say('Choose a picture first: the arrow keys move from one to the next.');
  }

  function showKeys() {
    const dialog = byID('keys');
    const close = () => dialog.close();
    replace(dialog, h('header', {}, h('h2', { id: 'keys-title' }, 'Keys'),
      h('button', { type: 'button', class: 'round close', onclick: close, 'aria-label': 'Close', title: 'Close (Esc)' }, icon('close'))),
      h('dl', {}, keys.map(([key, does]) => h('div', {}, h('dt', {}, key.split(' ').map((k) => h('kbd', {}, k))), h('dd', {}, does)))));
    dialog.showModal();
  }

  // pair finds a copy, the original of its group, and how the one is to be turned to lie on the other.
  function pair(id) {
    for (const group of answer?.groups ?? []) {
      const copy = group.copies.find(({ item }) => item.id === id);
      if (copy) return { original: group.original.item, copy: copy.item, proof: { ...copy.proof, path: path(group, copy) }, level: group.level };
    }
    return null;
  }

  const entries = () => (answer?.groups ?? []).flatMap((group) => [group.original, ...group.copies].map(({ item }) => ({ item })));

  return { show, pair, entries, stop: () => controller?.abort() };
}

// path are the transforms from the original to a copy: all were compared with the medoid.
function path(group, copy) {
  const { medoid, original, copies } = group;
  const first = copies.find(({ item }) => item.id === medoid && item.id !== original.item.id);
  return [first && first !== copy && first.proof.transform, copy.proof.transform].filter(Boolean);
}

function toDrop(groups) {
  const going = groups.flatMap((group) => (group.level === 'similar' ? [] : group.copies.filter((copy) => !copy.kept)));
  return { copies: going.length, bytes: going.reduce((sum, copy) => sum + (copy.item.picture?.bytes ?? 0), 0) };
}

const difference = ({ field, original, copy }) => `${field} ${original || 'none'} → ${copy || 'none'}`;

export function describe(item) {
  const p = item.picture;
  return p ? `${p.width} × ${p.height} · ${p.format.toUpperCase()} · ${format.bytes(p.bytes)}` : '';
}

// badges name the evidence that a picture is a copy, strongest first, with its measure.
export function badges(proof, kept) {
  const { evidence, distance, cosine, common, transform } = proof;
  const measure = {
    'perceptual hash': `distance ${distance} of 256`,
    crop: common > 0 ? `${Math.round(common * 100)} % in common` : `distance ${distance} of 256`,
    vector: `cosine ${cosine.toFixed(3)}`,
  }[evidence];
  const className = { 'same bytes': 'certain', 'same pixels': 'certain', 'perceptual hash': 'likely', crop: 'likely', vector: 'maybe' }[evidence] ?? 'maybe';
  return [
    kept && h('span', { class: 'badge keep' }, icon('check'), 'Kept, too'),
    h('span', { class: `badge ${className}` }, evidence, measure && h('span', { class: 'measure' }, measure)),
    transform && h('span', { class: 'badge' }, transform),
  ];
}
