import { expect, test } from 'vitest';
import { DatabaseBusyError } from '../database/is-unavailable.ts';
import { answerOfError } from './errors.ts';

const timeout = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });

test.each([
  ['took too long', timeout, /ask for less/],
  ['found no place', new DatabaseBusyError(5_000), /too many others/],
  ['lost the database', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), /try again/],
])('a request that %s is told what to do (F10)', (_, error, expected) => {
  const { status, headers, body } = answerOfError(error, 'r1');
  expect({ status, code: body.error.code }).toEqual({ status: 503, code: 'unavailable' });
  expect(headers['retry-after']).toBe('5');
  expect(body.error.message).toMatch(expected);
});
