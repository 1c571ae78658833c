// The public API, as this page uses it. Every failure is an APIError with the server's own message.

export class APIError extends Error {
  constructor(status, detail) {
    super(detail.message);
    this.status = status;
    this.code = detail.code;
    this.item = detail.item;
    this.retryAfter = detail.retryAfter;
  }
}

// address resolves a path of the server against the page, which a proxy may have put below a prefix.
export const address = (path) => new URL(path.replace(/^\//, ''), document.baseURI).href;

const keyName = 'clipd-api-key'; // in sessionStorage: it is gone with the tab

export const useKey = (key) => sessionStorage.setItem(keyName, key);

// authorization is what a server with API keys wants to see.
function authorization() {
  const key = sessionStorage.getItem(keyName);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

const collection = (name, rest) => `v1/collections/${encodeURIComponent(name)}${rest}`;

async function call(path, { method = 'GET', body, signal } = {}) {
  const init = { method, signal, headers: { Accept: 'application/json', ...authorization() } };
  if (body instanceof FormData) init.body = body;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers['Content-Type'] = 'application/json';
  }
  let response;
  try {
    response = await fetch(address(path), init);
  } catch (err) {
    if (err.name === 'AbortError') throw err;
    throw unreachable();
  }
  return answer(response.status, await response.text(), response.headers.get('Retry-After'));
}

const unreachable = () => new APIError(0, { code: 'unreachable', message: 'The server does not answer.' });

function answer(status, text, retryAfter) {
  let body = null;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch {
    // not JSON: something between the page and clipd answered; the status says what is known
  }
  if (status >= 200 && status < 300 && (body !== null || text === '')) return body;
  const detail = body?.error ?? { code: 'internal', message: `The server answered with HTTP status ${status} and no explanation.` };
  throw new APIError(status, { ...detail, retryAfter: Number(retryAfter) || undefined });
}

// picture fetches the bytes of a thumbnail or an original.
export async function picture(path, signal) {
  let response;
  try {
    response = await fetch(address(path), { signal, headers: authorization() });
  } catch (err) {
    if (err.name === 'AbortError') throw err;
    throw unreachable();
  }
  if (!response.ok) throw new APIError(response.status, { code: 'not_found', message: `The picture is not there any more (HTTP status ${response.status}).` });
  return response.blob();
}

// load puts a picture of the server into an img. An img sends no API key: with one, the bytes are fetched.
export async function load(img, path) {
  if (!sessionStorage.getItem(keyName)) {
    img.src = address(path);
    return;
  }
  try {
    const url = URL.createObjectURL(await picture(path));
    img.addEventListener('load', () => URL.revokeObjectURL(url), { once: true });
    img.src = url;
  } catch (err) {
    if (!(err instanceof APIError)) throw err;
    img.dispatchEvent(new Event('error'));
  }
}

export const status = () => call('v1/status');

export const createCollection = (name) => call('v1/collections', { method: 'POST', body: { name } });

export function items(name, { after = '', limit, signal }) {
  const params = new URLSearchParams({ limit });
  if (after !== '') params.set('after', after);
  return call(collection(name, `/items?${params}`), { signal });
}

export const item = (name, id, signal) => call(collection(name, `/items/${encodeURIComponent(id)}`), { signal });

export const deleteItems = (name, ids) => call(collection(name, '/items/delete'), { method: 'POST', body: { ids } });

// search sends the query as JSON, and with an image (File or Blob) as a form with two parts.
export function search(name, query, image, signal) {
  if (!image) return call(collection(name, '/search'), { method: 'POST', body: query, signal });
  const form = new FormData();
  form.append('image', image, image.name || 'image');
  form.append('query', JSON.stringify(query));
  return call(collection(name, '/search'), { method: 'POST', body: form, signal });
}

export const duplicates = (name, limits, signal) => call(collection(name, '/duplicates'), { method: 'POST', body: limits, signal });

export const decide = (name, decision) => call(collection(name, '/duplicates/decisions'), { method: 'POST', body: decision });

export const previewDuplicates = (name, limits) => call(collection(name, '/duplicates/preview'), { method: 'POST', body: limits });

export const map = (name, query, signal) => call(collection(name, '/map'), { method: 'POST', body: query, signal });

export const classify = (input, labels, signal) => call('v1/classify', { method: 'POST', body: { inputs: [input], labels }, signal });

export const addTexts = (name, list) => call(collection(name, '/items'), { method: 'POST', body: { items: list } });

// addFile uploads one file and tells how much of it has been sent, 0 … 1: fetch cannot, XMLHttpRequest can.
export function addFile(name, file, details, onprogress, signal) {
  const form = new FormData();
  form.append('items', JSON.stringify({ items: [details] }));
  form.append('file', file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal?.addEventListener('abort', abort);
    request.open('POST', address(collection(name, '/items')));
    for (const [header, value] of Object.entries(authorization())) request.setRequestHeader(header, value);
    request.upload.onprogress = (event) => event.lengthComputable && onprogress(event.loaded / event.total);
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException('given up', 'AbortError'));
    request.onload = () => {
      try {
        resolve(answer(request.status, request.responseText, request.getResponseHeader('Retry-After')));
      } catch (err) {
        reject(err);
      }
    };
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    request.send(form);
  });
}
