/** AWS's rule for keys and values of tags. */
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Scripts whose letters pass for Latin ones. */
const likeLatin = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;

/**
 * Why a tag's key or value, as somebody wrote it down, is most likely not what was meant: a policy that asks for it would
 * protect nothing, and nobody would see why. Tags are compared exactly. `undefined` where it is all right.
 */
export function tagTrouble(text: string): string | undefined {
  if (!allowed.test(text)) return 'AWS takes only letters, digits, spaces and _ . : / = + - @ in tags';
  const plain = text.normalize('NFKC').trim();
  if (plain !== text) return `is not the same as ${JSON.stringify(plain)}, although it looks like it`;
  if (/\p{Script=Latin}/u.test(text) && likeLatin.test(text))
    return 'has letters of another alphabet among Latin ones, although they look alike';
  return undefined;
}
