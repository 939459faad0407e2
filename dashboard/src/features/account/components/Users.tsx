import type { FormEvent } from "react";
import { Panel } from "@/components/Panel";
import { ActionError, Answer } from "@/components/States";
import type { Role } from "@/lib/api-types";
import { dateTime } from "@/lib/format";
import { useSession } from "@/lib/session";
import { useDeleteUser, usePutUser, useUsers } from "../api/account";
import { DeleteButton } from "./DeleteButton";

function AddUser() {
  const put = usePutUser();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const user = { name: String(data.get("name")).trim(), password: String(data.get("password")), role: String(data.get("role")) as Role };
    put.mutate(user, { onSuccess: () => form.reset() });
  };
  return (
    <div className="stack">
      <form className="filters" onSubmit={submit}>
        <label className="field"><span>Name</span><input className="input" name="name" required maxLength={64} autoComplete="off" autoCapitalize="none" spellCheck={false} /></label>
        <label className="field"><span>Password</span><input className="input" name="password" type="password" required minLength={8} maxLength={256} autoComplete="new-password" placeholder="at least 8 characters" /></label>
        <label className="field"><span>Role</span><select className="input" name="role" defaultValue="viewer"><option value="viewer">viewer: reads</option><option value="admin">admin: changes</option></select></label>
        <button type="submit" className="button primary" disabled={put.isPending}>Add user</button>
      </form>
      <ActionError error={put.error} />
      {put.isSuccess && <p className="small muted" role="status">Saved.</p>}
    </div>
  );
}

export function Users() {
  const { me } = useSession();
  const users = useUsers();
  const remove = useDeleteUser();
  return (
    <Panel title="Users" flush>
      <div className="panel-body"><AddUser /></div>
      <Answer of={users} rows={3}>
        {(items) => (
          <div className="table-box">
            <table className="table">
              <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col" className="hide-phone">Created</th><th scope="col"><span className="visually-hidden">Delete</span></th></tr></thead>
              <tbody>
                {items.map((user) => (
                  <tr key={user.name}>
                    <td className="wrap strong">{user.name}{user.name === me.user && <span className="muted"> (you)</span>}</td>
                    <td><span className={user.role === "admin" ? "badge accent" : "badge"}>{user.role}</span></td>
                    <td className="soft hide-phone">{dateTime(user.created)}</td>
                    <td className="num">{user.name !== me.user && <DeleteButton what={`user ${user.name}`} busy={remove.isPending} onDelete={() => remove.mutate(user.name)} />}</td>
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
