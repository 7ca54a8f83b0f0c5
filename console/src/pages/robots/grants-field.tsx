import { Autocomplete, Button, Group, NativeSelect, Stack } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { RobotGrant } from '../../api/answers.ts';
import { useNamespaces } from '../../api/namespaces.ts';
import { oneOf } from '../../parts/use-search-state.ts';
import { everyNamespace, permissionOptions, permissions } from './robot-permissions.ts';

const everywhere = 'Every namespace';

/** Permissions of a robot of the registry: in namespaces by name, or in every one. */
export function GrantsField({
  grants,
  onChange,
}: {
  grants: readonly RobotGrant[];
  onChange: (grants: readonly RobotGrant[]) => void;
}) {
  const namespaces = useNamespaces({ limit: 200 });
  const names = namespaces.data?.items.map(({ name }) => name) ?? [];
  const change = (at: number, grant: Partial<RobotGrant>) =>
    onChange(grants.map((one, index) => (index === at ? { ...one, ...grant } : one)));
  // Rows have no other name than their place.
  const rows = grants.map((grant, index) => ({ index, grant }));
  return (
    <Stack gap="xs" role="group" aria-label="Permissions">
      {rows.map(({ index, grant }) => (
        <Group key={index} gap="xs" align="flex-end" wrap="nowrap">
          <Autocomplete
            label={index === 0 ? 'In' : undefined}
            aria-label={`Namespace ${index + 1}`}
            placeholder="Namespace"
            flex={1}
            required
            withAsterisk={false}
            data={[everywhere, ...names]}
            value={grant.namespace === everyNamespace ? everywhere : grant.namespace}
            onChange={(text) =>
              change(index, { namespace: text === everywhere ? everyNamespace : text.trim() })
            }
          />
          <NativeSelect
            label={index === 0 ? 'It may' : undefined}
            aria-label={`Permission ${index + 1}`}
            data={[...permissionOptions]}
            value={grant.permission}
            onChange={(event) =>
              change(index, { permission: oneOf(event.currentTarget.value, permissions) ?? 'pull' })
            }
          />
          <Button
            variant="default"
            size="sm"
            aria-label={`Take permission ${index + 1} away`}
            onClick={() => onChange(grants.filter((_, at) => at !== index))}
          >
            ×
          </Button>
        </Group>
      ))}
      <Group>
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<IconPlus size={12} />}
          onClick={() => onChange([...grants, { namespace: '', permission: 'pull' }])}
        >
          Add a namespace
        </Button>
      </Group>
    </Stack>
  );
}
