// The footer: which server, which model, and what a user should know of it.

import { byID, h, replace } from './dom.js';
import * as format from './format.js';

export function showStatus(status) {
  const { model } = status;
  const others = (status.collections ?? []).filter((c) => c.fingerprint && c.fingerprint.digest !== model.fingerprint?.digest);
  const digest = model.fingerprint?.digest ?? '';
  replace(byID('status'),
    model.note && h('p', { class: 'note' }, withCode(model.note)),
    h('dl', {},
      fact('clipd', status.version),
      fact('Model', model.id),
      fact('Fingerprint', h('code', { title: digest }, digest.slice(0, 12))),
      fact('Dimensions', String(model.fingerprint?.dim ?? '')),
      fact('ONNX Runtime', status.onnxruntime),
      fact('SIMD', format.kernels(status.simd)),
      fact('Threads', String(status.threads)),
      others.map((c) => fact(`Model of “${c.name}”`, c.fingerprint.model))));
}

const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));

// withCode sets what stands between backticks as code.
const withCode = (text) => text.split('`').map((part, i) => (i % 2 === 1 ? h('code', {}, part) : part));
