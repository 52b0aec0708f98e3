/** How regularly a property stands in the samples of its twin. */
export interface Habit {
  /** Samples of the present period that spoke of it, be it to say that there is no reading. */
  spoke: number;
  /** The same, since habits were last learned. */
  spokeSince: number;
  /** Whether it has its place in every sample, so that one without it misses it. */
  isRegular: boolean;
  /** Periods in which it was not spoken of, one after the other. */
  silent: number;
}

export const newHabit = (): Habit => ({ spoke: 0, spokeSince: 0, isRegular: false, silent: 0 });

/** Samples of a twin from which the habits of its properties are learned: a sample or two would make all of them regular. */
const leastSamples = 20;
/** Share of the samples that a regular property stands in. */
const leastShare = 0.9;
/** Periods after which a property that is not spoken of any more is forgotten: a day, where a period is a minute. */
const longestSilence = 1440;

/**
 * How often the property should have come in this period. A device that sends each property in a message of its own, or only
 * what has changed, is not to blame for what its samples leave out: of such a property only that is expected which was spoken of.
 */
export const expectationOf = ({ isRegular, spoke }: Habit, samples: number): number =>
  isRegular ? samples : Math.min(spoke, samples);

/**
 * Ends a period of that many samples: once there were enough of them, learns which properties are regular. Whatever once was
 * stays so, for that it is missing is what is to be seen, until it has been silent for {@link longestSilence} periods.
 *
 * @param since samples since habits were last learned; returns the new value
 */
export function relearn(properties: Map<string, Habit>, samples: number, since: number): number {
  const all = since + samples;
  const isEnough = all >= leastSamples;
  for (const [property, habit] of properties) {
    habit.spokeSince += habit.spoke;
    habit.silent = habit.spoke > 0 ? 0 : habit.silent + 1;
    habit.spoke = 0;
    if (isEnough) {
      habit.isRegular ||= habit.spokeSince >= leastShare * all;
      habit.spokeSince = 0;
    }
    if (habit.silent > longestSilence) properties.delete(property);
  }
  return isEnough ? 0 : all;
}
