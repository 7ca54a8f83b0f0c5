/** Logins of robots begin with this, names of users never do. */
export const robotLoginPrefix = 'robot.';

const robotNamePattern = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/;

/** A robot's own name holds no dot: the last dot of a login ends the namespace, whatever dots that has. */
export function isRobotName(text: string): boolean {
  return robotNamePattern.test(text);
}

/**
 * What a robot signs in with: `robot.<namespace>.<name>`, one of the registry `robot.<name>`. Letters, digits, `.`, `_`
 * and `-` only: nothing that a shell or a URL would take apart (pains.md 35).
 */
export function robotLoginOf(robot: { readonly name: string; readonly namespace?: string }): string {
  return robot.namespace === undefined
    ? `${robotLoginPrefix}${robot.name}`
    : `${robotLoginPrefix}${robot.namespace}.${robot.name}`;
}

/** The parts of a login; undefined when it is no robot's. */
export function parseRobotLogin(
  login: string,
): { readonly name: string; readonly namespace?: string } | undefined {
  if (!login.startsWith(robotLoginPrefix)) return undefined;
  const rest = login.slice(robotLoginPrefix.length);
  const dot = rest.lastIndexOf('.');
  const name = rest.slice(dot + 1);
  if (!isRobotName(name) || dot === 0) return undefined;
  return dot < 0 ? { name } : { name, namespace: rest.slice(0, dot) };
}
