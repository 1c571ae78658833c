// Two pictures against each other: with a slider, blinking, side by side, or as their difference.

import * as api from './api.js';
import { button, byID, h, icon, replace, typing } from './dom.js';
import { badges, describe } from './duplicates.js';
import { removal } from './detail.js';
import * as format from './format.js';

const ways = [['slider', 'Slider'], ['blink', 'Blink'], ['beside', 'Side by side'], ['difference', 'Difference']];
const blinkEvery = 700; // milliseconds: slow enough to see, below three flashes a second (WCAG 2.3.1)

export function createCompare(app) {
  const dialog = byID('compare');
  let way = 'slider';
  let timer = 0;

  const close = () => app.leave({ compare: '' });
  dialog.addEventListener('cancel', (event) => { event.preventDefault(); close(); });
  // A browser may close a dialog without asking, when Esc comes twice: the address follows.
  dialog.addEventListener('close', () => { if (!dialog.open && app.route().compare !== '') close(); });
  dialog.addEventListener('click', (event) => { if (event.target === dialog) close(); });
  dialog.addEventListener('keydown', (event) => {
    if (event.key === ' ' && way === 'blink' && !typing(event) && event.target.closest('button, a, summary') === null) {
      event.preventDefault();
      dialog.querySelector('.pair')?.classList.toggle('other');
    }
  });

  function show(pair) {
    clearInterval(timer);
    if (!pair) {
      if (dialog.open) dialog.close();
      replace(dialog);
      return;
    }
    render(pair);
    if (!dialog.open) dialog.showModal();
  }

  function render({ original, copy, proof }) {
    const board = h('div', { class: 'pair-board' });
    const aligned = h('input', { type: 'checkbox', id: 'aligned', checked: true, role: 'switch' });
    const draw = () => drawPair(board, { original, copy, transform: aligned.checked ? proof.transform : '' });
    aligned.addEventListener('change', draw);
    replace(dialog,
      h('header', {}, h('h2', { id: 'compare-title' }, 'Original and copy'),
        h('button', { type: 'button', class: 'round close', onclick: close, 'aria-label': 'Close', title: 'Close (Esc)' }, icon('close'))),
      h('div', { class: 'compare-tools' },
        h('fieldset', { class: 'segments' }, h('legend', { class: 'visually-hidden' }, 'Way to compare'), h('div', {}, ways.map(([value, label]) => [
          h('input', { type: 'radio', name: 'way', id: `way-${value}`, value, checked: value === way, onchange: () => { way = value; draw(); } }),
          h('label', { for: `way-${value}` }, label)]))),
        proof.transform && h('label', { class: 'switch' }, aligned, h('span', {}, `Undo “${proof.transform}”`)),
        h('span', { class: 'badges' }, badges(proof))),
      board,
      h('div', { class: 'sides' }, side('Original', original), side('Copy', copy, removal(app, copy, 'Delete the copy'))));
    draw();
  }

  function drawPair(board, { original, copy, transform }) {
    clearInterval(timer);
    const cut = h('input', { type: 'range', min: '0', max: '100', value: '50', class: 'cut', 'aria-label': 'How much of the original is shown' });
    const pair = h('div', { class: `pair ${way}`, vars: { '--ratio': ratio(original), '--cut': '50%' } },
      layer(original, 'Original', ''), layer(copy, 'Copy', transform),
      way === 'slider' && [h('span', { class: 'divider', 'aria-hidden': 'true' }), cut]);
    cut.addEventListener('input', () => pair.style.setProperty('--cut', `${cut.value}%`));
    replace(board, pair, way === 'blink' && blinker(pair));
  }

  // Who asked for less motion switches by hand.
  function blinker(pair) {
    const flip = () => pair.classList.toggle('other');
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return button('Switch', { class: 'ghost', onclick: flip }, 'compare');
    timer = setInterval(flip, blinkEvery);
    return h('p', { class: 'help' }, 'It switches by itself; the space bar switches at once.');
  }

  return { show };
}

function side(label, item, ...more) {
  return h('section', {}, h('h3', {}, label), h('p', { class: 'tile-name' }, format.title(item)), h('p', { class: 'muted' }, describe(item)),
    item.picture && format.moment(item.picture.taken) && h('p', { class: 'muted' }, `Taken ${format.moment(item.picture.taken)}`),
    item.source && h('p', { class: 'path' }, item.source), more);
}

function layer(item, label, transform) {
  const { turn, mirror } = undo(transform);
  const img = h('img', { alt: `${label}: ${format.title(item)}`, draggable: 'false',
    class: [turn % 180 !== 0 && 'turned', 'layer-picture'].filter(Boolean).join(' '),
    vars: { '--turn': `${turn}deg`, '--mirror': mirror ? -1 : 1, '--own-ratio': ratio(item) } });
  img.addEventListener('error', () => { if (item.thumbnail_url) api.load(img, item.thumbnail_url); }, { once: true });
  api.load(img, item.original_url || item.thumbnail_url);
  return h('figure', { class: label === 'Copy' ? 'layer copy' : 'layer' }, img, h('figcaption', {}, label));
}

const ratio = (item) => (item.picture?.width > 0 && item.picture?.height > 0 ? item.picture.width / item.picture.height : 1);

// undo reads a transform ("mirrored", "flipped", "rotated 90°", "mirrored and rotated 90°": clockwise, mirrored first)
// and says what takes it back, as the style sheet applies it: mirrored first, then turned clockwise. A mirrored
// picture is its own inverse whichever way it was turned after; upside down is mirrored and turned by 180°.
function undo(transform) {
  const degrees = Number(/(\d+)\s*°/.exec(transform)?.[1] ?? 0);
  if (transform === 'flipped') return { turn: 180, mirror: true };
  const mirror = /mirrored/.test(transform);
  return { turn: mirror ? degrees : (360 - degrees) % 360, mirror };
}
