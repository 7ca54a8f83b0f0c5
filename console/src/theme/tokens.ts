import {
  Button,
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  Switch,
  Tooltip,
} from '@mantine/core';

/** Naval blue: links, focus, the one primary action of a page. */
const signal: MantineColorsTuple = [
  '#eef3fb',
  '#dbe6f6',
  '#b7ccec',
  '#93b5e6',
  '#86b2f0',
  '#5d8fd6',
  '#3a6fb9',
  '#1f5299',
  '#174280',
  '#103266',
];

/** Deep red: what destroys or refuses. */
const danger: MantineColorsTuple = [
  '#fdf0f2',
  '#fadfe4',
  '#f2b6c1',
  '#ee8fa0',
  '#ff7f94',
  '#d3405c',
  '#b92544',
  '#9b1130',
  '#7f0c26',
  '#63081c',
];

const gray: MantineColorsTuple = [
  '#f6f7f7',
  '#eef0f0',
  '#e4e7e8',
  '#d8dcdd',
  '#98a3a7',
  '#9ba4a7',
  '#6c777b',
  '#4b565a',
  '#2d373b',
  '#161d20',
];

const dark: MantineColorsTuple = [
  '#dfe6e9',
  '#b7c2c7',
  '#8b989e',
  '#5f6d73',
  '#4a595f',
  '#212a2f',
  '#171f23',
  '#0e1417',
  '#0a0f12',
  '#06090b',
];

/** The one place where the console's look is decided. */
export const theme = createTheme({
  primaryColor: 'signal',
  primaryShade: { light: 7, dark: 6 },
  colors: { signal, danger, gray, dark },
  white: '#ffffff',
  black: '#161d20',
  defaultRadius: 3,
  fontFamily: '-apple-system, "Segoe UI", "Inter", "Helvetica Neue", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Mono", "Liberation Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  lineHeights: { xs: '1.35', sm: '1.4', md: '1.45', lg: '1.5', xl: '1.35' },
  spacing: { xs: '6px', sm: '10px', md: '16px', lg: '24px', xl: '36px' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '24px', lineHeight: '1.25' },
      h2: { fontSize: '16px', lineHeight: '1.35' },
      h3: { fontSize: '14px', lineHeight: '1.4' },
    },
  },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'xs' } }),
    Switch: Switch.extend({ defaultProps: { withThumbIndicator: false } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 250, withArrow: true } }),
  },
});

const light = {
  '--pq-page': '#f6f7f7',
  '--pq-surface': '#ffffff',
  '--pq-sunken': '#eef0f0',
  '--pq-line': '#d8dcdd',
  '--pq-line-soft': '#e9ecec',
  '--pq-ink': '#161d20',
  '--pq-dim': '#566166',
  '--pq-link': '#1f5299',
  '--pq-hover': '#f1f4f8',
  '--pq-hatch': '#8b969a',
  '--pq-flag': '#f2b705',
  '--pq-critical': '#8f0d2b',
  '--pq-high': '#c2430c',
  '--pq-medium': '#8a6400',
  '--pq-medium-fill': '#f6dfa0',
  '--pq-low': '#2c608a',
  '--pq-low-fill': '#d5e4ef',
  '--pq-negligible': '#5d686c',
  '--pq-unknown': '#4b565a',
  '--pq-on-fill': '#ffffff',
  '--pq-clean': '#17693f',
};

const darkScheme = {
  '--pq-page': '#0b1114',
  '--pq-surface': '#11191d',
  '--pq-sunken': '#1a2328',
  '--pq-line': '#2c373c',
  '--pq-line-soft': '#1f292e',
  '--pq-ink': '#dfe6e9',
  '--pq-dim': '#93a1a7',
  '--pq-link': '#8db7f2',
  '--pq-hover': '#172126',
  '--pq-hatch': '#6f7e85',
  '--pq-flag': '#f2b705',
  '--pq-critical': '#ff6b84',
  '--pq-high': '#ff935a',
  '--pq-medium': '#e5bd4c',
  '--pq-medium-fill': '#43391a',
  '--pq-low': '#86badf',
  '--pq-low-fill': '#1b3344',
  '--pq-negligible': '#93a1a7',
  '--pq-unknown': '#b7c2c7',
  '--pq-on-fill': '#0b1114',
  '--pq-clean': '#5fc48f',
};

/** Gives the style sheets the tokens as `--pq-…`, and Mantine's own surfaces the same values. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...light,
    '--mantine-color-body': light['--pq-surface'],
    '--mantine-color-text': light['--pq-ink'],
    '--mantine-color-dimmed': light['--pq-dim'],
    '--mantine-color-anchor': light['--pq-link'],
    '--mantine-color-default-border': light['--pq-line'],
  },
  dark: {
    ...darkScheme,
    '--mantine-color-body': darkScheme['--pq-surface'],
    '--mantine-color-text': darkScheme['--pq-ink'],
    '--mantine-color-dimmed': darkScheme['--pq-dim'],
    '--mantine-color-anchor': darkScheme['--pq-link'],
    '--mantine-color-default-border': darkScheme['--pq-line'],
  },
});
