// The search box: words, a picture or an example item as a chip, and the options below it.

import * as api from './api.js';
import { byID, h, icon, replace } from './dom.js';
import { FilterError, parseFilter } from './filter.js';
import * as format from './format.js';
import { thumbnail } from './tiles.js';

const kinds = [['', 'All'], ['image', 'Images'], ['text', 'Texts']];
const modes = [['', 'Hybrid'], ['vector', 'Meaning'], ['keyword', 'Words']];
const sizes = [12, 24, 48, 96];
const relevances = [[0, 'All hits'], [0.2, 'Weak and better'], [0.5, 'Matches only'], [0.9, 'Strong matches only']];

export function createSearchForm(app) {
  const form = byID('search');
  const words = byID('q');
  const options = createOptions(app);
  const known = new Map(); // items of chips, by collection and id
  let asked = app.route().q; // the words of the address on show
  words.value ||= asked;
  options.show(app.route());

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const route = app.route();
    app.ask({ q: words.value.trim(), like: route.like, unlike: route.unlike, ...options.values() }, app.image());
    words.blur();
  });

  byID('pick').addEventListener('click', () => byID('file').click());
  byID('file').addEventListener('change', (event) => {
    const [file] = event.target.files;
    if (file) app.searchByImage(file);
    event.target.value = '';
  });

  byID('tune').addEventListener('click', () => options.toggle());

  // Backspace before the first letter takes the chip away, as in a list of addressees.
  words.addEventListener('keydown', (event) => {
    const chip = [...byID('chips').querySelectorAll('button')].at(-1);
    if (event.key === 'Backspace' && chip && words.selectionStart === 0 && words.selectionEnd === 0) chip.click();
  });

  function show(route, image) {
    if (document.activeElement !== words || asked !== route.q) words.value = route.q; // else somebody is typing
    asked = route.q;
    words.placeholder = image || route.like.length > 0 ? 'Add words to it' : 'Describe it';
    replace(byID('chips'), image && imageChip(image), ['like', 'unlike'].flatMap((part) => route[part].map((id) => itemChip(route, part, id))));
    options.show(route);
  }

  function imageChip(image) {
    const forget = () => app.ask({ q: words.value.trim(), like: app.route().like, unlike: app.route().unlike }, null);
    return chip(h('img', { src: image.url, alt: '' }), image.name, `Remove the picture ${image.name}`, forget);
  }

  // itemChip stands for an example, or for a counterexample.
  function itemChip(route, part, id) {
    const { like, unlike } = route;
    const forget = () => app.ask({ q: words.value.trim(), like, unlike, [part]: route[part].filter((other) => other !== id) }, app.image());
    const face = h('span', { class: 'chip-face' }, icon('alike'));
    const label = h('span', {}, `${part} this`);
    const element = chip(face, label, part === 'like' ? 'Remove the example' : 'Remove the counterexample', forget);
    if (part === 'unlike') element.classList.add('unlike');
    describe(route.c, part, id, face, label);
    return element;
  }

  // The example's picture and name come later than its chip, or never, when the item is gone.
  async function describe(c, part, id, face, label) {
    const key = `${c}/${id}`;
    try {
      if (!known.has(key)) known.set(key, await api.item(c, id));
      const item = known.get(key);
      label.textContent = `${part} ${format.shorten(format.title(item), 40)}`;
      if (item.thumbnail_url) replace(face, thumbnail(item, '', false));
    } catch (err) {
      if (!(err instanceof api.APIError)) throw err;
    }
  }

  return { show, focus: () => { words.focus(); words.select(); } };
}

function chip(face, label, remove, forget) {
  return h('span', { class: 'query-chip' }, face, h('span', { class: 'query-chip-name' }, label),
    h('button', { type: 'button', onclick: forget, 'aria-label': remove, title: remove }, icon('close')));
}

// ---- options ----

function createOptions(app) {
  const panel = byID('options');
  const kind = segments('kind', 'Show', kinds);
  const mode = segments('mode', 'Search by', modes);
  const size = choice('k', sizes.map((n) => [n, String(n)]));
  const relevance = choice('rel', relevances);
  const vary = slider('vary', 0.9, 0.05, percent);
  const least = slider('min', 1, 0.01, (value) => value.toFixed(2));
  const filter = h('input', { id: 'filter', type: 'text', spellcheck: 'false', autocomplete: 'off', placeholder: 'colour=red  _taken>=2024-05-01', 'aria-describedby': 'filter-help' });
  const help = h('p', { id: 'filter-help', class: 'help' });
  const explain = h('input', { id: 'explain', type: 'checkbox', role: 'switch' });

  replace(panel, kind.element, mode.element,
    field('Hits', size.element), field('Relevance', relevance.element),
    field('Variety', vary.element, 'Puts hits that differ from each other first'), field('Minimal cosine', least.element),
    h('div', { class: 'field wide' }, h('label', { for: 'filter' }, 'Filter'), filter, help),
    h('label', { class: 'switch' }, explain, h('span', {}, 'Explain the ranks')));

  const apply = () => { if (checkFilter()) app.ask({ ...app.route(), ...values() }, app.image(), { replace: true }); };
  panel.addEventListener('change', apply);
  filter.addEventListener('input', () => { filter.removeAttribute('aria-invalid'); replace(help, ...hint()); });

  function checkFilter() {
    try {
      parseFilter(filter.value);
      filter.removeAttribute('aria-invalid');
      replace(help, ...hint());
      return true;
    } catch (err) {
      if (!(err instanceof FilterError)) throw err;
      filter.setAttribute('aria-invalid', 'true');
      replace(help, err.message);
      return false;
    }
  }

  function values() {
    return { kind: kind.value(), mode: mode.value(), k: size.value(), rel: relevance.value(), vary: vary.value(), min: least.value(), filter: filter.value.trim(), explain: explain.checked };
  }

  function show(route) {
    kind.set(route.kind);
    mode.set(route.mode);
    size.set(route.k, String(route.k));
    relevance.set(route.rel, `From ${percent(route.rel)}`);
    vary.set(route.vary);
    least.set(route.min);
    if (document.activeElement !== filter) filter.value = route.filter;
    explain.checked = route.explain;
    checkFilter();
    const changed = [route.kind, route.mode, route.filter].some((v) => v !== '') || route.min > 0 || route.rel > 0 || route.vary > 0;
    byID('tune').classList.toggle('changed', changed);
  }

  function toggle() {
    panel.hidden = !panel.hidden;
    byID('tune').setAttribute('aria-expanded', String(!panel.hidden));
    if (!panel.hidden) panel.querySelector('input:checked, input')?.focus();
  }

  // The panel lies over the results: Escape or a click beside it takes it away.
  byID('search').addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || panel.hidden) return;
    event.preventDefault();
    toggle();
    byID('tune').focus();
  });
  addEventListener('pointerdown', (event) => { if (!panel.hidden && !byID('search').contains(event.target)) toggle(); });

  return { show, toggle, values };
}

const percent = (value) => `${Math.round(100 * value)} %`;

const hint = () => ['field=value, !=, >=, <, ~ for words, ^= for a beginning; or the API’s JSON'];

function field(label, control, title) {
  const id = control.id || control.querySelector('input').id;
  return h('div', { class: 'field', title }, h('label', { for: id }, label), control);
}

// choice is a select of numbers; one from an address that is not among them joins them.
function choice(id, choices) {
  const option = ([value, label]) => h('option', { value: String(value) }, label);
  const element = h('select', { id }, choices.map(option));
  return {
    element,
    value: () => Number(element.value),
    set: (value, label) => {
      if (![...element.options].some((o) => Number(o.value) === value)) element.append(option([value, label]));
      element.value = String(value);
    },
  };
}

// slider is a range from 0, which is off.
function slider(id, max, step, format) {
  const range = h('input', { id, type: 'range', min: '0', max: String(max), step: String(step), value: '0' });
  const output = h('output', { for: id }, 'off');
  const tell = (value) => { output.value = value === 0 ? 'off' : format(value); };
  range.addEventListener('input', () => tell(Number(range.value)));
  return {
    element: h('span', { class: 'with-output' }, range, output),
    value: () => Number(range.value),
    set: (value) => { range.value = String(value); tell(value); },
  };
}

function segments(name, legend, choices) {
  const inputs = choices.map(([value]) => h('input', { type: 'radio', name, value, id: `${name}-${value || 'any'}` }));
  const element = h('fieldset', { class: 'segments' }, h('legend', {}, legend),
    h('div', {}, choices.map(([, label], i) => [inputs[i], h('label', { for: inputs[i].id }, label)])));
  return {
    element,
    value: () => inputs.find((input) => input.checked)?.value ?? '',
    set: (value) => { for (const input of inputs) input.checked = input.value === value; },
  };
}
