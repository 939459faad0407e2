/** What the scoreboard calls a detector that is no model. */
const others: Readonly<Record<string, string>> = {
  quarantine: "quarantine",
  none: "no model",
  other: "others",
};

export const detectorName = (model: string): string => others[model] ?? model;

const meanings: Readonly<Record<string, string>> = {
  quarantine: "messages that could not be read count as found",
  none: "records that no model judged",
  other: "beyond the number that is told apart",
};

export const detectorMeaning = (model: string): string | undefined => meanings[model];
