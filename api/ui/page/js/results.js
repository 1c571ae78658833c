// The middle of the page for browsing and searching: tiles, the line of times, and what to do when there is nothing.

import * as api from './api.js';
import { button, byID, h, icon, replace } from './dom.js';
import { FilterError, parseFilter } from './filter.js';
import * as format from './format.js';
import { failure, notice, retries } from './notices.js';
import { asks } from './route.js';
import { extend, grid } from './tiles.js';

const page = 60; // items of one page while browsing
const examples = { demo: ['a cat', 'coffee', 'motorcycle', 'rocket'] };

// createResults returns the view. entries() are the items on show, in the order of the page.
export function createResults(app) {
  let entries = [];
  let controller = null;
  let timer = 0;

  async function show(route, image) {
    controller?.abort();
    clearTimeout(timer);
    controller = new AbortController();
    const { signal } = controller;
    try {
      await (asks(route, image) ? search(route, image, signal) : browse(route, signal));
    } catch (err) {
      if (err.name === 'AbortError') return;
      entries = [];
      fail(err, () => show(route, image));
    }
  }

  function fail(err, again) {
    if (err instanceof FilterError) {
      render(notice('tune', 'The filter is not understood', h('p', { class: 'reason' }, err.message)));
      return;
    }
    if (!(err instanceof api.APIError)) throw err;
    render(failure(err, retries(err) && again, err.code === 'not_found' && otherCollections()));
    if (err.code === 'unreachable' || err.code === 'unavailable') timer = setTimeout(again, 4000);
  }

  function otherCollections() {
    const links = app.collections().map((c) => h('a', { class: 'chip', href: app.href({ c: c.name }), onclick: app.follow }, c.name));
    return links.length > 0 && h('p', { class: 'chips-line' }, 'There are: ', links);
  }

  const render = (...content) => replace(byID('content'), ...content);

  const tileOptions = (route, best) => ({
    href: (item) => app.href({ ...app.route(), item: item.id }),
    open: (item) => app.go({ item: item.id }),
    explain: route.explain,
    best,
  });

  // ---- browsing ----

  async function browse(route, signal) {
    if (route.c === '') {
      entries = [];
      render(noCollection(app));
      return;
    }
    const first = await api.items(route.c, { limit: page, signal });
    entries = (first.items ?? []).map((item) => ({ item }));
    if (entries.length === 0) {
      render(emptyCollection(app, route.c));
      return;
    }
    const list = grid(entries, tileOptions(route));
    render(h('div', { class: 'lead' }, browseHeading(route), exampleChips(app, route)), list, more(list, route, first.next, signal));
  }

  function browseHeading(route) {
    const known = app.collections().find((c) => c.name === route.c);
    return h('div', {}, h('h1', {}, route.c),
      known && h('p', { class: 'summary' }, [known.images && format.count(known.images, 'image'), known.texts && format.count(known.texts, 'text')]
        .filter(Boolean).join(' and ')));
  }

  function more(list, route, after, signal) {
    if (!after) return null;
    const control = button('Show more', { class: 'more', onclick: async () => {
      control.disabled = true;
      try {
        const next = await api.items(route.c, { limit: page, after, signal });
        const added = next.items.map((item) => ({ item }));
        entries.push(...added);
        extend(list, added, tileOptions(route));
        control.replaceWith(more(list, route, next.next, signal) ?? '');
      } catch (err) {
        control.disabled = false;
        app.report(err);
      }
    } });
    return control;
  }

  // ---- searching ----

  async function search(route, image, signal) {
    const query = toQuery(route);
    const answer = await api.search(route.c, query, image, signal);
    renderAnswer(route, image, query, { ...answer, hits: answer.hits ?? [] }, signal);
  }

  function renderAnswer(route, image, query, answer, signal) {
    const { hits } = answer;
    const near = hits.filter((hit) => hit.match);
    const far = hits.length === 0 ? answer.nearest ?? [] : hits.filter((hit) => !hit.match);
    entries = [...near, ...far].map((hit) => ({ item: hit.item, hit }));
    const options = tileOptions(route, hits[0]?.score);
    const shown = (list) => grid(list.map((hit) => ({ item: hit.item, hit })), options);
    render(
      heading(route, image, answer, near.length),
      hits.length === 0 && far.length === 0 && nothingFound(app, route, answer),
      near.length > 0 && h('section', { class: near.length < 4 ? 'near few' : 'near', 'aria-label': 'Matches' }, shown(near)),
      far.length > 0 && h('section', { class: near.length === 0 ? 'far all' : 'far', 'aria-labelledby': 'far-heading' },
        h('h2', { id: 'far-heading' }, near.length === 0 ? `Nothing here ${route.rel > 0 && hits.length === 0 ? 'is relevant enough' : 'matches well'}. The nearest are:` : 'No match: probably not what you asked for'), shown(far)),
      answer.more && button('Show more', { class: 'more', onclick: (event) => showMore(event.currentTarget, route, image, query, answer, signal) }));
  }

  async function showMore(control, route, image, query, answer, signal) {
    control.disabled = true;
    try {
      const next = await nextPage(route, image, query, answer, signal);
      const place = document.scrollingElement.scrollTop;
      renderAnswer(route, image, query, { ...next, hits: [...answer.hits, ...next.hits] }, signal);
      document.scrollingElement.scrollTop = place;
    } catch (err) {
      control.disabled = false;
      app.report(err);
    }
  }

  // nextPage goes on with the server's list, whose pages fit together; when that is not kept any longer, it asks anew.
  async function nextPage(route, image, query, answer, signal) {
    if (answer.cursor) {
      try {
        return await api.search(route.c, { cursor: answer.cursor, k: query.k, explain: true }, null, signal);
      } catch (err) {
        if (!(err instanceof api.APIError) || err.code !== 'expired') throw err;
      }
    }
    return api.search(route.c, { ...query, offset: answer.hits.length }, image, signal);
  }

  function heading(route, image, answer, matches) {
    return h('div', { class: 'lead' }, h('div', {},
      h('h1', {}, headline(route, image)),
      h('p', { class: 'summary', role: 'status' }, summary(answer, matches))));
  }

  return { show, entries: () => entries };
}

function headline(route, image) {
  const parts = [];
  if (route.q !== '') parts.push(`“${route.q}”`);
  if (image) parts.push(route.q === '' ? 'Like your picture' : 'your picture');
  const few = route.like.length === 1 ? 'this' : 'these';
  if (route.like.length > 0) parts.push(parts.length === 0 ? `More like ${few}` : `like ${few}`);
  const less = route.unlike.length > 0 ? `, less like ${route.unlike.length === 1 ? 'that' : 'those'}` : '';
  return parts.join(' and ') + less;
}

function summary(answer, matches) {
  const { encode_ms: encode, search_ms: search, total_ms: total } = answer.took;
  const hits = answer.hits.length;
  const judged = hits > 0 ? `${matches === 0 ? 'No match' : matches === 1 ? '1 match' : `${format.number(matches)} matches`} · ` : '';
  return `${judged}${format.count(hits, 'hit')} of ${format.count(answer.searched, 'item')} in ${format.ms(total)} ms ` +
    `(encode ${format.ms(encode)}, search ${format.ms(search)})`;
}

// toQuery is the API's query for a route. A mode is sent only with words: a picture alone has no words to look up.
// The explanation costs next to nothing and the detail shows it, so it is always asked for.
function toQuery(route) {
  const query = { k: route.k, explain: true, stable: true };
  const { text, not } = parseWords(route.q);
  if (text !== '') query.text = text;
  if (not.length > 0) query.not = not;
  if (route.like.length > 0) query.like = route.like;
  if (route.unlike.length > 0) query.unlike = route.unlike;
  if (route.kind !== '') query.kind = route.kind;
  if (route.mode !== '' && text !== '') query.mode = route.mode;
  if (route.min > 0) query.min_score = route.min;
  if (route.rel > 0) query.min_relevance = route.rel;
  if (route.vary > 0) query.mmr = 1 - route.vary;
  const filter = parseFilter(route.filter);
  if (filter) query.filter = filter;
  return query;
}

// parseWords takes the words to avoid out of a question: those with a minus before them, -cat or -"a black cat".
export function parseWords(q) {
  const not = [];
  const text = q.replace(/(^|\s)-(?:"([^"]+)"|(\p{L}\S*))/gu, (_, before, quoted, word) => {
    not.push(quoted ?? word);
    return before;
  });
  return { text: text.replace(/\s+/g, ' ').trim(), not };
}

export function exampleChips(app, route) {
  const words = examples[route.c];
  if (!words) return null;
  return h('p', { class: 'chips-line' }, h('span', { class: 'muted' }, 'Try'),
    words.map((q) => h('a', { class: 'chip', href: app.href({ c: route.c, q }), onclick: app.follow }, q)));
}

function nothingFound(app, route, answer) {
  const narrowing = [
    route.filter !== '' && 'the filter',
    route.min > 0 && `the minimal cosine of ${route.min}`,
    route.kind !== '' && `the choice of ${route.kind}s only`,
  ].filter(Boolean);
  const why = answer.searched === 0 && narrowing.length > 0
    ? `No item passes ${narrowing.join(' and ')}.`
    : route.mode === 'keyword' ? 'No item holds these words. Searching by meaning may find what other words describe.' : 'Try other words, or a picture.';
  const wider = { ...app.route(), filter: '', min: 0, rel: 0, kind: '', mode: '' };
  return notice('search', 'Nothing found', h('p', {}, why),
    (narrowing.length > 0 || route.mode !== '') && h('a', { class: 'solid', href: app.href(wider), onclick: app.follow }, 'Search everything'));
}

function emptyCollection(app, name) {
  return notice('image', `“${name}” is empty`,
    h('p', {}, 'Drop pictures here, or index a folder from the command line:'),
    h('p', {}, h('code', {}, `clipd index --collection ${name} ~/Pictures`)),
    h('a', { class: 'solid', href: app.href({ c: name, view: 'add' }), onclick: app.follow }, icon('plus'), 'Add items'));
}

function noCollection(app) {
  return notice('image', 'There is no collection yet',
    h('p', {}, 'Make one by adding pictures here, or index a folder from the command line:'),
    h('p', {}, h('code', {}, 'clipd index ~/Pictures')),
    h('a', { class: 'solid', href: app.href({ view: 'add' }), onclick: app.follow }, icon('plus'), 'Add items'));
}
