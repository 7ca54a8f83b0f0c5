import { Group } from '@mantine/core';
import type { Namespace } from '../../api/answers.ts';
import { CreateButton } from '../../parts/create-button.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { CreateRobot } from '../robots/create-robot.tsx';
import { RobotList } from '../robots/robot-list.tsx';
import './policy.css';

/** Accounts of machines that may do something in this namespace. */
export function RobotsTab({ namespace: { name, role } }: { namespace: Namespace }) {
  return (
    <div className="pq-policy-main">
      {role === 'admin' && (
        <Group>
          <CreateButton label="Create robot">
            {(dialog) => <CreateRobot home={name} {...dialog} />}
          </CreateButton>
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
    </div>
  );
}
