// What the page shows is in its address: ?c=demo&q=a+cat&item=…, so that Back works and a search can be sent to
// somebody. A picture that the user searches with has no address: it stays in memory, its number in history.state.

const defaults = { c: '', view: 'search', q: '', like: [], unlike: [], kind: '', mode: '', k: 24, min: 0, rel: 0, vary: 0, filter: '', explain: false, item: '', compare: '' };

export function parse(search) {
  const params = new URLSearchParams(search);
  const route = { ...defaults };
  for (const key of ['c', 'q', 'filter', 'item', 'compare']) route[key] = params.get(key) ?? '';
  for (const key of ['like', 'unlike']) route[key] = params.getAll(key).filter((id) => id !== '');
  route.view = oneOf(params.get('view'), ['search', 'duplicates', 'map', 'add']);
  route.kind = oneOf(params.get('kind'), ['', 'image', 'text']);
  route.mode = oneOf(params.get('mode'), ['', 'vector', 'keyword']);
  route.k = between(params.get('k'), 1, 1000, defaults.k);
  for (const key of ['min', 'rel', 'vary']) route[key] = between(params.get(key), 0, 1, defaults[key]);
  route.explain = params.get('explain') === '1';
  return route;
}

function oneOf(value, allowed) {
  return allowed.includes(value) ? value : allowed[0];
}

function between(text, least, most, otherwise) {
  const value = Number(text);
  return text !== null && value >= least && value <= most ? value : otherwise;
}

// format writes what differs from the defaults.
export function format(route) {
  const params = new URLSearchParams();
  for (const [key, fallback] of Object.entries(defaults)) {
    const value = route[key] ?? fallback;
    if (Array.isArray(value)) {
      for (const each of value) params.append(key, each);
    } else if (value !== fallback) params.set(key, value === true ? '1' : String(value));
  }
  const text = params.toString();
  return text === '' ? './' : `?${text}`;
}

// question is the part of a route that decides the hits; two routes with equal questions show the same list.
export function question(route, image) {
  const { view, c, q, like, unlike, kind, mode, k, min, rel, vary, filter, explain } = route;
  return JSON.stringify({ view, c, q, like, unlike, kind, mode, k, min, rel, vary, filter, explain, image: image ?? 0 });
}

// asks says whether a route holds a query, rather than a collection to browse.
export const asks = (route, image) => route.q !== '' || route.like.length > 0 || Boolean(image);
