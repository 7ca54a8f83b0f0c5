import { BlockList, isIP } from 'node:net';

/** The reverse proxies whose word is believed: addresses and CIDR blocks, by the address of the connection alone. */
export class TrustedPeers {
  readonly #blocks = new BlockList();
  readonly isEmpty: boolean;

  /** Each is an address or `address/bits`; settings have been checked by then. Throws for what is neither. */
  constructor(peers: readonly string[]) {
    this.isEmpty = peers.length === 0;
    for (const peer of peers) {
      const [address = '', bits] = peer.split('/', 2);
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#blocks.addAddress(address, family);
      else this.#blocks.addSubnet(address, Number(bits), family);
    }
  }

  /** An IPv4 peer of a socket that listens on `::` has an address such as `::ffff:10.0.0.1`. */
  includes(address: string | undefined): boolean {
    if (address === undefined || this.isEmpty) return false;
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    const family = isIP(plain);
    return family !== 0 && this.#blocks.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  }
}
