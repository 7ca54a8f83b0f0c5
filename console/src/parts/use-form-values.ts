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

/** The same for a form over the page: closing it forgets what was typed and what was made. */
export function useDialogValues<Values extends object>(
  first: Values,
  { create, onClose }: { create: { reset: () => void }; onClose: () => void },
) {
  const { values, set, clear } = useFormValues(first);
  const close = () => {
    create.reset();
    clear();
    onClose();
  };
  return { values, set, close };
}
