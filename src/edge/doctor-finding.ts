/** What one step of an examination found. `advice` names the setting or the thing to change. */
export interface DoctorFinding {
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  readonly advice?: string;
}

export function ok(check: string, message: string): DoctorFinding {
  return { check, result: 'ok', message };
}

export function warning(check: string, message: string, advice: string): DoctorFinding {
  return { check, result: 'warning', message, advice };
}

export function failed(check: string, message: string, advice: string): DoctorFinding {
  return { check, result: 'failed', message, advice };
}

export function skipped(check: string, message: string): DoctorFinding {
  return { check, result: 'skipped', message };
}
