import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from './strict-json.ts';

/** A text of an image's config with its place: `config:env/NAME`, `config:label/NAME`, `config:history/3`, … */
export interface ConfigText {
  readonly place: string;
  readonly kind: 'variable' | 'command' | 'text';
  /** Of a variable or label. */
  readonly name?: string;
  readonly value: string;
}

/** Longest name that a place bears. */
const nameLengthMax = 200;

/**
 * Every text that people put into an image's config: OCI image-spec v1.1 config.md, and Docker's older `container_config`.
 * What has another form than the specification says is read all the same, as what it is.
 */
export function configTexts(document: JsonValue): readonly ConfigText[] {
  if (!isJsonObject(document)) return [];
  const texts: ConfigText[] = [];
  for (const [key, value] of document) {
    if (key === 'config' || key === 'container_config') texts.push(...settingTexts(value));
    else if (key === 'history') texts.push(...historyTexts(value));
    else if (key !== 'rootfs') texts.push(...plainTexts(`config:${short(key)}`, value));
  }
  // Docker says most of `config` again in `container_config`.
  const seen = new Set<string>();
  return texts.filter(({ place, value }) => {
    const key = `${place}\n${value}`;
    return !seen.has(key) && seen.add(key);
  });
}

function settingTexts(settings: JsonValue): ConfigText[] {
  if (!isJsonObject(settings)) return plainTexts('config:config', settings);
  return [...settings].flatMap(([key, value]) => {
    switch (key) {
      case 'Env':
        return isJsonArray(value) ? value.flatMap(variable) : plainTexts('config:env', value);
      case 'Labels':
        return isJsonObject(value) ? labels(value) : plainTexts('config:label', value);
      case 'Entrypoint':
      case 'Cmd':
      case 'Shell':
      case 'OnBuild':
        return command(`config:${key.toLowerCase()}`, value);
      default:
        return plainTexts(`config:${short(key)}`, value);
    }
  });
}

function variable(value: JsonValue): ConfigText[] {
  if (typeof value !== 'string') return plainTexts('config:env', value);
  const equals = value.indexOf('=');
  const name = equals < 0 ? value : value.slice(0, equals);
  const text = equals < 0 ? '' : value.slice(equals + 1);
  return [{ kind: 'variable', place: `config:env/${short(name)}`, name, value: text }];
}

function labels(value: JsonObject): ConfigText[] {
  return [...value].flatMap(([name, text]): ConfigText[] =>
    typeof text === 'string'
      ? [{ kind: 'variable', place: `config:label/${short(name)}`, name, value: text }]
      : plainTexts(`config:label/${short(name)}`, text),
  );
}

/** Words of one command are one text: a rule may need several. */
function command(place: string, value: JsonValue): ConfigText[] {
  const words = stringsIn(value);
  return words.length === 0 ? [] : [{ kind: 'command', place, value: words.join(' ') }];
}

function historyTexts(history: JsonValue): ConfigText[] {
  if (!isJsonArray(history)) return plainTexts('config:history', history);
  return history.flatMap((step, index) =>
    (isJsonObject(step) ? [...step.values()].flatMap(stringsIn) : stringsIn(step)).map(
      (value): ConfigText => ({ kind: 'command', place: `config:history/${index}`, value }),
    ),
  );
}

function plainTexts(place: string, value: JsonValue): ConfigText[] {
  return stringsIn(value).map((text) => ({ kind: 'text', place, value: text }));
}

/** The strings of a value at any depth, keys too: the parser bounds both. */
function stringsIn(value: JsonValue): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (isJsonArray(value)) return value.flatMap(stringsIn);
  if (isJsonObject(value)) return [...value].flatMap(([key, one]) => [key, ...stringsIn(one)]);
  return [];
}

function short(name: string): string {
  return name.slice(0, nameLengthMax);
}
