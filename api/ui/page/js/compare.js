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

  function render({ original, copy, proof, level }) {
    const turned = proof.path.join(', then ');
    const board = h('div', { class: 'pair-board' });
    const aligned = h('input', { type: 'checkbox', id: 'aligned', checked: true, role: 'switch' });
    const draw = () => drawPair(board, { original, copy, path: aligned.checked ? proof.path : [] });
    aligned.addEventListener('change', draw);
    replace(dialog,
      h('header', {}, h('h2', { id: 'compare-title' }, level === 'similar' ? 'Two similar pictures' : 'Kept and copy'),
        h('button', { type: 'button', class: 'round close', onclick: close, 'aria-label': 'Close', title: 'Close (Esc)' }, icon('close'))),
      h('div', { class: 'compare-tools' },
        h('fieldset', { class: 'segments' }, h('legend', { class: 'visually-hidden' }, 'Way to compare'), h('div', {}, ways.map(([value, label]) => [
          h('input', { type: 'radio', name: 'way', id: `way-${value}`, value, checked: value === way, onchange: () => { way = value; draw(); } }),
          h('label', { for: `way-${value}` }, label)]))),
        turned !== '' && h('label', { class: 'switch' }, aligned, h('span', {}, `Undo “${turned}”`)),
        h('span', { class: 'badges' }, badges(proof))),
      board,
      h('div', { class: 'sides' }, side(level === 'similar' ? 'One' : 'Kept', original), side(level === 'similar' ? 'The other' : 'Copy', copy, level !== 'similar' && removal(app, copy, 'Remove the copy'))));
    draw();
  }

  function drawPair(board, { original, copy, path }) {
    clearInterval(timer);
    const cut = h('input', { type: 'range', min: '0', max: '100', value: '50', class: 'cut', 'aria-label': 'How much of the original is shown' });
    const pair = h('div', { class: `pair ${way}`, vars: { '--ratio': ratio(original), '--cut': '50%' } },
      layer(original, 'Kept', []), layer(copy, 'Copy', path),
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

function layer(item, label, path) {
  const { turn, mirror } = undo(path);
  const img = h('img', { alt: `${label}: ${format.title(item)}`, draggable: 'false',
    class: [turn % 180 !== 0 && 'turned', 'layer-picture'].filter(Boolean).join(' '),
    vars: { '--turn': `${turn}deg`, '--mirror': mirror ? -1 : 1, '--own-ratio': ratio(item) } });
  img.addEventListener('error', () => { if (item.thumbnail_url) api.load(img, item.thumbnail_url); }, { once: true });
  api.load(img, item.original_url || item.thumbnail_url);
  return h('figure', { class: label === 'Copy' ? 'layer copy' : 'layer' }, img, h('figcaption', {}, label));
}

const ratio = (item) => (item.picture?.width > 0 && item.picture?.height > 0 ? item.picture.width / item.picture.height : 1);

// undo says what takes transforms back, one done after the other, as the style sheet applies it: mirrored first, then
// turned clockwise.
export function undo(path) {
  const { mirror, turn } = path.map(read).reduce(after, { mirror: false, turn: 0 });
  return { mirror, turn: mirror ? turn : (360 - turn) % 360 }; // what is mirrored is its own inverse, however it is turned
}

// read reads a transform: "mirrored", "flipped", "rotated 90°", "mirrored and rotated 90°" (clockwise, mirrored first).
// Upside down is mirrored and turned by 180°.
function read(transform) {
  if (transform === 'flipped') return { mirror: true, turn: 180 };
  return { mirror: /mirrored/.test(transform), turn: Number(/(\d+)\s*°/.exec(transform)?.[1] ?? 0) };
}

// after joins two transforms: a mirror turns an earlier rotation round.
const after = (first, second) => ({ mirror: first.mirror !== second.mirror, turn: (second.turn + (second.mirror ? 360 - first.turn : first.turn)) % 360 });
