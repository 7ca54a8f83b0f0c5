import { Button, Group } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import type { Namespace } from '../../api/answers.ts';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { CreateRobot } from '../robots/create-robot.tsx';
import { RobotList } from '../robots/robot-list.tsx';
import './policy.css';

/** Accounts of machines that may do something in this namespace. */
export function RobotsTab({ namespace: { name, role } }: { namespace: Namespace }) {
  const [creating, setCreating] = useState(false);
  return (
    <div className="pq-policy-main">
      {role === 'admin' && (
        <Group>
          <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
            Create robot
          </Button>
        </Group>
      )}
      <RobotList
        home={name}
        mayChange={(robot) => role === 'admin' && robot.namespace !== null}
        empty={
          <EmptyNote title="No robots yet">
            Robots are accounts of machines, such as a CI: they sign in with secrets that can be rotated.
          </EmptyNote>
        }
      />
      <CreateRobot home={name} opened={creating} onClose={() => setCreating(false)} />
    </div>
  );
}
