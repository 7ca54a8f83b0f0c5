import { BlockList, isIP } from 'node:net';

/** Where outbound requests may not go unless an admin allows it; each range with its name for messages. */
const deniedRanges = [
  ['0.0.0.0/8', 'this machine'],
  ['10.0.0.0/8', 'a private network'],
  ['100.64.0.0/10', "a carrier's own network"],
  ['127.0.0.0/8', 'this machine'],
  ['169.254.0.0/16', 'a link-local network'],
  ['172.16.0.0/12', 'a private network'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'reserved'],
  ['192.88.99.0/24', 'reserved'],
  ['192.168.0.0/16', 'a private network'],
  ['198.18.0.0/15', 'a private network'],
  ['198.51.100.0/24', 'reserved'],
  ['203.0.113.0/24', 'reserved'],
  ['224.0.0.0/4', 'a multicast group'],
  ['240.0.0.0/4', 'reserved'],
  // A metadata service on a public address (Azure's wire server).
  ['168.63.129.16/32', 'a metadata service'],
  ['::/128', 'this machine'],
  ['::1/128', 'this machine'],
  ['64:ff9b:1::/48', 'a translation to a private network'],
  ['100::/64', 'reserved'],
  ['2001::/23', 'reserved or a tunnel'],
  ['2001:db8::/32', 'reserved'],
  ['3fff::/20', 'reserved'],
  ['5f00::/16', 'reserved'],
  ['fc00::/7', 'a private network'],
  ['fe80::/10', 'a link-local network'],
  ['fec0::/10', 'a private network'],
  ['ff00::/8', 'a multicast group'],
] as const;

const denied = deniedRanges.map(([range, name]) => ({ list: blockListOf([range]), name }));

/** A block of addresses such as `10.0.0.0/8` or one address; false for any other text. */
export function isAddressBlock(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32);
}

/** Addresses that lie in any of the blocks, each as `isAddressBlock()` has it. */
export function blockListOf(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', bits] = block.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return list;
}

/**
 * Why no request may go to this address, in words; undefined when one may. An IPv6 address that stands for an IPv4 one
 * is judged as both (threats.md B1). `allowed` are the blocks that the admin opened.
 */
export function refusalOf(address: string, allowed: BlockList): string | undefined {
  const plain = address.replace(/%.*$/, '');
  const version = isIP(plain);
  if (version === 0) return 'no address';
  const forms = version === 4 ? [plain] : [plain, ...embeddedIpv4(plain)];
  if (forms.some((form) => isIn(allowed, form))) return undefined;
  for (const form of forms) {
    const found = denied.find(({ list }) => isIn(list, form));
    if (found !== undefined) return found.name;
  }
  return undefined;
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** The IPv4 addresses that an IPv6 address leads to: mapped, compatible, translated (RFC 6052), 6to4 (RFC 3056). */
function embeddedIpv4(address: string): readonly string[] {
  const groups = groupsOf(address);
  const [g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0] = groups;
  const isZeroTo4 = g0 === 0 && g1 === 0 && g2 === 0 && g3 === 0;
  const last = dotted(g6, g7);
  // ::a.b.c.d, ::ffff:a.b.c.d and ::ffff:0:a.b.c.d
  if (isZeroTo4 && ((g4 === 0 && (g5 === 0 || g5 === 0xffff)) || (g4 === 0xffff && g5 === 0))) return [last];
  if (g0 === 0x64 && g1 === 0xff9b) return [last];
  if (g0 === 0x2002) return [dotted(g1, g2)];
  return [];
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): readonly number[] {
  // The URL parser writes each in one way, without a dotted part.
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const read = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const front = read(head);
  if (tail === undefined) return front;
  const back = read(tail);
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}
