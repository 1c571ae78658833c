// The page's start: one address, one view. It wires the parts together and owns what they share.

import * as api from './api.js';
import { createAdd } from './add.js';
import { createCompare } from './compare.js';
import { createDetail } from './detail.js';
import { byID, h, replace, typing } from './dom.js';
import { createDrop } from './drop.js';
import { createDuplicates } from './duplicates.js';
import * as format from './format.js';
import * as images from './images.js';
import { createMap } from './map.js';
import { failure, keyForm } from './notices.js';
import { createResults } from './results.js';
import * as address from './route.js';
import { createSearchForm } from './searchform.js';
import { showStatus } from './status.js';

const home = 'demo'; // the collection shown first, where it exists
const busyAfter = 150; // milliseconds before a bar says that something is going on

let route = address.parse(location.search);
let started = false; // the server has answered: what was clicked before it did waits for it
let collections = [];
let broken = []; // collections that are there and cannot be opened
let shownQuestion = '';

const app = {
  route: () => route,
  collections: () => collections,
  image: () => history.state?.image ?? null,

  // href is the address of a view; what is not given has its default.
  href: (target) => address.format({ c: route.c, ...target }),

  // go changes a part of the address and keeps the rest.
  go(change, { replace: instead = false } = {}) {
    navigate({ ...route, ...change }, app.image(), instead);
  },

  // leave closes a dialog: back to where it was opened from, or, after a link from outside, by changing the address.
  leave(change) {
    if (history.state?.opened) history.back();
    else app.go(change, { replace: true });
  },

  // ask searches: query fields from the argument, the options as they are.
  ask(query, image, { replace: instead = false } = {}) {
    const { c, kind, mode, k, min, filter, explain } = route;
    const next = { ...address.parse(''), c, kind, mode, k, min, filter, explain, ...query, view: 'search', item: '', compare: '' };
    navigate(next, image, instead);
  },

  searchByImage(blob, { c = route.c, kind = route.kind, name } = {}) {
    app.ask({ c, kind, q: '', like: [], unlike: [] }, images.keep(blob, name));
  },

  addFiles(files) {
    if (!started) {
      app.say('The server has not answered yet: drop them again in a moment.');
      return;
    }
    if (route.view !== 'add') navigate({ ...address.parse(''), c: route.c, view: 'add' }, null, false);
    parts.add.take(files);
  },

  // follow makes a plain click on a link of the page a change of view; clicks for a new tab stay with the browser.
  follow(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    navigate(address.parse(new URL(event.currentTarget.href).search), null, false);
  },

  async remove(item) {
    try {
      const { deleted } = await api.deleteItems(route.c, [item.id]);
      app.say(deleted === 0 ? 'It was gone already' : `Deleted “${format.title(item)}”`);
    } catch (err) {
      app.report(err);
      return;
    }
    shownQuestion = '';
    await loadStatus();
    app.leave({ item: '', compare: '' });
  },

  refresh: () => loadStatus(),

  say(words) {
    const toast = byID('toast');
    toast.textContent = words;
    toast.classList.add('shown');
    clearTimeout(app.saying);
    app.saying = setTimeout(() => toast.classList.remove('shown'), 6000);
  },

  // report tells of a failure that leaves the page as it is.
  report(err) {
    if (!(err instanceof api.APIError)) throw err;
    app.say(err.message);
  },
};

const parts = {
  form: createSearchForm(app),
  results: createResults(app),
  duplicates: createDuplicates(app),
  map: createMap(app),
  add: createAdd(app),
  detail: createDetail(app),
  compare: createCompare(app),
};

// ---- navigation ----

function navigate(next, image, instead) {
  const opened = Boolean(next.item && !route.item) || Boolean(next.compare && !route.compare) || (instead && Boolean(history.state?.opened));
  const state = { image, opened };
  if (instead) history.replaceState(state, '', address.format(next));
  else {
    history.replaceState({ ...history.state, top: scrollY }, '');
    history.pushState(state, '', address.format(next));
  }
  route = next;
  render();
}

addEventListener('popstate', async () => {
  route = address.parse(location.search);
  settle();
  const top = history.state?.top;
  await render();
  if (top !== undefined) scrollTo(0, top);
});

// settle fills in the collection where the address names none. The bare address stays as it is: it is the home of
// whatever collection comes first. All others name what they show.
function settle() {
  if (route.c !== '' || collections.length === 0) return;
  const known = collections.find((c) => c.name === home) ?? [...collections].sort((a, b) => b.items - a.items)[0];
  route = { ...route, c: known.name };
  if (location.search !== '') history.replaceState(history.state, '', address.format(route));
}

async function render() {
  if (!started) return;
  const number = app.image();
  const image = number ? images.recall(number) : null;
  if (number && !image) {
    history.replaceState({ ...history.state, image: null }, '');
    app.say('A reload forgets the picture you searched with: drop it again.');
  }
  document.title = pageTitle(image);
  parts.form.show(route, image);
  showPlaces();
  const question = address.question(route, image ? number : 0);
  if (question !== shownQuestion) {
    const moved = shownQuestion !== '';
    shownQuestion = question;
    byID('detail').close();
    byID('compare').close();
    if (moved) scrollTo(0, 0);
    await whileBusy(() => showView(image));
    if (question !== shownQuestion) return;
    if (document.activeElement === document.body) byID('content').focus({ preventScroll: true });
  }
  showDialogs();
}

function showView(image) {
  parts.duplicates.stop();
  parts.map.stop();
  if (route.view === 'duplicates') return parts.duplicates.show(route);
  if (route.view === 'map') return parts.map.show(route);
  if (route.view === 'add') return parts.add.show(route);
  return parts.results.show(route, image?.blob);
}

function showDialogs() {
  const entries = route.view === 'duplicates' ? parts.duplicates.entries() : route.view === 'search' ? parts.results.entries() : [];
  parts.detail.show(route, entries);
  parts.compare.show(route.compare === '' ? null : parts.duplicates.pair(route.compare));
}

function pageTitle(image) {
  const what = { duplicates: 'Duplicates', map: 'Explore', add: 'Add' }[route.view] ?? (route.q || (image ? 'By picture' : route.like.length > 0 && 'More like this'));
  return [what, route.c, 'clipd'].filter(Boolean).join(' – ');
}

async function whileBusy(work) {
  const timer = setTimeout(() => { byID('busy').hidden = false; byID('content').setAttribute('aria-busy', 'true'); }, busyAfter);
  try {
    await work();
  } finally {
    clearTimeout(timer);
    byID('busy').hidden = true;
    byID('content').removeAttribute('aria-busy');
  }
}

// ---- header ----

function showPlaces() {
  const select = byID('collection');
  const names = [...collections, ...broken].map((c) => c.name);
  replace(select, collections.map((c) => h('option', { value: c.name }, `${c.name} · ${format.number(c.items)}`)),
    broken.map((c) => h('option', { value: c.name, title: c.error.message }, `${c.name} · cannot be opened`)),
    route.c !== '' && !names.includes(route.c) && h('option', { value: route.c }, route.c));
  select.value = route.c;
  select.closest('.chooser').hidden = select.options.length === 0;
  for (const [id, view] of [['to-map', 'map'], ['to-duplicates', 'duplicates'], ['to-add', 'add']]) {
    byID(id).href = app.href({ view });
    if (route.view === view) byID(id).setAttribute('aria-current', 'page');
    else byID(id).removeAttribute('aria-current');
  }
  byID('home').href = app.href({});
}

byID('collection').addEventListener('change', (event) => {
  const { q, view } = route;
  const c = event.target.value;
  if (view === 'search') app.ask({ c, q }, app.image());
  else app.go({ c });
});
for (const id of ['home', 'to-map', 'to-duplicates', 'to-add']) byID(id).addEventListener('click', app.follow);

addEventListener('keydown', (event) => {
  if (event.key !== '/' || typing(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  parts.form.focus();
});

// ---- start ----

async function loadStatus() {
  const status = await api.status();
  collections = status.collections ?? [];
  broken = status.broken ?? [];
  showStatus(status);
  showPlaces();
}

async function start() {
  try {
    await loadStatus();
  } catch (err) {
    if (!(err instanceof api.APIError)) throw err;
    const locked = err.code === 'unauthorized';
    replace(byID('content'), failure(err, locked ? null : start, locked && keyForm((key) => { api.useKey(key); start(); })));
    clearTimeout(app.starting);
    if (err.code === 'unreachable' || err.code === 'unavailable') app.starting = setTimeout(start, 4000);
    return;
  }
  started = true;
  settle();
  await render();
}

createDrop(app);
start();
