// Adding: files by drop or choice, each with its own progress and result; texts line by line.

import * as api from './api.js';
import { button, byID, h, icon, replace } from './dom.js';
import { FilterError, parseFilter } from './filter.js';
import * as format from './format.js';

const atOnce = 3; // uploads under way; the server encodes in batches, so a few suffice
const words = { waiting: 'waiting', created: 'added', updated: 'updated', unchanged: 'was there already', failed: 'failed' };

export function createAdd(app) {
  const queue = [];
  let running = 0;
  let tally = { created: 0, updated: 0, unchanged: 0, failed: 0, total: 0 };
  let list = h('ul', { class: 'uploads', 'aria-label': 'Files' });
  const summary = h('p', { class: 'summary', role: 'status' });

  function show(route) {
    const names = app.collections().map((c) => c.name);
    const target = h('select', { id: 'target' }, names.map((name) => h('option', { value: name }, name)), h('option', { value: '' }, 'New collection…'));
    target.value = names.includes(route.c) ? route.c : '';
    const name = h('input', { id: 'new-name', type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: 'holiday-2024', pattern: '[a-z0-9._\\-]{1,64}' });
    const naming = h('div', { class: 'field' }, h('label', { for: 'new-name' }, 'Its name: a–z, 0–9, . _ -'), name);
    naming.hidden = target.value !== '';
    target.addEventListener('change', () => { naming.hidden = target.value !== ''; });
    const metadata = h('input', { id: 'metadata', type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: 'album=Summer year=2024' });
    const texts = h('textarea', { id: 'texts', rows: '4', placeholder: 'One text a line' });
    const problem = h('p', { class: 'help bad', role: 'alert' });

    const destination = async () => {
      replace(problem);
      try {
        const c = target.value || (await newCollection(name, app));
        return { c, metadata: readMetadata(metadata.value) };
      } catch (err) {
        if (!(err instanceof api.APIError || err instanceof FilterError)) throw err;
        replace(problem, err.message);
        return null;
      }
    };
    takeFiles = async (files) => { const to = await destination(); if (to) enqueue(files, to); };
    const chooser = (attributes) => {
      const input = h('input', { type: 'file', multiple: true, hidden: true, ...attributes });
      input.addEventListener('change', () => { takeFiles([...input.files]); input.value = ''; });
      return input;
    };
    const files = chooser({ accept: 'image/*', 'aria-label': 'Choose images' });
    const folder = chooser({ webkitdirectory: true, 'aria-label': 'Choose a folder' });

    replace(byID('content'),
      h('div', { class: 'lead' }, h('div', {}, h('h1', {}, 'Add to a collection'))),
      h('div', { class: 'add' },
        h('div', { class: 'add-form' },
          h('div', { class: 'field' }, h('label', { for: 'target' }, 'Collection'), target), naming,
          h('div', { class: 'field wide' }, h('label', { for: 'metadata' }, 'Metadata for all of them (field=value)'), metadata), problem),
        h('div', { class: 'zone' }, icon('image'), h('p', {}, h('strong', {}, 'Drop images anywhere on this page')),
          h('p', { class: 'buttons' }, button('Choose images', { class: 'solid', onclick: () => files.click() }), button('Choose a folder', { class: 'ghost', onclick: () => folder.click() })),
          files, folder),
        h('details', { class: 'add-texts' }, h('summary', {}, icon('text'), 'Add texts'),
          h('label', { for: 'texts', class: 'visually-hidden' }, 'Texts, one a line'), texts,
          button('Add the texts', { class: 'ghost', onclick: async () => { const to = await destination(); if (to && await addTexts(to, texts.value)) texts.value = ''; } })),
        summary, list));
  }

  let takeFiles = () => {};

  function enqueue(files, to) {
    const chosen = files.filter((file) => !file.name.startsWith('.'));
    tally.total += chosen.length;
    for (const file of chosen) queue.push({ file, to, row: uploadRow(file) });
    report();
    while (running < atOnce && queue.length > 0) next();
  }

  // next uploads one file and takes the following when it is done.
  async function next() {
    const { file, to, row } = queue.shift();
    running++;
    const result = await upload(file, to, row);
    row.finish(result, to.c);
    tally[result.status]++;
    running--;
    report();
    if (queue.length > 0) next();
    else if (running === 0) app.refresh();
  }

  async function upload(file, to, row) {
    const name = file.webkitRelativePath || file.name;
    const details = { metadata: { ...to.metadata, filename: name }, modified: new Date(file.lastModified).toISOString() };
    try {
      const answer = await patiently(() => api.addFile(to.c, file, details, row.progress));
      return answer.results[0];
    } catch (err) {
      if (!(err instanceof api.APIError)) throw err;
      return { status: 'failed', error: { message: err.message } };
    }
  }

  function uploadRow(file) {
    const preview = file.type.startsWith('image/') ? h('img', { alt: '', src: URL.createObjectURL(file) }) : h('span', {}, icon('image'));
    preview.addEventListener('load', () => URL.revokeObjectURL(preview.src), { once: true });
    preview.addEventListener('error', () => { URL.revokeObjectURL(preview.src); preview.replaceWith(h('span', {}, icon('warn'))); }, { once: true });
    const state = h('span', { class: 'upload-state' }, words.waiting);
    const meter = h('progress', { max: '1', value: 0, 'aria-label': `Upload of ${file.name}` });
    const element = h('li', { class: 'upload' }, h('span', { class: 'upload-face' }, preview),
      h('span', { class: 'upload-name' }, file.webkitRelativePath || file.name, h('span', { class: 'muted' }, format.bytes(file.size))), meter, state);
    list.prepend(element);
    return {
      progress(share) {
        meter.value = share;
        state.textContent = share < 1 ? `${Math.round(share * 100)} %` : 'encoding';
        if (share >= 1) meter.removeAttribute('value');
      },
      finish(result, c) {
        meter.remove();
        element.classList.add(result.status);
        replace(state, result.status === 'failed' ? `failed: ${result.error?.message ?? 'no reason was given'}`
          : h('a', { href: app.href({ c, item: result.id }), onclick: app.follow }, words[result.status]));
      },
    };
  }

  function report() {
    const { total, failed } = tally;
    const done = tally.created + tally.updated + tally.unchanged + failed;
    const parts = ['created', 'updated', 'unchanged', 'failed'].filter((key) => tally[key] > 0).map((key) => `${format.number(tally[key])} ${words[key]}`);
    replace(summary, total > 0 && `${done} of ${total} done${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`);
    if (done === total) tally = { created: 0, updated: 0, unchanged: 0, failed: 0, total: 0 };
  }

  async function addTexts({ c, metadata }, text) {
    const lines = text.split('\n').map((line) => line.trim()).filter(Boolean);
    if (lines.length === 0) return false;
    try {
      const answer = await patiently(() => api.addTexts(c, lines.map((line) => ({ text: line, metadata }))));
      showTextResults(lines, answer, c);
      app.refresh();
      return answer.failed === 0;
    } catch (err) {
      app.report(err);
      return false;
    }
  }

  function showTextResults(lines, answer, c) {
    answer.results.forEach((result, i) => {
      list.prepend(h('li', { class: `upload ${result.status}` }, h('span', { class: 'upload-face' }, icon('text')), h('span', { class: 'upload-name' }, format.shorten(lines[i], 120)),
        h('span', { class: 'upload-state' }, result.status === 'failed' ? `failed: ${result.error?.message}`
          : h('a', { href: app.href({ c, item: result.id }), onclick: app.follow }, words[result.status]))));
    });
  }

  return { show, take: (files) => takeFiles(files) };
}

async function newCollection(field, app) {
  const name = field.value.trim();
  if (name === '' || !field.checkValidity()) throw new FilterError('Give the new collection a name of a–z, 0–9, dot, underscore or hyphen.');
  if (!app.collections().some((c) => c.name === name)) {
    await api.createCollection(name);
    await app.refresh();
    app.go({ c: name }, { replace: true });
  }
  return name;
}

// readMetadata reads field=value pairs with the filter's own grammar; only plain equality makes sense here.
function readMetadata(text) {
  const filter = parseFilter(text);
  const metadata = {};
  for (const part of filter === null ? [] : filter.and ?? [filter]) {
    const value = part.equals ?? part.in?.[0];
    if (value === undefined) throw new FilterError('Metadata are written field=value, for example album=Summer.');
    metadata[part.field] = value;
  }
  return metadata;
}

// patiently tries again while the server says that its queue is full.
async function patiently(attempt, tries = 5) {
  for (let i = 1; ; i++) {
    try {
      return await attempt();
    } catch (err) {
      if (err.code !== 'busy' || i === tries) throw err;
      await new Promise((resolve) => { setTimeout(resolve, (err.retryAfter ?? 1) * 1000); });
    }
  }
}
