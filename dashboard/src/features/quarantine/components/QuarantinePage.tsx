import { More } from "@/components/More";
import { PageHead, Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Quarantined } from "@/lib/api-types";
import { ago, bytes, count, dateTime, printable } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { useStatus } from "@/lib/queries";
import { useQuarantine } from "../api/quarantine";

function Message({ message, now }: { message: Quarantined; now: number }) {
  return (
    <li className="quarantine-item">
      <div className="row wrapping">
        <span className="badge caution">{message.code}</span>
        <span className="mono small soft wrap grow">{printable(message.place)}</span>
        <span className="small muted" title={dateTime(message.received)}>{ago(message.received, now)}</span>
      </div>
      <p className="wrap">{printable(message.reason)}</p>
      <details>
        <summary>Payload, {bytes(message.payload_bytes)}{message.payload.length < message.payload_bytes && message.payload_bytes > 4096 ? ", its beginning" : ""}</summary>
        <pre className="payload" tabIndex={0}>{message.payload === "" ? "(empty)" : printable(message.payload)}</pre>
      </details>
    </li>
  );
}

export function QuarantinePage() {
  const messages = useQuarantine();
  const ever = useStatus().data?.store.quarantined;
  const now = useNow();
  return (
    <>
      <PageHead title="Quarantine" lead="Messages that could not be read, kept with the reason. Nothing is dropped in silence." />
      <Panel title="Refused messages" flush hint={ever === undefined ? undefined : `${count(ever)} ever, newest first`}>
        <Answer of={messages} rows={8}>
          {(data) => {
            const items = data.pages.flatMap((page) => page.items);
            return items.length > 0 ? (
              <ul>{items.map((message, i) => <Message key={`${message.received} ${message.place} ${i}`} message={message} now={now} />)}</ul>
            ) : (
              <Empty icon="quarantine" title="Quarantine is empty">Every message so far could be read. One that cannot, such as broken JSON or a missing timestamp, will be kept here with its reason.</Empty>
            );
          }}
        </Answer>
        <More of={messages} />
      </Panel>
    </>
  );
}
