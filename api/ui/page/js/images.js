// Pictures that the user searches with. They live as long as the page; a number stands for each in history.state.

const kept = new Map();
let last = 0;

export function keep(blob, name = blob.name || 'pasted picture') {
  last++;
  kept.set(last, { blob, name, url: URL.createObjectURL(blob) });
  return last;
}

// recall returns {blob, name, url}, or undefined after a reload.
export const recall = (number) => kept.get(number);
