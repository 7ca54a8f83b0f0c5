import { Kbd, Modal } from '@mantine/core';
import { places } from './places.ts';
import './key-help.css';

const keys = [
  ['/', 'Search in the list'],
  ['Ctrl K', 'Search everything'],
  ['j', 'Next row'],
  ['k', 'Row before'],
  ['Enter', 'Open it'],
  ['Esc', 'Close what is open'],
  ['?', 'These keys'],
] as const;

function Keys({ rows }: { rows: readonly (readonly [string, string])[] }) {
  return (
    <dl className="pq-keys">
      {rows.map(([key, meaning]) => (
        <div key={key}>
          <dt>
            {key.split(' ').map((one) => (
              <Kbd key={one} size="xs">
                {one}
              </Kbd>
            ))}
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What the keyboard does in the console. */
export function KeyHelp({
  isAdmin,
  opened,
  onClose,
}: {
  isAdmin: boolean;
  opened: boolean;
  onClose: () => void;
}) {
  const reachable = places.filter(({ isOfAdmins }) => isAdmin || !isOfAdmins);
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" centered>
      <Keys rows={[...keys, ...reachable.map(({ letter, label }) => [`g ${letter}`, label] as const)]} />
    </Modal>
  );
}
