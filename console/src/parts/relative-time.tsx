import { useEffect, useState } from 'react';
import { Dash } from './dash.tsx';

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

const formatter = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'short' });

/** `3 days ago`, `in 2 hr.`; below ten seconds `now`. */
export function relativeTo(now: Date, instant: Date): string {
  const seconds = (instant.getTime() - now.getTime()) / 1000;
  if (Math.abs(seconds) < 10) return 'now';
  const unit = units.find(([, size]) => Math.abs(seconds) >= size) ?? units[units.length - 1];
  return unit === undefined ? 'now' : formatter.format(Math.trunc(seconds / unit[1]), unit[0]);
}

function exact(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** An instant as people count it, with the exact one on hover; a dash when there is none. */
export function RelativeTime({ at }: { at: string | null | undefined }) {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 10_000);
    return () => clearInterval(timer);
  }, []);
  if (at === null || at === undefined) return <Dash />;
  const instant = new Date(at);
  if (Number.isNaN(instant.getTime())) return <span>{at}</span>;
  return (
    <time dateTime={instant.toISOString()} title={exact(instant)} className="pq-nowrap">
      {relativeTo(now, instant)}
    </time>
  );
}
