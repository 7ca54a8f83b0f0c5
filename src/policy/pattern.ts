/** Longest pattern that is accepted (semantics.md §4). */
export const patternLengthMax = 256;

/** A compiled name pattern: matching takes time linear in the name, whatever the pattern (threats.md E7). */
export interface Pattern {
  readonly text: string;
  matches(name: string): boolean;
}

export type ParsedPattern =
  | { readonly kind: 'ok'; readonly pattern: Pattern }
  | { readonly kind: 'invalid'; readonly message: string };

/** A stored pattern that cannot be read: whoever guards by it must fail, not pass. */
export class PatternUnreadableError extends Error {
  readonly code = 'pattern_unreadable';
  constructor(text: string, problem: string) {
    super(`Cannot read pattern "${text}": ${problem}`);
    this.name = 'PatternUnreadableError';
  }
}

/**
 * A step of the automaton. `char` and `any` consume one character and go on to the next position; `jump` and `fork`
 * consume nothing. Positions are indices into the program; the last one accepts.
 */
type Step =
  | { readonly kind: 'char'; readonly char: string }
  /** Any character; `crossing` also a slash. */
  | { readonly kind: 'any'; readonly crossing: boolean }
  | { kind: 'fork'; readonly targets: number[] };

/**
 * Compiles a doublestar glob: `?` one character and `*` any run of them, neither crossing a slash; `**` as a whole
 * component any number of components, also none; `{a,b}` alternatives, which nest; commas outside braces separate whole
 * patterns. Everything else stands for itself; `[`, `]` and `\` are refused because people expect more of them.
 */
export function parsePattern(text: string): ParsedPattern {
  if (text.length > patternLengthMax) {
    return invalid(`it must have at most ${patternLengthMax} characters, got ${text.length}`);
  }
  if (text.trim() === '') return invalid('it must not be empty');
  const refused = /[[\]\\\s]/.exec(text.replaceAll(/\s*,\s*/g, ',').trim());
  if (refused !== null) return invalid(`it must not contain "${refused[0]}"`);
  const compiler = new Compiler(text.replaceAll(/\s*,\s*/g, ',').trim());
  const problem = compiler.compile();
  if (problem !== undefined) return invalid(problem);
  const { steps } = compiler;
  return { kind: 'ok', pattern: { text, matches: (name) => run(steps, name) } };
}

/** For stored patterns, which were accepted once. Throws `PatternUnreadableError`. */
export function compilePattern(text: string): Pattern {
  const parsed = parsePattern(text);
  if (parsed.kind === 'invalid') throw new PatternUnreadableError(text, parsed.message);
  return parsed.pattern;
}

function invalid(message: string): ParsedPattern {
  return { kind: 'invalid', message };
}

/** Recursive descent over `alternatives = sequence { "," sequence }`; depth is bounded by the length of the pattern. */
class Compiler {
  readonly steps: Step[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Fills `steps`; returns what is wrong with the pattern, if anything. */
  compile(): string | undefined {
    const problem = this.#alternatives(false);
    if (problem !== undefined) return problem;
    return this.#at < this.#text.length ? 'it has a "}" without "{"' : undefined;
  }

  #alternatives(inBraces: boolean): string | undefined {
    const entry = this.#fork();
    const exits: number[][] = [];
    for (;;) {
      entry.push(this.steps.length);
      const start = this.#at;
      const problem = this.#sequence();
      if (problem !== undefined) return problem;
      if (!inBraces && this.#at === start) return 'it has an empty alternative';
      exits.push(this.#fork());
      if (this.#text[this.#at] !== ',') break;
      this.#at += 1;
    }
    for (const exit of exits) exit.push(this.steps.length);
    return undefined;
  }

  #sequence(): string | undefined {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || char === ',' || char === '}') return undefined;
      if (char === '{') {
        this.#at += 1;
        const problem = this.#alternatives(true);
        if (problem !== undefined) return problem;
        if (this.#text[this.#at] !== '}') return 'it has a "{" without "}"';
        this.#at += 1;
      } else if (char === '*') {
        this.#stars();
      } else if (char === '/' && this.#isComponentStars(this.#at + 1) && this.#endsAt(this.#at + 3)) {
        this.#at += 3;
        this.#optional(() => this.steps.push({ kind: 'char', char: '/' }), true);
      } else {
        this.#at += 1;
        this.steps.push(char === '?' ? { kind: 'any', crossing: false } : { kind: 'char', char });
      }
    }
  }

  #stars(): void {
    const start = this.#at;
    const opens = start === 0 || '/{,'.includes(this.#text[start - 1] ?? '/');
    while (this.#text[this.#at] === '*') this.#at += 1;
    const isDouble = opens && this.#at - start === 2;
    if (isDouble && this.#text[this.#at] === '/') {
      this.#at += 1;
      this.#optional(() => this.steps.push({ kind: 'char', char: '/' }), false);
    } else {
      this.#loop(isDouble && this.#endsAt(this.#at));
    }
  }

  /** `**` beside a slash: nothing at all, or any run of characters with the slash after it (`slashFirst`: before it). */
  #optional(slash: () => void, slashFirst: boolean): void {
    const entry = this.#fork();
    entry.push(this.steps.length);
    if (slashFirst) slash();
    this.#loop(true);
    if (!slashFirst) slash();
    entry.push(this.steps.length);
  }

  #loop(crossing: boolean): void {
    const position = this.steps.length;
    const targets = this.#fork();
    targets.push(this.steps.length);
    this.steps.push({ kind: 'any', crossing });
    this.#fork().push(position);
    targets.push(this.steps.length);
  }

  #fork(): number[] {
    const targets: number[] = [];
    this.steps.push({ kind: 'fork', targets });
    return targets;
  }

  #isComponentStars(at: number): boolean {
    return this.#text.startsWith('**', at) && this.#text[at + 2] !== '*';
  }

  #endsAt(at: number): boolean {
    const next = this.#text[at];
    return next === undefined || next === ',' || next === '}';
  }
}

/** Follows all positions at once, so each character costs at most one look at every step. */
function run(steps: readonly Step[], name: string): boolean {
  const reached = new Reached(steps);
  reached.add(0);
  for (const char of name) {
    const positions = reached.next();
    for (const position of positions) {
      const step = steps[position];
      if (step === undefined || step.kind === 'fork') continue;
      const fits = step.kind === 'char' ? step.char === char : step.crossing || char !== '/';
      if (fits) reached.add(position + 1);
    }
    if (reached.isEmpty()) return false;
  }
  return reached.has(steps.length);
}

/** The positions after a character, each once; `next()` hands them out and begins anew. */
class Reached {
  readonly #steps: readonly Step[];
  /** Round in which a position was last reached. */
  readonly #rounds: Uint32Array;
  #round = 1;
  #positions: number[] = [];

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#rounds = new Uint32Array(steps.length + 1);
  }

  /** Adds a position and all that follow it without a character. */
  add(from: number): void {
    if (this.has(from)) return;
    this.#rounds[from] = this.#round;
    let open = this.#positions.push(from) - 1;
    for (; open < this.#positions.length; open += 1) {
      const step = this.#steps[this.#positions[open] ?? 0];
      if (step?.kind !== 'fork') continue;
      for (const target of step.targets) {
        if (this.has(target)) continue;
        this.#rounds[target] = this.#round;
        this.#positions.push(target);
      }
    }
  }

  next(): readonly number[] {
    const positions = this.#positions;
    this.#positions = [];
    this.#round += 1;
    return positions;
  }

  has(position: number): boolean {
    return this.#rounds[position] === this.#round;
  }

  isEmpty(): boolean {
    return this.#positions.length === 0;
  }
}
