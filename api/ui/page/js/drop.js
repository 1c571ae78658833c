// Pictures from outside: dragged over the window, or pasted.

import { byID, h, icon, replace } from './dom.js';

export function createDrop(app) {
  const overlay = byID('drop');
  let depth = 0; // dragenter and dragleave come in pairs for every element that is crossed

  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');

  function showOverlay() {
    const adding = app.route().view === 'add';
    replace(overlay,
      !adding && h('div', { class: 'drop-zone', 'data-drop': 'search' }, icon('search'), h('strong', {}, 'Search by this picture'), h('span', {}, 'Find what looks like it')),
      h('div', { class: 'drop-zone', 'data-drop': 'add' }, icon('plus'), h('strong', {}, adding ? 'Drop to add' : `Add to ${app.route().c || 'a collection'}`),
        h('span', {}, 'One picture or many')));
    overlay.hidden = false;
  }

  function hideOverlay() {
    depth = 0;
    overlay.hidden = true;
  }

  addEventListener('dragenter', (event) => {
    if (!carriesFiles(event) || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    if (depth++ === 0) showOverlay();
  });
  addEventListener('dragover', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    for (const zone of overlay.children) zone.classList.toggle('over', zone.contains(event.target));
  });
  addEventListener('dragleave', (event) => {
    if (carriesFiles(event) && depth > 0 && --depth === 0) hideOverlay();
  });
  addEventListener('drop', async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const zone = event.target.closest?.('[data-drop]')?.dataset.drop;
    hideOverlay();
    const files = await gather(event.dataTransfer);
    if (files.length > 0) take(files, zone);
  });
  addEventListener('keydown', (event) => { if (event.key === 'Escape' && !overlay.hidden) hideOverlay(); });

  addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith('image/'));
    if (files.length === 0 || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    take(files, '');
  });

  // One picture is a question, several are a delivery, unless the user chose a zone.
  function take(files, zone) {
    if (app.route().view === 'add' || zone === 'add' || (zone !== 'search' && files.length > 1)) app.addFiles(files);
    else app.searchByImage(files[0]);
  }
}

// gather returns the files of a drop, those in dropped folders too.
async function gather(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const files = [];
  for (const entry of entries) await walk(entry, files);
  return files;
}

async function walk(entry, files) {
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => { entry.file(resolve, reject); }));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const batch = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (batch.length === 0) return;
    for (const child of batch) await walk(child, files);
  }
}
