// Elements from data. Text becomes text nodes only, never markup, so nothing that a collection holds can run.

const svg = 'http://www.w3.org/2000/svg';

// h makes an element: h('button', {class: 'solid', onclick: go}, 'Go'). Properties that begin with "on" are
// listeners, functions of the element's own class are set as properties (value, checked, hidden …), the rest are
// attributes; null, undefined and false leave an attribute or a child out.
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) set(element, key, value);
  append(element, children);
  return element;
}

function set(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
  else if (key === 'vars') for (const [name, v] of Object.entries(value)) element.style.setProperty(name, v);
  else if (key === 'value' || key === 'checked' || key === 'hidden' || key === 'disabled') element[key] = value;
  else element.setAttribute(key, value === true ? '' : String(value));
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

// replace puts children in the place of all that an element holds.
export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

// icon draws a symbol of index.html's sprite; it says nothing to a screen reader.
export function icon(name) {
  const element = document.createElementNS(svg, 'svg');
  element.setAttribute('class', 'icon');
  element.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(svg, 'use');
  use.setAttribute('href', `#i-${name}`);
  element.append(use);
  return element;
}

// button makes a button that is no submit button, with an icon before its words.
export function button(words, props, symbol) {
  return h('button', { type: 'button', ...props }, symbol && icon(symbol), h('span', {}, words));
}

export const byID = (id) => document.getElementById(id);

// typing says whether a key press belongs to a field rather than to the page.
export function typing(event) {
  return event.target.closest?.('input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select') !== null;
}
