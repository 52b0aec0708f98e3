import type { TwinDocument } from "../../engine/contract/document";
import type { TwinEvent, TwinFilter, TwinStore } from "../twin-store/store";

/** Events that may come while one page is read. Beyond that it is read anew. */
const maxHeld = 10_000;
/** Behind every id. */
const end = "\uffff";

export interface Replay {
  /** Tells the present state of every twin. While it does so already: of those that were told, too, once more. */
  begin(): void;
  /** Every event goes through here: what the present state is going to show is left out. */
  hear(event: TwinEvent): void;
}

export interface ReplayOptions {
  twins: Pick<TwinStore["twins"], "list">;
  filter: TwinFilter;
  /** Whoever listens has heard of twins before: a deletion is news then, whatever the page. */
  isKnown: boolean;
  /** Twins that are read at once. */
  pageSize: number;
  /** Resolves when there is room for that many events; false: no longer wanted. */
  room(events: number): Promise<boolean>;
  /** Tells the state of a twin as it is now. */
  present(document: TwinDocument): void;
  tell(event: TwinEvent): void;
  onError(error: unknown): void;
}

/**
 * The present state first and then the changes, twin by twin without gap or repeat, whatever the number of twins: pages, in order
 * of the ids, go on only as fast as there is room. A change of a twin whose page is still to come is left out, since the page will
 * show it; of one whose page is being read, the page's position tells whether it does. What begins while pages are told goes round:
 * on to the last and then from the first to where it was, so that no twin waits for ever.
 */
export function createReplay(options: ReplayOptions): Replay {
  const { twins, filter, pageSize, room, present, tell, onError } = options;
  let { isKnown } = options;
  let isRunning = false;
  /** The last page may begin the next replay. */
  let isLooping = false;
  /** Twins up to here were told in this round. */
  let cursor = "";
  /** The last twin of the page that is being told. */
  let pageEnd: string | undefined;
  /** Once round, the twins up to here are to be told. */
  let stop = "";
  let isRound = false;
  let held: TwinEvent[] | undefined;
  let tooMany = false;

  const isToCome = (id: string): boolean =>
    isRunning && (isRound ? id > cursor && id <= stop : id > cursor || id <= stop);
  const isNews = (event: TwinEvent): boolean => !isToCome(event.id) || isNewsAnyway(event);
  /** No page shows it. */
  const isNewsAnyway = ({ after }: TwinEvent): boolean => isKnown && !after;

  async function run(): Promise<void> {
    while (isRunning && (await room(pageSize))) {
      await tellPage();
      // The rest of the process gets its turn.
      await new Promise(setImmediate);
    }
    isLooping = false;
  }

  async function tellPage(): Promise<void> {
    tooMany = false;
    held = [];
    const page = await twins.list(filter, cursor, pageSize);
    const came = held;
    held = undefined;
    if (tooMany) return;
    const from = cursor;
    const last = page.cursor ?? end;
    const to = isRound && stop < last ? stop : last;
    const isShown = ({ id, position }: TwinEvent): boolean => id > from && id <= to && position <= page.position;
    pageEnd = to;
    // Deleted, and perhaps there again: that comes first.
    for (const event of came) if (isShown(event) && isNewsAnyway(event)) tell(event);
    for (const document of page.twins) if (document.id <= to) present(document);
    pageEnd = undefined;
    advance(to, last === end);
    for (const event of came) if (!isShown(event) && isNews(event)) tell(event);
  }

  function advance(to: string, isLast: boolean): void {
    cursor = to;
    if (isRound && to >= stop) isRunning = false;
    else if (isLast) {
      isRunning = stop !== "";
      isRound = true;
      cursor = "";
    }
    if (!isRunning) isKnown = true;
  }

  return {
    hear(event) {
      if (held) {
        if (held.length < maxHeld) held.push(event);
        else tooMany = true;
      } else if (isNews(event)) tell(event);
    },
    begin() {
      isRound = false;
      if (isRunning) {
        isKnown = true;
        stop = pageEnd ?? cursor;
        return;
      }
      isRunning = true;
      cursor = "";
      stop = "";
      if (isLooping) return;
      isLooping = true;
      run().catch((error: unknown) => {
        // Else every event would be left out from now on.
        isRunning = false;
        isLooping = false;
        held = undefined;
        onError(error);
      });
    },
  };
}
