import { score as scoreText } from "@/lib/format";

const share = (value: number) => `${Math.min(100, Math.max(0, value * 100))}%`;

/** Scores are in [0, 1], higher is stranger; the notch is the threshold. */
export function ScoreBar({ score, threshold }: { score: number; threshold?: number }) {
  const over = threshold === undefined || score >= threshold;
  const says = threshold === undefined ? "" : `, threshold ${scoreText(threshold)}`;
  return (
    <span className="score" title={`Score ${scoreText(score)}${says}`}>
      <span className={over ? "score-bar over" : "score-bar"} aria-hidden="true">
        <i style={{ width: share(score) }} />
        {threshold !== undefined && <b style={{ left: share(threshold) }} />}
      </span>
      <span className={over ? "score-value alarm" : "score-value"}>
        {scoreText(score)}
        {says && <span className="visually-hidden">{says}</span>}
      </span>
    </span>
  );
}
