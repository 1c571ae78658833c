// The filter field's small language, turned into the API's filters:
//   colour=red  price>=10  price<20  name~"red shoe" (words)  sku^=AB- (begins with)  colour!=blue  colour=red|blue
//   camera? (is there)  _taken>=2024-05-01.  Conditions beside each other must all hold. "{" begins the API's own JSON.

const condition = /\s*(?:,\s*)?([^\s=<>!~^?,"|]+)\s*(\?|!=|>=|<=|\^=|=|>|<|~)\s*/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;
const bare = /[^\s,|"]+/y;
const times = new Set(['_taken', '_created', '_updated']);

// FilterError says what is wrong with the text and how to write it.
export class FilterError extends Error {}

// parseFilter returns a filter of the API, or null for an empty text; it throws FilterError.
export function parseFilter(text) {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (trimmed.startsWith('{')) return parseJSON(trimmed);
  const parts = parseConditions(trimmed);
  return parts.length === 1 ? parts[0] : { and: parts };
}

function parseJSON(text) {
  try {
    return JSON.parse(text);
  } catch (err) {
    throw new FilterError(`This is not valid JSON: ${err.message}`);
  }
}

function parseConditions(text) {
  const parts = [];
  let at = 0;
  while (at < text.length) {
    condition.lastIndex = at;
    const found = condition.exec(text);
    if (!found) throw new FilterError(`“${text.slice(at).trim()}” is not understood. Write field=value, for example colour=red`);
    const [, field, operator] = found;
    at = condition.lastIndex;
    if (operator === '?') {
      parts.push({ field, exists: true });
      continue;
    }
    const values = [];
    at = readValues(text, at, field, values);
    parts.push(build(field, operator, values));
  }
  return parts;
}

function readValues(text, at, field, values) {
  for (;;) {
    quoted.lastIndex = bare.lastIndex = at;
    const q = quoted.exec(text);
    const b = q ? null : bare.exec(text);
    if (!q && !b) throw new FilterError(`${field}: a value is missing`);
    values.push(q ? { text: q[1].replace(/\\(.)/g, '$1'), quoted: true } : { text: b[0], quoted: false });
    at = q ? quoted.lastIndex : bare.lastIndex;
    if (text[at] !== '|') return at;
    at++;
  }
}

const bounds = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte' };

function build(field, operator, values) {
  if (operator === '=') return equals(field, values);
  if (operator === '!=') return { not: equals(field, values) };
  if (values.length > 1) throw new FilterError(`${field}: | joins values after = and != only`);
  const [value] = values;
  if (operator === '~') return { field, match: value.text };
  if (operator === '^=') return { field, prefix: value.text };
  return { field, [bounds[operator]]: bound(field, value) };
}

// A bare 2024 or true may have been kept as a text or as itself: both are meant. Quotes say: text.
function equals(field, values) {
  const all = values.flatMap((v) => {
    const typed = v.quoted ? v.text : scalar(v.text);
    return typed === v.text ? [v.text] : [typed, v.text];
  });
  return all.length === 1 ? { field, equals: all[0] } : { field, in: all };
}

function scalar(text) {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}

function bound(field, { text }) {
  const date = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/.exec(text);
  if (date && (text.length > 4 || times.has(field))) return `${date[1]}-${date[2] ?? '01'}-${date[3] ?? '01'}T00:00:00Z`;
  const value = scalar(text);
  if (typeof value === 'number') return value;
  if (!Number.isNaN(Date.parse(text)) && text.includes('T')) return text;
  throw new FilterError(`${field}: “${text}” is no number and no date such as 2024-05-01`);
}
