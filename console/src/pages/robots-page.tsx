import { PageHead } from '../layout/page-head.tsx';
import { CreateButton } from '../parts/create-button.tsx';
import { EmptyNote } from '../parts/empty-note.tsx';
import { CreateRobot } from './robots/create-robot.tsx';
import { RobotList } from './robots/robot-list.tsx';

/** Accounts of machines that work in several namespaces, or in all. */
export function RobotsPage() {
  return (
    <>
      <PageHead
        title="Robots of the registry"
        actions={
          <CreateButton label="Create robot">
            {(dialog) => <CreateRobot home={null} {...dialog} />}
          </CreateButton>
        }
      />
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
    </>
  );
}
