import { useState } from "react";
import type { FormEvent } from "react";
import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Panel";
import { ActionError, Answer, Empty } from "@/components/States";
import type { NewToken } from "@/lib/api-types";
import { dateTime } from "@/lib/format";
import { useCreateToken, useDeleteToken, useTokens } from "../api/account";
import { DeleteButton } from "./DeleteButton";

function Secret({ made }: { made: NewToken }) {
  const [copied, setCopied] = useState(false);
  // Without TLS on another host browsers keep the clipboard shut: the text can still be selected.
  const copy = () => void navigator.clipboard?.writeText(made.token).then(() => setCopied(true), () => undefined);
  return (
    <div className="stack tight" role="status">
      <p>Copy the secret of <b>{made.name}</b> now. It is not stored and cannot be shown again.</p>
      <div className="secret">
        <code>{made.token}</code>
        <button type="button" className="button small" onClick={copy}><Icon name={copied ? "check" : "copy"} size={13} /> {copied ? "Copied" : "Copy"}</button>
      </div>
    </div>
  );
}

function CreateToken() {
  const create = useCreateToken();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    create.mutate({ name: String(data.get("name")).trim(), days: Number(data.get("days")) }, { onSuccess: () => form.reset() });
  };
  return (
    <div className="stack">
      <form className="filters" onSubmit={submit}>
        <label className="field"><span>Name</span><input className="input" name="name" required maxLength={64} placeholder="grafana" autoComplete="off" /></label>
        <label className="field"><span>Valid for</span>
          <select className="input" name="days" defaultValue="90"><option value="7">7 days</option><option value="30">30 days</option><option value="90">90 days</option><option value="365">365 days</option></select>
        </label>
        <button type="submit" className="button primary" disabled={create.isPending}>Create token</button>
      </form>
      <ActionError error={create.error} />
      {create.data && <Secret key={create.data.token} made={create.data} />}
    </div>
  );
}

export function Tokens() {
  const tokens = useTokens();
  const remove = useDeleteToken();
  return (
    <Panel title="API tokens" hint={<>sent as <code>Authorization: Bearer …</code></>} flush>
      <div className="panel-body"><CreateToken /></div>
      <Answer of={tokens} rows={3}>
        {(items) => items.length === 0 ? <Empty icon="account" title="No tokens">Create one for a script that reads the API in your name.</Empty> : (
          <div className="table-box">
            <table className="table">
              <thead><tr><th scope="col">Name</th><th scope="col" className="hide-phone">Created</th><th scope="col">Expires</th><th scope="col"><span className="visually-hidden">Delete</span></th></tr></thead>
              <tbody>
                {items.map((token) => (
                  <tr key={token.name}>
                    <td className="wrap strong">{token.name}</td>
                    <td className="soft hide-phone">{dateTime(token.created)}</td>
                    <td className="soft">{dateTime(token.expires)}</td>
                    <td className="num"><DeleteButton what={`token ${token.name}`} busy={remove.isPending} onDelete={() => remove.mutate(token.name)} /></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Answer>
      {remove.isError && <div className="panel-body"><ActionError error={remove.error} /></div>}
    </Panel>
  );
}
