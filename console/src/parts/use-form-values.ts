import { useState } from 'react';

/** The values of a form: what they are, changing some of them, and back to the first ones. */
export function useFormValues<Values extends object>(first: Values) {
  const [values, setValues] = useState(first);
  return {
    values,
    set: (change: Partial<Values>) => setValues((current) => ({ ...current, ...change })),
    clear: () => setValues(first),
  };
}
