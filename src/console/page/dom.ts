/*
 * The few functions that the page is made with. Text becomes a text node and attributes are set by name, so nothing that
 * comes from outside is ever read as HTML; the page's Trusted Types policy forbids every other way.
 */

/** What an element can hold: nodes, text, numbers; nothing for `undefined`. */
export type Child = Node | string | number | undefined;

/** Attributes by name; `true` for one without a value, left out for `undefined` and `false`. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An HTML element. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  return fill(document.createElement(name), attributes, children);
}

/** An SVG element. */
export function s<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

function fill<T extends Element>(element: T, attributes: Attributes, children: readonly Child[]): T {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value));
  for (const child of children) if (child !== undefined) element.append(child instanceof Node ? child : String(child));
  return element;
}

/** The element of the document with this id, which the page can't be without. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return element;
}

/**
 * Makes an element's children like these, changing only what differs: what has the focus keeps it, what is open stays
 * open. Children with the same `data-key` are the same, wherever they stand; others go by their place and name.
 */
export function morph(parent: Element, wanted: readonly Node[]): void {
  const keyed = new Map<string, Element>();
  for (const child of parent.children) {
    const key = keyOf(child);
    if (key !== undefined) keyed.set(key, child);
  }
  let place = parent.firstChild;
  for (const node of wanted) {
    const key = keyOf(node);
    const same = key === undefined ? place : keyed.get(key);
    if (same && isAlike(same, node)) {
      if (same === place) place = place.nextSibling;
      else parent.insertBefore(same, place);
      update(same, node);
    } else parent.insertBefore(node, place);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function keyOf(node: Node): string | undefined {
  return node instanceof Element ? (node.getAttribute('data-key') ?? undefined) : undefined;
}

function isAlike(a: Node, b: Node): boolean {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
}

function update(current: Node, wanted: Node): void {
  if (current instanceof Element && wanted instanceof Element) {
    for (const { name, value } of wanted.attributes)
      if (current.getAttribute(name) !== value) current.setAttribute(name, value);
    for (const { name } of [...current.attributes])
      if (!wanted.hasAttribute(name) && !(name === 'open' && current instanceof HTMLDetailsElement))
        current.removeAttribute(name);
    morph(current, [...wanted.childNodes]);
  } else if (current.nodeValue !== wanted.nodeValue) current.nodeValue = wanted.nodeValue;
}
