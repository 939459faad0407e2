import { useState } from "react";
import type { ReactNode } from "react";
import type { PreviewAsked } from "@/lib/api-types";
import { usePreview } from "@/lib/queries";
import { Panel } from "./Panel";
import { PreviewResult } from "./PreviewResult";
import { Segments } from "./Segments";
import { Answer, Empty } from "./States";

const spans = [["24", "1 d"], ["168", "7 d"], ["720", "30 d"]] as const;

/** `asked` null: there is nothing to ask yet, and `children` says why. */
export function PreviewPanel({ title, hint, asked, children }: { title: string; hint?: ReactNode; asked: PreviewAsked | null; children?: ReactNode }) {
  const [hours, setHours] = useState<(typeof spans)[number][0]>("168");
  const preview = usePreview(asked, Number(hours));
  return (
    <Panel title={title} hint={preview.isFetching ? "working it out…" : hint} actions={<Segments label="Span of the preview" value={hours} options={spans} onChange={setHours} />}>
      {asked === null ? <Empty icon="search" title="Nothing to preview yet">{children}</Empty> : (
        <div aria-live="polite" aria-busy={preview.isFetching} className={preview.isPlaceholderData ? "stale" : undefined}>
          <Answer of={preview}>{(data) => <PreviewResult preview={data} />}</Answer>
        </div>
      )}
    </Panel>
  );
}
