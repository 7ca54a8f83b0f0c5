import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import type { Comparison, Image } from '../../api/answers.ts';
import { useImages } from '../../api/images.ts';
import { imageName } from '../../parts/image-name.ts';
import type { SearchState } from '../../parts/use-search-state.ts';

const offeredMax = 50;

type Named = Pick<Image, 'namespace' | 'repository' | 'tags' | 'digest'>;

function optionOf(id: number, image: Named) {
  return { value: String(id), label: imageName(image) };
}

/** What to search for among all images; undefined while nothing but the chosen one's name stands in the field. */
function soughtIn(text: string, chosen: string | undefined): string | undefined {
  // Lists of images are searched by names of repositories, tags or digests, each by itself.
  const [path = ''] = text.trim().split(':');
  return text.trim() === '' || text === chosen ? undefined : path;
}

/** Chooses what an image is compared with: another of its repository, or any that is called as somebody types. */
export function OtherImageChoice({
  image,
  chosen,
  state,
}: {
  image: Image;
  chosen?: Comparison['with'];
  state: SearchState;
}) {
  const current = chosen === undefined ? undefined : optionOf(chosen.imageId, chosen);
  const [text, setText] = useState(current?.label ?? '');
  const [typed] = useDebouncedValue(text, 250);
  const q = soughtIn(typed, current?.label);
  const { namespace, repository } = image;
  const found = useImages({ limit: offeredMax, ...(q === undefined ? { namespace, repository } : { q }) });
  const offered = (found.data?.items ?? []).filter(({ id, kind }) => id !== image.id && kind !== 'artifact');
  const options = offered.map((one) => optionOf(one.id, one));
  const isOffered = options.some(({ value }) => value === current?.value);
  return (
    <Select
      size="xs"
      w={280}
      searchable
      allowDeselect={false}
      aria-label="Compare with"
      placeholder="a name, tag or digest"
      leftSection={<span className="pq-dim">with</span>}
      leftSectionWidth={40}
      nothingFoundMessage="No other image is called so"
      data={current === undefined || isOffered ? options : [current, ...options]}
      value={current?.value ?? null}
      searchValue={text}
      onSearchChange={setText}
      filter={({ options }) => options}
      onChange={(value) => value !== null && state.set({ with: value })}
    />
  );
}
