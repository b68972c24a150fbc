// A list that comes in pages.

interface AnyPage {
  items: unknown[];
  next?: string | null;
}

/**
 * A list: its items by `for await`, its pages by {@link Listing.pages}. Nothing is asked for before; each iteration begins anew.
 */
export class Listing<Item, Page extends AnyPage> implements AsyncIterable<Item> {
  readonly #page: (after: string | undefined) => Promise<Page>;

  /** @internal */
  constructor(page: (after: string | undefined) => Promise<Page>) {
    this.#page = page;
  }

  /** The first page. */
  page(): Promise<Page> {
    return this.#page(undefined);
  }

  /** All pages, one after the other. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    let after: string | undefined;
    do {
      const page = await this.#page(after);
      yield page;
      after = page.next ?? undefined;
    } while (after !== undefined);
  }

  /** All items of all pages. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* page.items as Item[];
  }

  /** All items of all pages, in memory. */
  async all(): Promise<Item[]> {
    const items: Item[] = [];
    for await (const item of this) items.push(item);
    return items;
  }
}
