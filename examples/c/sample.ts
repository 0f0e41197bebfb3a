// What examples/c/typescript.c hands to the TypeScript compiler: types in, JavaScript out.

export enum Priority {
  Low = 1,
  Normal,
  High = 10,
}

export interface Task<Result = void> {
  readonly name: string;
  priority?: Priority;
  run(signal: Signal): Promise<Result>;
}

interface Signal {
  readonly aborted: boolean;
}

type Outcome<T> =
  | { status: "done"; name: string; value: T }
  | { status: "failed"; name: string; reason: Error };

abstract class Queue<T extends { priority?: Priority }> {
  #items: T[] = [];

  constructor(protected readonly limit: number = 4) {}

  push(...items: T[]): this {
    this.#items.push(...items);
    this.#items.sort((a, b) => (b.priority ?? Priority.Normal) - (a.priority ?? Priority.Normal));
    return this;
  }

  protected *take(): Generator<T, void, undefined> {
    while (this.#items.length > 0) yield this.#items.shift()!;
  }

  abstract drain(): AsyncIterable<unknown>;
}

export class TaskQueue<Result> extends Queue<Task<Result>> {
  private signal: { aborted: boolean } = { aborted: false };

  override async *drain(): AsyncGenerator<Outcome<Result>> {
    for (const batch of chunks([...this.take()], this.limit)) {
      yield* await Promise.all(batch.map((task) => this.attempt(task)));
    }
  }

  private async attempt({ name, run }: Task<Result>): Promise<Outcome<Result>> {
    try {
      return { status: "done", name, value: await run(this.signal) };
    } catch (error: unknown) {
      const reason = error instanceof Error ? error : new Error(String(error));
      return { status: "failed", name, reason } satisfies Outcome<Result>;
    }
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}

const isDone = <T>(outcome: Outcome<T>): outcome is Extract<Outcome<T>, { status: "done" }> =>
  outcome.status === "done";

export async function sum(queue: TaskQueue<number>): Promise<number> {
  let total = 0;
  for await (const outcome of queue.drain()) {
    if (isDone(outcome)) total += outcome.value;
    else console.warn(`${outcome.name}: ${outcome.reason.message}`);
  }
  return total;
}
