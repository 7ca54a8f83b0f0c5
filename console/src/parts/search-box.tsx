import { Kbd, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { isTyping } from './is-typing.ts';
import type { SearchState } from './use-search-state.ts';

/** A search field that `/` focuses; what is typed stands in the address after a short pause. */
export function SearchBox({
  state,
  param = 'q',
  label,
  placeholder,
}: {
  state: SearchState;
  /** The parameter of the address. */
  param?: string;
  label: string;
  placeholder: string;
}) {
  const value = state.get(param) ?? '';
  const { set } = state;
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const text = typed.trim() === '' ? undefined : typed;
    const timer = setTimeout(() => set({ [param]: text }, { replace: true }), 250);
    return () => clearTimeout(timer);
  }, [typed, value, param, set]);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', focus);
    return () => document.removeEventListener('keydown', focus);
  }, []);
  return (
    <TextInput
      ref={input}
      type="search"
      size="xs"
      w={260}
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={14} />}
      rightSection={<Kbd size="xs">/</Kbd>}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
    />
  );
}
