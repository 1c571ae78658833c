// Tiles: items side by side, pictures in their own proportions, rows filled to the edge. The proportion is known
// before the picture is there, so nothing jumps while thumbnails arrive.

import { load } from './api.js';
import { h, icon } from './dom.js';
import * as format from './format.js';

const narrowest = 0.62;
const widest = 2.6;
const textCard = 1.45;

function proportion(item) {
  const { width, height } = item.picture ?? {};
  if (item.kind !== 'image') return textCard;
  return width > 0 && height > 0 ? Math.min(widest, Math.max(narrowest, width / height)) : 1;
}

// grid lays tiles out; entries are {item, hit?}, open(item) is called for a click or Enter.
export function grid(entries, options) {
  const list = h('ul', { class: 'grid', onkeydown: moveFocus });
  extend(list, entries, options);
  return list;
}

// extend adds entries to a grid that is there already.
export function extend(list, entries, options) {
  for (const entry of entries) list.append(tile(entry, options));
}

function tile({ item, hit }, { href, open, explain, best }) {
  const go = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    open(item);
  };
  const name = format.title(item);
  return h('li', { class: `tile ${item.kind}`, vars: { '--ratio': proportion(item) } },
    h('a', { href: href(item), class: 'tile-link', onclick: go, draggable: 'false', 'data-id': item.id },
      h('span', { class: 'frame' }, item.kind === 'image' ? thumbnail(item, '') : textFace(item)),
      h('span', { class: 'tile-name', title: name }, item.kind === 'image' ? name : textName(item)),
      hit && scoreLine(hit, best),
      hit && explain && hit.explanation && h('span', { class: 'ranks' }, ranks(hit.explanation))));
}

// thumbnail is an item's small picture; where it cannot be shown, a sign of a picture stands in its place.
export function thumbnail(item, alt, lazy = true) {
  const { width, height } = item.picture ?? {};
  if (!item.thumbnail_url) return missing(alt);
  const img = h('img', { alt, width: width || null, height: height || null, decoding: 'async', draggable: 'false', loading: lazy && 'lazy' });
  img.addEventListener('error', () => img.replaceWith(missing(alt)), { once: true });
  load(img, item.thumbnail_url);
  return img;
}

function missing(alt) {
  return h('span', { class: 'no-picture', role: alt ? 'img' : null, 'aria-label': alt || null }, icon('image'));
}

const textFace = (item) => h('span', { class: 'text-face' }, format.shorten(item.text ?? '', 400));
const textName = (item) => [icon('text'), item.source ? format.fileName(item.source) : 'text'];

// scoreLine shows the relevance as a percentage, a word and a bar. Where there is none, it shows the cosine as a number
// and as a bar of 0 … 1; a hit that words alone found has no cosine: its bar is its share of the best score.
export function scoreLine(hit, best) {
  if (typeof hit.relevance === 'number') return relevanceLine(hit);
  const cosine = typeof hit.cosine === 'number';
  const value = cosine ? hit.cosine : hit.score;
  const share = Math.max(0, Math.min(1, cosine ? value : value / (best || value || 1)));
  const what = cosine ? 'Cosine' : 'Keyword score';
  return h('span', { class: hit.match ? 'score match' : 'score' },
    h('span', { class: 'score-number', title: `${what} ${value.toFixed(4)}` },
      h('span', { class: 'visually-hidden' }, `${what} `), format.score(value)),
    h('span', { class: 'bar', vars: { '--share': share } }),
    hit.match && h('span', { class: 'mark', title: 'Reaches the threshold of the model, or holds the words' }, icon('check'),
      h('span', { class: 'visually-hidden' }, 'match')));
}

function relevanceLine({ relevance, grade, cosine, match }) {
  const title = `Relevance ${format.percent(relevance)}: ${format.grades[grade]}${typeof cosine === 'number' ? ` (cosine ${cosine.toFixed(4)})` : ''}`;
  return h('span', { class: match ? 'score match' : 'score', title },
    h('span', { class: 'score-number' }, h('span', { class: 'visually-hidden' }, 'Relevance '), format.percent(relevance)),
    h('span', { class: 'grade' }, grade === 'none' ? 'no match' : grade),
    h('span', { class: 'bar', vars: { '--share': relevance } }),
    match && h('span', { class: 'mark' }, icon('check')));
}

// ranks says at which place each index had the hit.
export function ranks({ vector_rank: vector, keyword_rank: keyword }) {
  return [
    h('span', { class: vector ? 'rank' : 'rank none' }, 'meaning ', vector ? `#${vector}` : '–'),
    h('span', { class: keyword ? 'rank' : 'rank none' }, 'words ', keyword ? `#${keyword}` : '–'),
  ];
}

// Arrow keys go from tile to tile as the eye does: along the row, or to the nearest tile of the next row.
function moveFocus(event) {
  const from = event.target.closest('.tile-link');
  const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!from || !direction || event.altKey || event.ctrlKey || event.metaKey) return;
  const links = [...document.querySelectorAll('.grid .tile-link')];
  const [dx, dy] = direction;
  const next = dx !== 0 ? links[links.indexOf(from) + dx] : nearest(links, from.getBoundingClientRect(), dy);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function nearest(links, box, dy) {
  const beyond = links.map((link) => ({ link, at: link.getBoundingClientRect() }))
    .filter(({ at }) => (dy > 0 ? at.top >= box.bottom : at.bottom <= box.top));
  const middle = box.left + box.width / 2;
  const cost = ({ at }) => Math.abs(at.top - box.top) * 4 + Math.abs(at.left + at.width / 2 - middle);
  return beyond.sort((a, b) => cost(a) - cost(b))[0]?.link;
}
