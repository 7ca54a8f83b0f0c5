import Type, { type TSchema } from 'typebox';
import { closed } from './component.ts';

export const pageLimitMax = 200;
export const pageLimitDefault = 50;

/** Query parameters of every list. A cursor is only good for the filters and the sort that it came from. */
export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: pageLimitMax, default: pageLimitDefault })),
  cursor: Type.Optional(Type.String({ maxLength: 1024 })),
};

export const PageQuery = closed(pageQuery);

/**
 * One page of a list: `total` counts all that match (above 1,000 it may be a minute old), `nextCursor` is null on the last
 * page. A page of a filter that has to be worked out may hold fewer items than `limit`, even none, though others follow.
 */
export function page<Item extends TSchema>(item: Item) {
  return closed({
    items: Type.Array(item),
    nextCursor: Type.Union([Type.String(), Type.Null()]),
    total: Type.Integer({ minimum: 0 }),
    totalIsEstimate: Type.Optional(
      Type.Boolean({
        description:
          'True: the total stands for more images than could be judged, or there are more events, or finds of a search, than were counted',
      }),
    ),
    totalIsMinimum: Type.Optional(
      Type.Boolean({
        description:
          'True: there are, or may be, more than the total. Events and finds of a search are counted up to 10,000, finds of a text that most tags bear not even so far',
      }),
    ),
  });
}
