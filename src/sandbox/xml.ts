/** Text that is safe between the tags of an XML document. */
export function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

/** The reverse of {@link escapeXml}, for answers that others have written. */
export function unescapeXml(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&');
}

/** What an element holds: text, elements by name, or a list, each of whose entries becomes a `member`. */
export type XmlContent = string | readonly XmlContent[] | { readonly [name: string]: XmlContent | undefined };

/** The content of an element, as AWS's query protocol writes it. Members that are undefined are left out. */
export function toXml(content: XmlContent): string {
  if (typeof content === 'string') {
    return escapeXml(content);
  }
  const elements: readonly (readonly [string, XmlContent | undefined])[] = isList(content)
    ? content.map((entry) => ['member', entry])
    : Object.entries(content);
  return elements.map(([name, entry]) => (entry === undefined ? '' : `<${name}>${toXml(entry)}</${name}>`)).join('');
}

function isList(content: XmlContent): content is readonly XmlContent[] {
  return Array.isArray(content);
}
