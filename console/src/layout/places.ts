import {
  IconBell,
  IconBug,
  IconDatabase,
  IconFolders,
  IconGauge,
  IconHistory,
  IconKey,
  IconRobot,
  IconStack2,
  IconUsers,
} from '@tabler/icons-react';

/** Where one can go from everywhere; `letter`, after `g`, goes there. */
export const places = [
  { to: '/', label: 'Overview', letter: 'o', Icon: IconGauge, isOfAdmins: false },
  { to: '/images', label: 'Images', letter: 'i', Icon: IconStack2, isOfAdmins: false },
  { to: '/vulnerabilities', label: 'Vulnerabilities', letter: 'v', Icon: IconBug, isOfAdmins: false },
  { to: '/namespaces', label: 'Namespaces', letter: 'n', Icon: IconFolders, isOfAdmins: false },
  { to: '/advisories', label: 'Advisories', letter: 'a', Icon: IconDatabase, isOfAdmins: false },
  { to: '/tokens', label: 'Access tokens', letter: 't', Icon: IconKey, isOfAdmins: false },
  { to: '/users', label: 'Users', letter: 'u', Icon: IconUsers, isOfAdmins: true },
  { to: '/robots', label: 'Robots', letter: 'r', Icon: IconRobot, isOfAdmins: true },
  { to: '/webhooks', label: 'Notifications', letter: 'm', Icon: IconBell, isOfAdmins: true },
  { to: '/events', label: 'Audit log', letter: 'l', Icon: IconHistory, isOfAdmins: true },
] as const;
