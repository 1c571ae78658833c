// Decisions about copies: kept by the server for good, shown at once, and undone one by one.

import * as api from './api.js';
import * as format from './format.js';

// createDecisions works on the groups of view: look() gives the answer on show, change(groups) shows others, reload()
// asks the server anew, where only it can say which picture is kept next.
export function createDecisions(app, view) {
  const done = []; // {undo: request, groups: those before, c: the collection}
  let last = Promise.resolve(); // decisions are made one after the other

  const inTurn = (work) => { last = last.then(work); return last; };

  // decide sends a decision and remembers what takes it back.
  const decide = (request, words, change) => inTurn(async () => {
    const { c } = app.route();
    const groups = view.look()?.groups;
    if (!groups) return;
    try {
      const { decisions } = await api.decide(c, request);
      const undo = request.choice === 'undecided' ? { choice: 'keep both', ids: request.ids } : { choice: 'undecided', keys: decisions.map(({ key }) => key) };
      done.push({ undo, groups: change && groups, c });
      app.say(`${words}. Press u to undo.`);
      if (change) view.change(change(view.look().groups));
      else await view.reload();
    } catch (err) {
      app.report(err);
    }
  });

  const undo = () => inTurn(async () => {
    const step = done.at(-1);
    if (!step || step.c !== app.route().c) {
      app.say('There is nothing to undo.');
      return;
    }
    try {
      await api.decide(step.c, step.undo);
      done.pop();
      app.say('Undone');
      if (step.groups) view.change(step.groups);
      else await view.reload();
    } catch (err) {
      app.report(err);
    }
  });

  function keep(group, item) {
    if (group.level === 'similar') return app.say('Similar pictures are kept anyway.');
    const original = group.original.item;
    const name = format.title(item);
    const copy = group.copies.find((member) => member.item.id === item.id);
    if (!copy) {
      const ids = [original, ...group.copies.map((member) => member.item)].map(({ id }) => id);
      return decide({ choice: 'keep both', ids }, `All of “${name}” are kept`, (groups) => replaced(groups, group, (member) => ({ ...member, kept: true, reason: 'you keep both' })));
    }
    if (copy.kept) return app.say(`“${name}” is kept already.`);
    return decide({ choice: 'keep both', ids: [original.id, item.id] }, `“${name}” is kept, too`,
      (groups) => replaced(groups, group, (member) => (member === copy ? { ...member, kept: true, reason: 'you keep both' } : member)));
  }

  function drop(group, item) {
    if (group.level === 'similar') return app.say('Similar pictures are no copies: nothing is done with them.');
    const name = format.title(item);
    const copy = group.copies.find((member) => member.item.id === item.id);
    if (!copy) return decide({ choice: 'drop', ids: [item.id] }, `Another one is kept instead of “${name}”`);
    if (!copy.kept) return app.say(`“${name}” goes already.`);
    return decide({ choice: 'undecided', ids: [group.original.item.id, item.id] }, `“${name}” goes`);
  }

  function notDuplicate(group, item) {
    const copy = group.copies.find((member) => member.item.id === item.id);
    if (!copy) return app.say('Choose the picture that is no copy of this one.');
    return decide({ choice: 'not a duplicate', ids: [group.original.item.id, item.id] }, `“${format.title(item)}” is not a duplicate`,
      (groups) => replaced(groups, group, (member) => (member === copy ? null : member)));
  }

  return { keep, drop, notDuplicate, undo, any: () => done.length > 0 && done.at(-1).c === app.route().c };
}

// replaced are the groups with other copies in one of them; a group without copies is none.
function replaced(groups, group, change) {
  return groups.map((other) => (other === group ? { ...group, copies: group.copies.map(change).filter(Boolean) } : other))
    .filter((other) => other.copies.length > 0);
}
