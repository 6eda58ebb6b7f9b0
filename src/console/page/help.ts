import { h, morph } from './dom.ts';

const keys = [
  ['/', 'search'],
  ['↑ ↓', 'go through the functions'],
  ['Page Up, Page Down, Home, End', 'go further'],
  ['Enter', 'open the function'],
  ['Escape', 'back; in the search field, take the words away'],
  ['?', 'this'],
] as const;

const shortcutsKey = 'layerward-shortcuts';

/** Whether single keys do something: whoever speaks to their computer may want them not to. */
export function hasShortcuts(): boolean {
  return readSetting(shortcutsKey) !== 'off';
}

/** Fills and opens the help. */
export function openHelp(dialog: HTMLElement): void {
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  const toggle = h('input', { type: 'checkbox', id: 'shortcuts' });
  toggle.checked = hasShortcuts();
  toggle.addEventListener('change', () => writeSetting(shortcutsKey, toggle.checked ? 'on' : 'off'));
  const close = h('button', { type: 'button', class: 'wide' }, 'Close');
  close.addEventListener('click', () => dialog.close());
  morph(dialog, []);
  dialog.append(
    h('h2', { id: 'help-title' }, 'Keyboard'),
    h('dl', { class: 'keys' }, ...keys.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)])),
    h('p', {}, h('label', { for: 'shortcuts' }, toggle, ' Single keys / and ? do this')),
    close,
  );
  dialog.showModal();
}

/** Reads what was chosen before; nothing where the browser keeps nothing. */
export function readSetting(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps what was chosen, where the browser does. */
export function writeSetting(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A page from a file, or a browser that keeps nothing: it is as chosen until the page is closed.
  }
}
