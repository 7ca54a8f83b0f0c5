import { Composer, Parser } from 'yaml';

/** Lock files go some five levels deep. Each level that is open costs the parser time at every line end. */
const depthMax = 64;
/** Those of the largest repositories have some 3 MiB; the parser needs seconds for each. */
const lengthMax = 8 * 1024 * 1024;

class BoundedParser extends Parser {
  override *next(source: string): ReturnType<Parser['next']> {
    for (const token of super.next(source)) {
      // The parser goes on behind what it cannot read, slower with each.
      if (token.type === 'error') throw new Error('the document is not of its grammar');
      yield token;
    }
    if (this.stack.length > depthMax) throw new Error(`the document is more than ${depthMax} levels deep`);
  }
}

/** The one document of a YAML text, in time linear in its length. Throws for everything else. */
export function parseBoundedYaml(text: string): unknown {
  if (text.length > lengthMax) throw new Error(`the document is longer than ${lengthMax} characters`);
  const composer = new Composer({ prettyErrors: false, uniqueKeys: false, logLevel: 'silent' });
  let value: unknown;
  let count = 0;
  for (const document of composer.compose(new BoundedParser().parse(text), true, text.length)) {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    count += 1;
    if (count > 1) throw new Error('there is more than one document');
    value = document.toJS({ maxAliasCount: 100 });
  }
  return value;
}
