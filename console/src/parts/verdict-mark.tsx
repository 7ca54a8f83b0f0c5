import type { Image } from '../api/answers.ts';
import { standingOf } from './standing.ts';
import './marks.css';

type Look = 'refused' | 'warned' | 'held' | 'served' | 'clean' | 'unsure';

const words: Readonly<Record<Look, string>> = {
  refused: 'Refused',
  warned: 'Warned',
  held: 'Held',
  served: 'Served',
  clean: 'Served, clean',
  unsure: 'Could not tell',
};

function lookOf(image: Image): Look {
  if (image.verdict.kind === 'block') return 'refused';
  if (image.verdict.kind === 'hold') return 'held';
  const standing = standingOf(image);
  if (standing === 'could-not-tell') return 'unsure';
  if (image.verdict.kind === 'warn') return 'warned';
  return standing === 'clean' ? 'clean' : 'served';
}

function Glyph({ look }: { look: Look }) {
  if (look === 'unsure') return <span className="pq-mark-box pq-hatched" aria-hidden="true" />;
  return (
    <svg className="pq-mark-glyph" viewBox="0 0 14 14" aria-hidden="true">
      {look === 'refused' && (
        <>
          <path d="M4.2.7h5.6l3.5 3.5v5.6l-3.5 3.5H4.2L.7 9.8V4.2z" fill="currentColor" />
          <path d="M3.5 7h7" stroke="var(--pq-surface)" strokeWidth="2" />
        </>
      )}
      {look === 'warned' && (
        <>
          <path
            d="M7 1.2 13 12.6H1z"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.4"
            strokeLinejoin="round"
          />
          <path d="M7 5.2v4M7 10.2v1.3" stroke="currentColor" strokeWidth="1.4" />
        </>
      )}
      {look === 'held' && (
        <>
          <circle
            cx="7"
            cy="7"
            r="5.8"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.4"
            strokeDasharray="2.4 1.8"
          />
          <path d="M7 4v3.2l2 1.4" fill="none" stroke="currentColor" strokeWidth="1.3" />
        </>
      )}
      {look === 'served' && (
        <circle cx="7" cy="7" r="5.6" fill="none" stroke="currentColor" strokeWidth="1.4" />
      )}
      {look === 'clean' && (
        <>
          <circle cx="7" cy="7" r="6.3" fill="currentColor" />
          <path d="m4 7.2 2.2 2.2L10.2 5" fill="none" stroke="var(--pq-surface)" strokeWidth="1.5" />
        </>
      )}
    </svg>
  );
}

/** What a pull of the image gets now. Green only for what was wholly looked at and found clean. */
export function VerdictMark({ image }: { image: Image }) {
  const look = lookOf(image);
  return (
    <span className="pq-mark" data-look={look}>
      <Glyph look={look} />
      {words[look]}
    </span>
  );
}
