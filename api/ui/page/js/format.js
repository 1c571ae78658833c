// Values as people read them.

const numbers = new Intl.NumberFormat('en');
const days = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });
const moments = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

export const count = (n, one, many = `${one}s`) => `${numbers.format(n)} ${n === 1 ? one : many}`;
export const number = (n) => numbers.format(n);

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let unit = -1;
  do {
    n /= 1000;
    unit++;
  } while (n >= 999.5 && unit < units.length - 1);
  return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

// ms writes milliseconds without their unit: tenths below 1, whole numbers above.
export function ms(value) {
  if (value >= 1) return numbers.format(Math.round(value));
  return value >= 0.1 ? value.toFixed(1) : '<0.1';
}

// percent writes a share of 0 … 1.
export const percent = (share) => `${Math.round(100 * share)} %`;

// grades say what a relevance means.
export const grades = {
  strong: 'hardly by chance',
  good: 'one in twenty questions with nothing to find has such a hit',
  weak: 'one in six questions with nothing to find has such a hit',
  none: 'such a hit any question has',
};

// score writes a cosine, or a score of another scale, with two digits that matter.
export function score(value) {
  if (value !== 0 && Math.abs(value) < 0.1) return value.toFixed(3);
  return value.toFixed(2);
}

// Go's zero time means "not known".
const known = (text) => Boolean(text) && !text.startsWith('0001-');

export const day = (text) => (known(text) ? days.format(new Date(text)) : '');
export const moment = (text) => (known(text) ? moments.format(new Date(text)) : '');

const simd = { avx512: 'AVX-512', avx2: 'AVX2', neon: 'NEON', plain: 'plain Go' };
export const kernels = (name) => simd[name] ?? name;

// fileName is the last part of a path or URL.
export function fileName(source) {
  const parts = source.replace(/[/\\]+$/, '').split(/[/\\]/);
  return parts[parts.length - 1] || source;
}

// title names an item: its own title, its file, the beginning of its text, else its id.
export function title(item) {
  if (typeof item.metadata?.title === 'string' && item.metadata.title) return item.metadata.title;
  if (item.kind === 'text' && item.text) return shorten(item.text, 80);
  const file = item.source || item.metadata?.filename;
  if (typeof file === 'string' && file) return fileName(file);
  return item.text ? shorten(item.text, 80) : item.id;
}

export function shorten(text, length) {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
}

export function metadataValue(value) {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value); // numbers ungrouped: 2024 may be a year
}
