import Type, { type Static } from 'typebox';
import { closed, component, Instant } from './component.ts';
import { pageQuery } from './page.ts';

export const Repository = component('Repository', {
  namespace: Type.String(),
  name: Type.String(),
  tagCount: Type.Integer(),
  imageCount: Type.Integer(),
  updatedAt: Instant,
});
export type Repository = Static<typeof Repository>;

export const RepositoryQuery = closed({
  ...pageQuery,
  namespace: Type.Optional(Type.String({ maxLength: 255 })),
  q: Type.Optional(Type.String({ maxLength: 255 })),
});

export const RepositoryTag = component('RepositoryTag', {
  name: Type.String(),
  imageId: Type.Integer(),
  digest: Type.String(),
  immutable: Type.Boolean(),
  updatedAt: Instant,
});
export type RepositoryTag = Static<typeof RepositoryTag>;

export const RepositoryTagQuery = closed({ ...pageQuery, repository: Type.String({ maxLength: 255 }) });

export const RepositoryDeleteQuery = closed({
  repository: Type.String({ maxLength: 255 }),
  force: Type.Optional(
    Type.Boolean({ description: 'Also delete immutable tags; for admins of the namespace' }),
  ),
});

export const TagDeleteQuery = closed({
  repository: Type.String({ maxLength: 255 }),
  tag: Type.String({ maxLength: 128 }),
});
