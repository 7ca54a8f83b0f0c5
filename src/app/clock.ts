/** The time of this machine; everything else is given a clock. */
export function systemClock(): Date {
  return new Date();
}
