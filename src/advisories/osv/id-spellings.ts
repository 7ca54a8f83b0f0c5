/** Issuers write their ids in one case each: how those may be written that are one id in any case. */
export function spellingsOf(id: string): readonly string[] {
  const upper = id.toUpperCase();
  const [prefix = ''] = upper.split('-', 1);
  const rest = id.slice(prefix.length);
  const own = {
    GHSA: `GHSA${rest.toLowerCase()}`,
    BIT: `BIT${rest.toLowerCase()}`,
    CGA: `CGA${rest.toLowerCase()}`,
    OPENSUSE: `openSUSE${rest.toUpperCase()}`,
  }[prefix];
  return [...new Set([id, upper, ...(own === undefined ? [] : [own])])];
}
