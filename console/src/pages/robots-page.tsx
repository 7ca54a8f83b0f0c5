import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { PageHead } from '../layout/page-head.tsx';
import { EmptyNote } from '../parts/empty-note.tsx';
import { CreateRobot } from './robots/create-robot.tsx';
import { RobotList } from './robots/robot-list.tsx';

/** Accounts of machines that work in several namespaces, or in all. */
export function RobotsPage() {
  const [creating, setCreating] = useState(false);
  const create = (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
      Create robot
    </Button>
  );
  return (
    <>
      <PageHead title="Robots of the registry" actions={create} />
      <RobotList
        home={null}
        mayChange={() => true}
        empty={
          <EmptyNote title="No robots of the registry yet">
            They work in several namespaces, or in every one, such as a mirror or a scanner. A robot for one
            namespace is made in that namespace.
          </EmptyNote>
        }
      />
      <CreateRobot home={null} opened={creating} onClose={() => setCreating(false)} />
    </>
  );
}
