import { useEffect, useRef } from 'react';
import { useNavigate } from 'react-router';
import { isTyping } from '../parts/is-typing.ts';
import { places } from './places.ts';

/** How long after `g` a letter leads somewhere. */
const prefixMs = 1_500;

/** Moves the focus to the link or button of the next row (1) or the one before (-1), over all tables of the page. */
function moveRow(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('.pq-table tbody tr')].filter(
    (row) => row.querySelector('a, button') !== null,
  );
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = at < 0 ? (by === 1 ? 0 : rows.length - 1) : at + by;
  rows[next]?.querySelector<HTMLElement>('a, button')?.focus();
}

/** `j` and `k` go through the rows, `g` and a letter to a place, `?` to the list of keys. */
export function useKeys(onHelp: () => void): void {
  const navigate = useNavigate();
  const prefixedAtMs = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      // A dialog or drawer has the keys to itself.
      if (document.querySelector('[role="dialog"]') !== null) return;
      const isPrefixed = event.timeStamp - prefixedAtMs.current < prefixMs;
      prefixedAtMs.current = Number.NEGATIVE_INFINITY;
      const place = isPrefixed ? places.find(({ letter }) => letter === event.key) : undefined;
      if (place !== undefined) void navigate(place.to);
      else if (event.key === 'g') prefixedAtMs.current = event.timeStamp;
      else if (event.key === 'j') moveRow(1);
      else if (event.key === 'k') moveRow(-1);
      else if (event.key === '?') onHelp();
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [navigate, onHelp]);
}
