// What stands where results would: errors, an empty collection, nothing found. Each says what to do next.

import { button, h, icon } from './dom.js';

export function notice(symbol, heading, ...rest) {
  return h('section', { class: 'notice' }, icon(symbol), h('h2', {}, heading), ...rest);
}

const headings = {
  unreachable: 'clipd does not answer',
  invalid_request: 'The server did not understand this search',
  invalid_image: 'This picture cannot be read',
  too_large: 'This is too large',
  unauthorized: 'This server wants a key',
  forbidden: 'This server refuses the page',
  not_found: 'Not found',
  conflict: 'This exists already',
  fingerprint: 'This collection belongs to another model',
  busy: 'The server is busy',
  unavailable: 'The server is starting or stopping',
};

const advice = {
  unreachable: () => h('p', {}, 'Is it running? Start it with ', h('code', {}, 'clipd serve'), ' (or ', h('code', {}, 'clipd demo'), '). The page tries again by itself.'),
  invalid_image: () => h('p', {}, 'Give a JPEG, PNG, GIF, WebP, HEIC, AVIF, BMP or TIFF file that opens in other programs.'),
  busy: () => h('p', {}, 'Its queue is full for the moment. Try again shortly.'),
  internal: () => h('p', {}, 'The cause is in the server’s log.'),
};

// failure shows an error of the API; retry, where given, is offered as a button.
export function failure(error, retry, ...more) {
  const element = notice('warn', headings[error.code] ?? 'Something went wrong',
    h('p', { class: 'reason' }, error.item ? `${error.item}: ${error.message}` : error.message),
    advice[error.code]?.(), more, retry && button('Try again', { class: 'solid', onclick: retry }));
  element.setAttribute('role', 'alert');
  return element;
}

// keyForm asks for the server's API key; use(key) takes it.
export function keyForm(use) {
  const field = h('input', { id: 'api-key', type: 'password', autocomplete: 'current-password', required: true });
  const submit = (event) => { event.preventDefault(); use(field.value.trim()); };
  return h('form', { class: 'key-form', onsubmit: submit }, h('label', { for: 'api-key' }, 'API key'), field, h('button', { type: 'submit', class: 'solid' }, 'Use it'));
}

// retries says whether trying again without a change may help.
export const retries = (error) => ['unreachable', 'unavailable', 'busy'].includes(error.code);
